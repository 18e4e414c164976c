// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel/evenkeel/internal/configfile"
)

// newMetrics registers the metrics of the process, and returns those of its
// configuration; those of the requests are in webhooks/pod.
func newMetrics(reg prometheus.Registerer, certNotAfter func() time.Time) *configfile.Metrics {
	m := &configfile.Metrics{
		Reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_webhook_config_reloads_total",
			Help: "Changes of the configuration file by result: applied, or refused because it is wrong.",
		}, []string{"result"}),
		LastReload: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "evenkeel_webhook_config_last_reload_successful",
			Help: "1 if the configuration file is in force, 0 if it was refused and the last good one is.",
		}),
		InForce: prometheus.NewGaugeVec(prometheus.GaugeOpts{
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
	reg.MustRegister(cert)
	m.Register(reg)
	return m
}
