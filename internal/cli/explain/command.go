// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/standin"
)

// Values of -o.
const (
	outputTable = "table"
	outputYAML  = "yaml"
	outputJSON  = "json"
)

// options are the flags.
type options struct {
	files   []string
	output  string
	cluster standin.Options
	live    liveOptions
}

// NewCommand returns the verb.
func NewCommand() *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "explain (-f FILE | POD)",
		Short: "Say what admission does to a pod, and why",
		Long: `Say, container by container, what admission makes of a pod and why: the limits
that it goes by, the budget of the heap, which adds up to the memory limit, the
flags and where they go, the agents, the pid limit, the rule about the token with
its evidence, the limit of disk, and what is left alone for which reason.

With -f, the pods and the pod templates of a file are explained without a
cluster, as evenkeel render would change them. What only a cluster knows, such as
LimitRanges and the rights that RBAC gives, is named as not known where it
matters.

With POD, a pod of the cluster is explained by the record that the webhook left
on it. Where --config names a configuration, or the record is of the shipped one,
the budget is shown too, and what would be done today if that differs.

Exit code 0: explained, even if admission would refuse the pod. 1: the cluster
could not be asked, or the result not be written. 2: something in the input is
wrong; then nothing is on standard output.`,
		Example: `  # What will happen to these pods?
  evenkeel explain -f deployment.yaml

  # And with the chart, under the configuration of your cluster?
  helm template shop ./chart | evenkeel explain -f - --config admission.yaml

  # What was done to this pod, and what would a new configuration change?
  evenkeel explain cart-7d9c5f6b8-x2x4z -n shop --config new.yaml`,
		Args: func(_ *cobra.Command, args []string) error { return o.check(args) },
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd, o, args) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.files, "filename", "f", nil,
		"read `FILE`, or the .yaml, .yml and .json files of a folder, or - for standard input; may be given several times")
	o.cluster.AddFlags(f)
	f.StringVarP(&o.cluster.Namespace, "namespace", "n", "",
		"`NAMESPACE` of POD, or of the objects of a file that name none (default the one of the kubeconfig's context, and for files default)")
	f.StringVar(&o.live.kubeconfig, "kubeconfig", "", "with POD: `FILE` that says how to reach the cluster (default $KUBECONFIG, then ~/.kube/config)")
	f.StringVar(&o.live.context, "context", "", "with POD: `NAME` of the context of the kubeconfig (default its current one)")
	f.StringVarP(&o.output, "output", "o", outputTable, "`FORMAT`: table, yaml or json")
	return cmd
}

// check checks the arguments beside the files.
func (o *options) check(args []string) error {
	switch {
	case len(args) > 1:
		return exit.Badf("unexpected argument %q; one pod is explained at a time", args[1])
	case len(args) == 1 && len(o.files) > 0:
		return exit.Badf("-f names files and %q a pod of a cluster; use one or the other", args[0])
	case len(args) == 0 && len(o.files) == 0:
		return exit.Badf("nothing to explain; name a file with -f FILE, -f - for standard input, or a pod of the cluster")
	}
	return nil
}

func run(cmd *cobra.Command, o *options, args []string) error {
	if !slices.Contains([]string{outputTable, outputYAML, outputJSON}, o.output) {
		return exit.Badf("-o %q is not known; use table, yaml or json", o.output)
	}
	document, err := o.explain(cmd, args)
	if err != nil {
		return err
	}
	out, err := format(o.output, document)
	if err != nil {
		return err
	}
	if _, err := cmd.OutOrStdout().Write(out); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// explain explains the pod of the arguments, or those of the files.
func (o *options) explain(cmd *cobra.Command, args []string) (*Document, error) {
	changed := cmd.Flags().Changed
	if len(args) == 0 {
		if changed("kubeconfig") || changed("context") {
			return nil, exit.Badf("-f reads files and --kubeconfig and --context name a cluster; use one or the other")
		}
		o.cluster.Labelled = changed("namespace-labels")
		if !changed("namespace") {
			o.cluster.Namespace = "default"
		}
		return explainFiles(cmd.Context(), o.files, cmd.InOrStdin(), &o.cluster)
	}
	for _, flag := range []string{"namespace-labels", "kubernetes-version"} {
		if changed(flag) {
			return nil, exit.Badf("--%s stands in for a cluster beside -f; of a pod of a cluster it is asked there", flag)
		}
	}
	if changed("namespace") {
		if err := standin.CheckNamespace(o.cluster.Namespace); err != nil {
			return nil, exit.Bad(err)
		}
	}
	o.live.pod, o.live.namespace, o.live.config = args[0], o.cluster.Namespace, o.cluster.Config
	return explainLive(cmd.Context(), &o.live)
}

func format(output string, d *Document) ([]byte, error) {
	switch output {
	case outputYAML:
		out, err := yaml.Marshal(d)
		if err != nil {
			return nil, fmt.Errorf("writing YAML: %w", err)
		}
		return out, nil
	case outputJSON:
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(d); err != nil {
			return nil, fmt.Errorf("writing JSON: %w", err)
		}
		return out.Bytes(), nil
	default:
		return formatTable(d), nil
	}
}
