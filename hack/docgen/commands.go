// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/evenkeel/evenkeel/internal/cli"
)

// commands adds a page for each command of the command line. It is written here
// and not by cobra/doc, which needs two more modules for its manual pages.
func commands(pages map[string]string) {
	root := cli.NewRoot("evenkeel")
	var add func(cmd *cobra.Command)
	add = func(cmd *cobra.Command) {
		pages["cli/"+commandFile(cmd)] = commandPage(cmd)
		for _, c := range subcommands(cmd) {
			add(c)
		}
	}
	add(root)
}

func commandFile(cmd *cobra.Command) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", "_") + ".md"
}

// subcommands returns the commands that the help of cmd lists, without help
// itself.
func subcommands(cmd *cobra.Command) []*cobra.Command {
	var out []*cobra.Command
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			out = append(out, c)
		}
	}
	return out
}

func commandPage(cmd *cobra.Command) string {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	var out strings.Builder
	fmt.Fprintf(&out, "# %s\n\n%s.\n", cmd.CommandPath(), strings.TrimSuffix(cmd.Short, "."))
	block := func(text string) { fmt.Fprintf(&out, "\n```text\n%s\n```\n", trimLines(text)) }
	block(cmd.UseLine())
	if cmd.Long != "" {
		// As it stands in --help: there its lines and indents mean something.
		block(cmd.Long)
	}
	if cmd.Example != "" {
		out.WriteString("\n## Examples\n")
		block(cmd.Example)
	}
	if flags := cmd.NonInheritedFlags(); flags.HasAvailableFlags() {
		out.WriteString("\n## Flags\n")
		block(flags.FlagUsages())
	}
	if flags := cmd.InheritedFlags(); flags.HasAvailableFlags() {
		out.WriteString("\n## Flags of every command\n")
		block(flags.FlagUsages())
	}
	if list := subcommands(cmd); len(list) > 0 {
		out.WriteString("\n## Commands\n\n")
		for _, c := range list {
			fmt.Fprintf(&out, "- [%s](%s): %s\n", c.CommandPath(), commandFile(c), c.Short)
		}
	}
	if p := cmd.Parent(); p != nil {
		fmt.Fprintf(&out, "\nPart of [%s](%s).\n", p.CommandPath(), commandFile(p))
	}
	return out.String()
}

// trimLines takes the white space from the ends of lines, and empty lines from
// both ends of the text.
func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
