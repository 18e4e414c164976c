// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/playground/objects"
	"github.com/evenkeel/evenkeel/internal/datacentre"
	"github.com/evenkeel/evenkeel/manifests"
)

// Formats of --output.
const (
	outputTable = "table"
	outputJSON  = "json"
)

// options are the flags.
type options struct {
	spec            datacentre.Spec
	files           []string
	config          string
	schedulerConfig string
	output          string
	once            bool
	timeout         time.Duration
	dir             string
	keep            bool
	binDir          string
}

func newOptions() *options {
	return &options{spec: datacentre.Default(), output: outputTable, timeout: 5 * time.Minute}
}

func (o *options) addFlags(flags *pflag.FlagSet) {
	flags.SortFlags = false
	o.spec.AddFlags(flags)
	flags.StringArrayVarP(&o.files, "filename", "f", o.files,
		"file or folder with the objects to apply instead of the examples; - reads the standard input; may be repeated")
	flags.StringVar(&o.config, "config", o.config, "AdmissionConfiguration of the webhook (default: the shipped one)")
	flags.StringVar(&o.schedulerConfig, "scheduler-config", o.schedulerConfig, "KubeSchedulerConfiguration of the scheduler (default: the shipped one)")
	flags.BoolVar(&o.once, "once", o.once, "end when the result is printed, instead of staying up")
	flags.StringVarP(&o.output, "output", "o", o.output, "format of the result: table or json")
	flags.DurationVar(&o.timeout, "timeout", o.timeout, "how long the pods may take until all of them run")
	flags.StringVar(&o.dir, "dir", o.dir, "run directory for logs, keys and kubeconfigs, empty or new; never removed (default: a temporary one)")
	flags.BoolVar(&o.keep, "keep", o.keep, "keep the temporary run directory; it is kept anyway when something failed")
	flags.StringVar(&o.binDir, "bin-dir", o.binDir, "folder of the programs of the control plane, built there if missing (default: beside this program, or bin of the checkout)")
}

// flagError says what a flag takes that cannot be read. The flags' library has the
// words of the parsers of Go.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	flag, value := invalid.GetFlag(), invalid.GetValue()
	switch flag.Value.Type() {
	case "int":
		return fmt.Errorf("--%s must be a whole number, not %q", flag.Name, value)
	case "duration":
		return fmt.Errorf("--%s must be a duration such as 90s or 5m, not %q", flag.Name, value)
	case "bool":
		return fmt.Errorf("--%s must be true or false, not %q", flag.Name, value)
	}
	return err
}

// plan is what the flags and the files that they name come to: all that can be
// wrong with them is found before anything is started.
type plan struct {
	options
	nodes     []*corev1.Node
	objects   []objects.Object
	admission admissionFile
	scheduler schedulerFile
}

// admissionFile is the configuration of the webhook, as written and as read.
type admissionFile struct {
	name    string
	content []byte
	config  *v1alpha1.AdmissionConfiguration
}

// plan checks the flags and reads the files. Its errors carry the exit code
// for bad input.
func (o *options) plan(stdin io.Reader) (*plan, error) {
	p := &plan{options: *o}
	for _, step := range []func() error{
		p.checkFlags,
		func() error { return p.readObjects(stdin) },
		p.readAdmission,
		p.readScheduler,
	} {
		if err := step(); err != nil {
			return nil, exit.Bad(err)
		}
	}
	return p, nil
}

func (p *plan) checkFlags() error {
	switch {
	case p.output != outputTable && p.output != outputJSON:
		return fmt.Errorf("--output must be %s or %s, not %q", outputTable, outputJSON, p.output)
	case p.timeout <= 0:
		return fmt.Errorf("--timeout must be more than 0, not %s", p.timeout)
	}
	if err := checkRunDir(p.dir); err != nil {
		return err
	}
	if p.binDir != "" {
		// It may be missing: it is then made.
		if info, err := os.Stat(p.binDir); err == nil && !info.IsDir() {
			return fmt.Errorf("--bin-dir %s is not a folder", p.binDir)
		}
	}
	nodes, err := datacentre.Layout(p.spec)
	if err != nil {
		return errors.New(strings.Join(strings.Split(err.Error(), "\n"), "; "))
	}
	p.nodes = nodes
	return nil
}

// checkRunDir refuses early what the control plane would refuse after its
// programs are built.
func checkRunDir(dir string) error {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--dir %s cannot be used: %w: name an empty folder or a new one", dir, cause(err))
	case len(entries) > 0:
		return fmt.Errorf("--dir %s is not empty: name an empty folder or a new one", dir)
	}
	return nil
}

func (p *plan) readObjects(stdin io.Reader) (err error) {
	if len(p.files) == 0 {
		p.objects, err = objects.ReadFS(manifests.FS, "examples")
		return err
	}
	p.objects, err = objects.Read(p.files, stdin)
	if err != nil {
		return fmt.Errorf("-f %w", err)
	}
	return nil
}

func (p *plan) readAdmission() (err error) {
	p.admission = admissionFile{name: "the shipped AdmissionConfiguration", content: manifests.AdmissionConfiguration}
	if p.config != "" {
		p.admission.name = p.config
		if p.admission.content, err = os.ReadFile(p.config); err != nil {
			return fmt.Errorf("--config %s cannot be read: %w", p.config, cause(err))
		}
	}
	p.admission.config, err = v1alpha1.LoadAdmissionConfiguration(p.admission.name, p.admission.content)
	if err != nil && p.config != "" {
		return fmt.Errorf("--config %w", err)
	}
	return err
}

func (p *plan) readScheduler() (err error) {
	name, content := "the shipped KubeSchedulerConfiguration", manifests.SchedulerConfiguration
	if p.schedulerConfig != "" {
		name = "--scheduler-config " + p.schedulerConfig
		if content, err = os.ReadFile(p.schedulerConfig); err != nil {
			return fmt.Errorf("%s cannot be read: %w", name, cause(err))
		}
	}
	p.scheduler, err = parseSchedulerConfiguration(name, content)
	return err
}

// cause leaves out what an error of the os package repeats of the path.
func cause(err error) error {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
