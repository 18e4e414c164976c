// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel/evenkeel/plugins/node/pids"
)

// Results of changing a running container.
const (
	resultChanged = "changed"
	resultFailed  = "failed"
	resultCannot  = "cannot"
	resultLeft    = "left"
)

// Metrics counts what the plugin does. Every label here is of a fixed set; what is
// told of each container by its name is in Containers.
type Metrics struct {
	connected   prometheus.Gauge
	connections prometheus.Counter
	runtime     *prometheus.GaugeVec
	decisions   *prometheus.CounterVec
	updates     *prometheus.CounterVec
	containers  *prometheus.GaugeVec
	duration    *prometheus.HistogramVec

	registry prometheus.Registerer
}

// NewMetrics registers the plugin's metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		connected: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "evenkeel_node_connected",
			Help: "1 if the daemon is connected to the container runtime and knows its containers, 0 if containers start without it.",
		}),
		connections: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "evenkeel_node_connections_total",
			Help: "Connections to the container runtime. More than one means that the runtime was started again, or has closed the connection to a daemon that was too slow.",
		}),
		runtime: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "evenkeel_node_runtime_info",
			Help: "1 for the container runtime, by what it says of itself.",
		}, []string{"runtime", "version"}),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_node_pids_decisions_total",
			Help: "Containers that were created, by the reason for their pid limit.",
		}, []string{"reason"}),
		updates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_node_pids_updates_total",
			Help: "Running containers without the pid limit that is wanted, by what became of them: changed, failed (the runtime refused), cannot (the runtime has no way to), left (the configuration leaves them alone).",
		}, []string{"result"}),
		containers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "evenkeel_node_pids_containers",
			Help: "Containers of the node by what has become of their pid limit: as_wanted, differs (another limit than wanted), missing (none, and one is wanted), unlimited (none is wanted).",
		}, []string{"state"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "evenkeel_node_request_duration_seconds",
			Help:    "Time that the daemon takes to answer the container runtime, by request.",
			Buckets: []float64{.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .01, .1, 1},
		}, []string{"request"}),
		registry: reg,
	}
	reg.MustRegister(m.connected, m.connections, m.runtime, m.decisions, m.updates, m.duration)
	// They exist from the start, so that an increase from 0 can be seen.
	for _, reason := range pids.Reasons {
		m.decisions.WithLabelValues(string(reason))
	}
	for _, result := range []string{resultChanged, resultFailed, resultCannot, resultLeft} {
		m.updates.WithLabelValues(result)
	}
	return m
}

// watch counts the plugin's containers whenever the metrics are read.
func (m *Metrics) watch(p *Plugin) {
	m.registry.MustRegister(&stateCollector{gauge: m.containers, records: p.records})
}

func (m *Metrics) took(request string, begin time.Time) {
	m.duration.WithLabelValues(request).Observe(time.Since(begin).Seconds())
}

func (m *Metrics) decided(reason pids.Reason) { m.decisions.WithLabelValues(string(reason)).Inc() }

func (m *Metrics) updated(result string) { m.updates.WithLabelValues(result).Inc() }

func (m *Metrics) runtimeIs(name, version string) {
	m.runtime.Reset()
	m.runtime.WithLabelValues(name, version).Set(1)
}

// stateCollector fills a gauge from the records when it is read.
type stateCollector struct {
	gauge   *prometheus.GaugeVec
	records *records
}

// Describe implements prometheus.Collector.
func (c *stateCollector) Describe(ch chan<- *prometheus.Desc) { c.gauge.Describe(ch) }

// Collect implements prometheus.Collector.
func (c *stateCollector) Collect(ch chan<- prometheus.Metric) {
	counts := map[string]int{"as_wanted": 0, "differs": 0, "missing": 0, "unlimited": 0}
	for _, r := range c.records.list() {
		counts[r.state()]++
	}
	for state, n := range counts {
		c.gauge.WithLabelValues(state).Set(float64(n))
	}
	c.gauge.Collect(ch)
}

func (r *record) state() string {
	switch {
	case r.wanted == 0 && r.effective == 0:
		return "unlimited"
	case r.asWanted():
		return "as_wanted"
	case r.effective == 0:
		return "missing"
	}
	return "differs"
}
