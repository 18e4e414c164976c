// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli is the root of the command line: the list of verbs, and how an
// error of any of them becomes one sentence and an exit code. Each verb is a
// package of its own below it.
package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/explain"
	"github.com/evenkeel/evenkeel/internal/cli/playground"
	"github.com/evenkeel/evenkeel/internal/cli/render"
	"github.com/evenkeel/evenkeel/internal/cli/trim"
	"github.com/evenkeel/evenkeel/internal/cli/version"
)

// verbs returns the verbs. This is the only list of them.
func verbs() []*cobra.Command {
	return []*cobra.Command{
		explain.NewCommand(),
		playground.NewCommand(),
		render.NewCommand(),
		trim.NewCommand(),
		version.NewCommand(),
	}
}

// pluginPrefix is how kubectl finds its plugins: `kubectl evenkeel` runs
// kubectl-evenkeel.
const pluginPrefix = "kubectl-"

// Run runs the command line and returns the exit code. args[0] is the name under
// which the program was started.
func Run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := NewRoot(filepath.Base(args[0]))
	root.SetArgs(args[1:])
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		// A terminal that has gone cannot be told.
		_, _ = fmt.Fprintf(errOut, "%s: %v\n", cmd.CommandPath(), err)
	}
	return exit.CodeOf(err)
}

// NewRoot returns the command above all verbs, as it is when it is started under
// the name program. It is exported for the pages that are made of it.
func NewRoot(program string) *cobra.Command {
	program = strings.TrimSuffix(program, ".exe")
	name := "evenkeel"
	if rest, ok := strings.CutPrefix(program, pluginPrefix); ok {
		name = "kubectl " + rest
	}
	root := &cobra.Command{
		Use:         "evenkeel",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: name},
		Short:       "Keep a fleet of JVM services on Kubernetes on an even keel",
		Long: `Keep a fleet of JVM services on Kubernetes on an even keel: pods that enter with
a heap that fits their limit, with the agents they asked for, with a pid limit
and without a token they don't need, and replicas that land on different
physical hosts, racks and rooms.`,
		// One sentence instead of the usage, from Run.
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		DisableFlagsInUseLine:      true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.Badf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(verbs()...)
	root.SetHelpCommand(newHelp())
	root.InitDefaultCompletionCmd()
	complain(root)
	return root
}

// noSuchVerb is how a command that only has others below it checks what is left
// of its arguments.
func noSuchVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return exit.Badf("there is no command %q; did you mean %q?", args[0], near[0])
	}
	return exit.Badf("there is no command %q; see %s --help", args[0], cmd.CommandPath())
}

// complain makes every command refuse wrong arguments with the exit code for bad
// input. Cobra's own way is to print the help of a command that has others below
// it, whatever is asked of it.
func complain(cmd *cobra.Command) {
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = noSuchVerb
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	} else if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error { return asBad(check(cmd, args)) }
	}
	for _, c := range cmd.Commands() {
		complain(c)
	}
}

func asBad(err error) error {
	if err == nil || exit.CodeOf(err) != exit.Failure {
		return err
	}
	return exit.Bad(err)
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Print the help of a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || found == cmd.Root() && len(rest) > 0 {
				return noSuchVerb(cmd.Root(), args)
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}
