// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/input"
	"github.com/evenkeel/evenkeel/internal/cli/standin"
	"github.com/evenkeel/evenkeel/webhooks"
)

// options are the flags.
type options struct {
	files   []string
	output  string
	quiet   bool
	cluster standin.Options
}

// NewCommand returns the verb.
func NewCommand() *cobra.Command { return newCommand(webhooks.NewChain) }

func newCommand(chain standin.NewChain) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "render -f FILE",
		Short: "Show what admission would do to the pods in a file",
		Long: `Show what the admission webhook would do to the pods of a file, without a
cluster: the same mutators run over every Pod, Deployment, StatefulSet,
DaemonSet, ReplicaSet, ReplicationController, Job and CronJob, in lists too.

The result goes to standard output and the report to standard error. What no
feature changes passes through byte for byte; where something changes, comments,
order and layout stay as they are.

The webhook looks at a pod's namespace. Here it is metadata.namespace of the
object, else --namespace, and its labels are evenkeel.io/injection=enabled and
kubernetes.io/metadata.name; --namespace-labels replaces the former. What only a
cluster knows is not there: LimitRange defaults, the mounts of the
ServiceAccount's token, other webhooks.

Exit code 0: done. 1: the result could not be written. 2: something in the input
is wrong, or admission would refuse a pod; then nothing is on standard output.`,
		Example: `  # See what would change
  evenkeel render -f deployment.yaml -o diff

  # Between a chart and the cluster
  helm template shop ./chart | evenkeel render -f - | kubectl apply -f -

  # With the configuration of your cluster, in a namespace with these labels
  evenkeel render -f pods/ --config admission.yaml --namespace-labels evenkeel.io/injection=enabled,tier=gold`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Badf("unexpected argument %q; name files with -f, such as -f %s", args[0], args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd, o, chain) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.files, "filename", "f", nil,
		"read `FILE`, or the .yaml, .yml and .json files of a folder, or - for standard input; may be given several times")
	o.cluster.AddFlags(f)
	f.StringVarP(&o.output, "output", "o", outputYAML, "`FORMAT`: yaml, json (one object, or a List of all) or diff (a unified diff)")
	f.StringVarP(&o.cluster.Namespace, "namespace", "n", "default", "`NAMESPACE` of the objects that name none")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no report on standard error, only warnings and errors")
	return cmd
}

func run(cmd *cobra.Command, o *options, chain standin.NewChain) error {
	if !validOutput(o.output) {
		return exit.Badf("-o %q is not known; use yaml, json or diff", o.output)
	}
	o.cluster.Labelled = cmd.Flags().Changed("namespace-labels")
	cluster, err := standin.New(&o.cluster, chain)
	if err != nil {
		return exit.Bad(err)
	}
	sources, err := input.Read(cmd.Context(), o.files, cmd.InOrStdin())
	if err != nil {
		return err
	}
	// Nothing is written before everything is known to be right.
	files, err := renderAll(cluster, sources)
	if err != nil {
		return err
	}
	out, err := format(o.output, files)
	if err != nil {
		return err
	}
	if _, err := cmd.OutOrStdout().Write(out); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	var report bytes.Buffer
	writeReport(&report, cluster, files, o.quiet)
	if _, err := cmd.ErrOrStderr().Write(report.Bytes()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
