// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command evenkeel-webhook is the admission server of Evenkeel: one mutating
// webhook for pods. What it does is in package app below and in webhooks/.
package main

import (
	"os"

	"github.com/evenkeel/evenkeel/cmd/evenkeel-webhook/app"
)

func main() {
	os.Exit(app.Main(os.Args[1:], os.Stdout, os.Stderr))
}
