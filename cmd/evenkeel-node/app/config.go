// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/configfile"
)

// rereadEvery is how often the file is looked at. The kubelet brings a changed
// ConfigMap within a minute or two; watching the folder would gain nothing.
const rereadEvery = 15 * time.Second

type configFile = configfile.File[*v1alpha1.NodeConfiguration]

func newConfigMetrics(reg prometheus.Registerer) *configfile.Metrics {
	m := &configfile.Metrics{
		Reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_node_config_reloads_total",
			Help: "Changes of the configuration file by result: applied, or refused because it is wrong.",
		}, []string{"result"}),
		LastReload: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "evenkeel_node_config_last_reload_successful",
			Help: "1 if the configuration file is in force, 0 if it was refused and the last good one is.",
		}),
		InForce: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "evenkeel_node_config_info",
			Help: "1 for the hash of the configuration in force.",
		}, []string{"hash"}),
	}
	m.Register(reg)
	return m
}

// watch looks at the file until the context ends.
func watch(ctx context.Context, file *configFile, every time.Duration) error {
	logger := klog.FromContext(ctx).WithValues("file", file.Path)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			file.Reload(logger)
		}
	}
}
