// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

// maxSeries bounds how many containers are told by name: a node runs 110 pods by
// default and seldom more than 500 containers.
const maxSeries = 1000

// Containers tells of every container of the node by its name. It is for an
// endpoint of its own, so that a cluster chooses whether to store a series for
// each container.
type Containers struct {
	plugin *Plugin

	wanted, effective, omitted *prometheus.Desc
}

// NewContainers returns the collector for a plugin's containers.
func NewContainers(p *Plugin) *Containers {
	return &Containers{
		plugin: p,
		wanted: prometheus.NewDesc("evenkeel_node_container_pids_wanted",
			"The pid limit that is wanted for a container, with the reason for what it has; +Inf if none is wanted.", []string{"namespace", "pod", "container", "reason"}, nil),
		effective: prometheus.NewDesc("evenkeel_node_container_pids_effective",
			"The pid limit that a container has, as the container runtime says; +Inf if it has none.", []string{"namespace", "pod", "container"}, nil),
		omitted: prometheus.NewDesc("evenkeel_node_containers_omitted",
			"Containers that are not told by name, because there are too many.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *Containers) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.wanted
	ch <- c.effective
	ch <- c.omitted
}

// Collect implements prometheus.Collector.
func (c *Containers) Collect(ch chan<- prometheus.Metric) {
	list := c.plugin.records.list()
	shown := list[:min(len(list), maxSeries)]
	for _, r := range shown {
		ch <- prometheus.MustNewConstMetric(c.wanted, prometheus.GaugeValue, limitValue(r.wanted), r.namespace, r.pod, r.container, string(r.reason))
		ch <- prometheus.MustNewConstMetric(c.effective, prometheus.GaugeValue, limitValue(r.effective), r.namespace, r.pod, r.container)
	}
	ch <- prometheus.MustNewConstMetric(c.omitted, prometheus.GaugeValue, float64(len(list)-len(shown)))
}

// limitValue is a limit as a metric's value; none is no bound.
func limitValue(pids int64) float64 {
	if pids == 0 {
		return math.Inf(1)
	}
	return float64(pids)
}
