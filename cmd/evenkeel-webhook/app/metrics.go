// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of the process; those of the requests are in webhooks/pod.
type metrics struct {
	reloads    *prometheus.CounterVec
	lastReload prometheus.Gauge
	config     *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer, certNotAfter func() time.Time) *metrics {
	m := &metrics{
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_webhook_config_reloads_total",
			Help: "Changes of the configuration file by result: applied, or refused because it is wrong.",
		}, []string{"result"}),
		lastReload: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "evenkeel_webhook_config_last_reload_successful",
			Help: "1 if the configuration file is in force, 0 if it was refused and the last good one is.",
		}),
		config: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "evenkeel_webhook_config_info",
			Help: "1 for the hash of the configuration in force, as pods carry it in evenkeel.io/status.",
		}, []string{"hash"}),
	}
	cert := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "evenkeel_webhook_cert_not_after_seconds",
		Help: "When the serving certificate ends, in seconds since 1970; 0 if there is none.",
	}, func() float64 {
		if t := certNotAfter(); !t.IsZero() {
			return float64(t.Unix())
		}
		return 0
	})
	reg.MustRegister(m.reloads, m.lastReload, m.config, cert)
	// Both exist from the start, so that an increase from 0 can be seen.
	m.reloads.WithLabelValues("applied")
	m.reloads.WithLabelValues("refused")
	return m
}

func (m *metrics) configInForce(hash string) {
	m.config.Reset()
	m.config.WithLabelValues(hash).Set(1)
	m.lastReload.Set(1)
}

func (m *metrics) configReloaded(applied bool) {
	if applied {
		m.reloads.WithLabelValues("applied").Inc()
		return
	}
	m.reloads.WithLabelValues("refused").Inc()
	m.lastReload.Set(0)
}
