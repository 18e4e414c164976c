// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Metrics counts what the handler does. Every label is of a fixed set: features,
// outcomes and reason codes, never a name or a value of a user's.
type Metrics struct {
	requests   *prometheus.CounterVec
	features   *prometheus.CounterVec
	containers *prometheus.CounterVec
	patchBytes prometheus.Histogram
	duration   *prometheus.HistogramVec
}

// NewMetrics registers the handler's metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_webhook_requests_total",
			Help: "Admission requests by outcome (patched, unchanged, advised, ignored, denied, failed) and, where there is one, the reason code.",
		}, []string{"outcome", "reason"}),
		features: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_webhook_features_total",
			Help: "Pods by feature, outcome of the feature (done, skipped, observed, failed) and reason code.",
		}, []string{"feature", "outcome", "reason"}),
		containers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_webhook_containers_total",
			Help: "Containers by feature, outcome of the feature for the container and reason code.",
		}, []string{"feature", "outcome", "reason"}),
		patchBytes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "evenkeel_webhook_patch_bytes",
			Help:    "Size of the patches that were answered.",
			Buckets: prometheus.ExponentialBuckets(256, 2, 8),
		}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "evenkeel_webhook_request_duration_seconds",
			Help:    "Time from the decoded request to the answer, by outcome.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .5, 1},
		}, []string{"outcome"}),
	}
	reg.MustRegister(m.requests, m.features, m.containers, m.patchBytes, m.duration)
	return m
}

// observe counts one answer.
func (m *Metrics) observe(a *answer, took time.Duration) {
	m.requests.WithLabelValues(a.outcome, string(a.code)).Inc()
	m.duration.WithLabelValues(a.outcome).Observe(took.Seconds())
	if len(a.patch) > 0 {
		m.patchBytes.Observe(float64(len(a.patch)))
	}
	for _, f := range a.features {
		m.count(m.features, f.Name, f.Report.Pod)
		for _, r := range f.Report.Containers {
			m.count(m.containers, f.Name, r)
		}
	}
}

func (m *Metrics) count(vec *prometheus.CounterVec, feature string, r mutate.Result) {
	vec.WithLabelValues(feature, string(r.Outcome), string(r.Code)).Inc()
}
