// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command evenkeel-scheduler is kube-scheduler with the plugins of Evenkeel. It
// takes every flag of kube-scheduler and, with --config, a
// KubeSchedulerConfiguration; manifests/base/scheduler/config.yaml is the one
// that is shipped.
package main

import (
	"os"

	"github.com/evenkeel/evenkeel/cmd/evenkeel-scheduler/app"
)

func main() {
	os.Exit(app.Main())
}
