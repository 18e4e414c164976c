// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package trim is the verb `evenkeel trim`: it says which plugins of the default
// profile a cluster can make use of, and which configuration of the scheduler
// follows. What is decided, and why, is package internal/trim's.
//
// Here live the flags, the two ways to the objects of a cluster (its API server
// and a dump) and the outputs.
package trim

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/trim"
	"github.com/evenkeel/evenkeel/manifests"
)

// options are the flags.
type options struct {
	files      []string
	listed     []string
	kubeconfig string
	context    string
	output     string
}

// NewCommand returns the verb.
func NewCommand() *cobra.Command { return newCommand(manifests.SchedulerConfiguration) }

// newCommand returns the verb with the configuration that is trimmed.
func newCommand(shipped []byte) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "trim [-f FILE]",
		Short: "Say which scheduler plugins a cluster can make use of",
		Long: `Say which plugins of the default scheduling profile the pods and nodes of a
cluster can make use of, what each costs, and which KubeSchedulerConfiguration
follows.

A plugin that can keep a pod off a node, or that must act before a pod is bound,
is never dropped. What only ranks nodes may go when nothing in the cluster asks
for it; where the evidence is missing, it is kept.

The objects come from the API server that the kubeconfig names, or from a dump
with -f. Nothing is written to the cluster. In a dump, a kind of which there is
no object may just not have been asked for: it counts as missing, unless --listed
names it.

With -o yaml, the configuration goes to standard output and nothing else does:
it is the shipped one of evenkeel-scheduler with what this cluster changes.

Exit code 0: done. 1: the cluster could not be asked, or the result not be
written. 2: something in the input is wrong.`,
		Example: `  # The cluster of the current context
  evenkeel trim

  # A dump, made elsewhere
  kubectl get nodes,pods,svc,pvc,pv,sc,deploy,rs,sts,ds,jobs,cronjobs,rc,priorityclasses,deviceclasses,resourceclaims,resourceclaimtemplates \
    -A -o json > dump.json
  evenkeel trim -f dump.json --listed pvc,sc,deviceclasses,resourceclaims,resourceclaimtemplates

  # The configuration that follows
  evenkeel trim -o yaml > scheduler-config.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Badf("unexpected argument %q; name a dump with -f, such as -f %s", args[0], args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd, o, shipped) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.files, "filename", "f", nil,
		"read the objects from `FILE`, YAML or JSON as kubectl get prints it, or - for standard input; may be given several times")
	f.StringSliceVar(&o.listed, "listed", nil, "with -f: `KINDS` of which the dump has all objects, even if it has none, such as pvc,sc")
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "`FILE` that says how to reach the cluster (default $KUBECONFIG, then ~/.kube/config)")
	f.StringVar(&o.context, "context", "", "`NAME` of the context of the kubeconfig (default its current one)")
	f.StringVarP(&o.output, "output", "o", outputTable, "`FORMAT`: table, yaml (the configuration) or json (everything)")
	return cmd
}

func run(cmd *cobra.Command, o *options, shipped []byte) error {
	if !slices.Contains([]string{outputTable, outputYAML, outputJSON}, o.output) {
		return exit.Badf("-o %q is not known; use table, yaml or json", o.output)
	}
	inventory, source, err := o.read(cmd.Context(), cmd.InOrStdin())
	if err != nil {
		return err
	}
	out, err := result(o.output, inventory, source, shipped)
	if err != nil {
		return err
	}
	if _, err := cmd.OutOrStdout().Write(out); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// read takes the inventory of the cluster or the dump that the flags name, and
// returns what that is called.
func (o *options) read(ctx context.Context, stdin io.Reader) (*trim.Inventory, string, error) {
	if len(o.files) == 0 {
		if len(o.listed) > 0 {
			return nil, "", exit.Badf("--listed says something of a dump; name it with -f")
		}
		return readCluster(ctx, o.kubeconfig, o.context)
	}
	if o.kubeconfig != "" || o.context != "" {
		return nil, "", exit.Badf("-f reads a dump and --kubeconfig and --context name a cluster; use one or the other")
	}
	inventory, err := readDump(ctx, o.files, stdin)
	if err != nil {
		return nil, "", err
	}
	for _, name := range o.listed {
		kind, ok := trim.FindResource(strings.TrimSpace(name))
		if !ok {
			return nil, "", exit.Badf("--listed: %q is not a kind that is looked at; use %s", name, resources())
		}
		inventory.Cover(kind)
	}
	return inventory, sourceName(o.files), nil
}

// resources returns the names of all kinds that are looked at.
func resources() string {
	var out []string
	for _, k := range trim.Kinds {
		out = append(out, k.Resource)
	}
	return strings.Join(out, ", ")
}

// result analyses and formats.
func result(output string, inventory *trim.Inventory, source string, text []byte) ([]byte, error) {
	shipped, err := trim.ParseShipped(text)
	if err != nil {
		return nil, err
	}
	report := trim.Analyse(inventory, shipped)
	changes := report.Changes(shipped)
	configuration, err := trim.Configuration(shipped, source, changes)
	if err != nil {
		return nil, err
	}
	switch output {
	case outputYAML:
		return configuration, nil
	case outputJSON:
		return formatJSON(source, report, changes, configuration)
	default:
		return formatTable(source, report, changes), nil
	}
}
