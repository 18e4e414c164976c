// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command evenkeel-scheduler is kube-scheduler with the plugins of Evenkeel. It
// takes every flag of kube-scheduler and, with --config, a
// KubeSchedulerConfiguration; manifests/base/scheduler/config.yaml is the one
// that is shipped.
package main

import (
	"fmt"
	"os"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // for --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // for the metrics of client-go
	_ "k8s.io/component-base/metrics/prometheus/version"  // for the metric kubernetes_build_info

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
)

func main() {
	if err := configscheme.Install(); err != nil {
		fmt.Fprintf(os.Stderr, "Error: registering the plugin arguments: %v\n", err)
		os.Exit(1)
	}
	os.Exit(cli.Run(newCommand()))
}
