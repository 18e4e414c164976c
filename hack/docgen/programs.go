// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/pflag"

	node "github.com/evenkeel/evenkeel/cmd/evenkeel-node/app"
	"github.com/evenkeel/evenkeel/cmd/evenkeel-scheduler/app/flags"
	webhook "github.com/evenkeel/evenkeel/cmd/evenkeel-webhook/app"
)

// programs adds a page for each program that runs in a cluster. That of the scheduler
// has what kube-scheduler's documentation does not.
func programs(pages map[string]string) {
	pages["programs/evenkeel-node.md"] = commandPage(node.NewCommand())
	pages["programs/evenkeel-webhook.md"] = commandPage(webhook.NewCommand())

	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&flags.Options{}).AddTo(own)
	pages["programs/evenkeel-scheduler.md"] = "# evenkeel-scheduler\n\nThe scheduler of Evenkeel. It takes every flag of\n" +
		"[kube-scheduler](https://kubernetes.io/docs/reference/command-line-tools-reference/kube-scheduler/), and one more:\n\n" +
		"```text\n" + trimLines(own.FlagUsages()) + "\n```\n\n" +
		"`evenkeel-scheduler --help` lists all of them. Which plugins run is said in the file that `--config` names.\n"
}
