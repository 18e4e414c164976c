// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package playground is the verb `evenkeel playground`: a real control plane, the
// real webhook and scheduler, a simulated data centre and some Java services in
// it, and what each pod got and where it went.
//
// The control plane is the work of package controlplane, the nodes that of
// package datacentre; package objects reads and applies what users write, and
// package report finds the facts and prints them. Here they are put together.
package playground

import (
	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
)

const long = `Starts a real Kubernetes control plane on this machine, without containers and
without root: etcd, kube-apiserver, kube-controller-manager, evenkeel-webhook and
evenkeel-scheduler. KWOK plays the kubelets of a simulated data centre. Then it
applies the examples, or the objects of --filename, waits until every pod runs, and
prints two tables: where the replicas of each workload lie, and what each pod got.

It stays up until Ctrl-C, for kubectl; with --once it ends at once.

The programs of the control plane are built from source when they are missing,
which takes some minutes, unless KUBEBUILDER_ASSETS names a folder with them.

Exit status: 0 when all is well, 1 when something failed, a pod stayed pending or
a mutation is missing, 2 when a flag or a file is wrong, 130 when it was
interrupted before there was a result.`

const examples = `  # the examples, in a data centre of 60 hosts
  evenkeel playground

  # your own services, on 5,000 nodes
  evenkeel playground -f deploy/ --zones 5 --racks-per-zone 25 --hosts-per-rack 40

  # for a script: one JSON document, and an exit status
  evenkeel playground --once -o json`

// NewCommand returns the verb. The first end of its context ends everything in
// order; a process that is killed leaves the control plane to its watchdog.
func NewCommand() *cobra.Command {
	o := newOptions()
	cmd := &cobra.Command{
		Use:     "playground",
		Short:   "Show on a simulated data centre what each pod gets and where it goes",
		Long:    long,
		Example: examples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Badf("unexpected argument %q: files are given with -f", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := o.plan(cmd.InOrStdin())
			if err != nil {
				return err
			}
			return plan.run(cmd.Context(), streams{out: cmd.OutOrStdout(), err: cmd.ErrOrStderr()})
		},
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.Badf("%w; see %s --help", flagError(err), cmd.CommandPath())
	})
	o.addFlags(cmd.Flags())
	return cmd
}
