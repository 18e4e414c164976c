// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command evenkeel-node is the node daemon of Evenkeel: an NRI plugin of the
// container runtime. What it does is in package app below and in plugins/node.
package main

import (
	"os"

	"github.com/evenkeel/evenkeel/cmd/evenkeel-node/app"
)

func main() {
	os.Exit(app.Main(os.Args[1:], os.Stdout, os.Stderr))
}
