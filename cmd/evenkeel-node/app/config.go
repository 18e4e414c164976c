// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

// rereadEvery is how often the file is looked at. The kubelet brings a changed
// ConfigMap within a minute or two; watching the folder would gain nothing.
const rereadEvery = 15 * time.Second

// configFile is the configuration file and what was last read of it.
type configFile struct {
	path string
	// apply puts a good configuration into force.
	apply   func(*v1alpha1.NodeConfiguration)
	metrics *configMetrics
	content []byte
}

// configMetrics tells of the configuration.
type configMetrics struct {
	reloads    *prometheus.CounterVec
	lastReload prometheus.Gauge
	config     *prometheus.GaugeVec
}

func newConfigMetrics(reg prometheus.Registerer) *configMetrics {
	m := &configMetrics{
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "evenkeel_node_config_reloads_total",
			Help: "Changes of the configuration file by result: applied, or refused because it is wrong.",
		}, []string{"result"}),
		lastReload: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "evenkeel_node_config_last_reload_successful",
			Help: "1 if the configuration file is in force, 0 if it was refused and the last good one is.",
		}),
		config: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "evenkeel_node_config_info",
			Help: "1 for the hash of the configuration in force.",
		}, []string{"hash"}),
	}
	reg.MustRegister(m.reloads, m.lastReload, m.config)
	// Both exist from the start, so that an increase from 0 can be seen.
	m.reloads.WithLabelValues("applied")
	m.reloads.WithLabelValues("refused")
	return m
}

// load reads the file and puts it into force. The error is one sentence that
// names the file and what is wrong with it.
func (c *configFile) load() error {
	content, err := os.ReadFile(c.path)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	// A file that was refused is not refused again before it changes.
	c.content = content
	cfg, err := v1alpha1.LoadNodeConfiguration(c.path, content)
	if err != nil {
		return err
	}
	c.apply(cfg)
	c.metrics.config.Reset()
	c.metrics.config.WithLabelValues(cfg.Hash()).Set(1)
	c.metrics.lastReload.Set(1)
	return nil
}

// watch looks at the file until the context ends.
func (c *configFile) watch(ctx context.Context, every time.Duration) error {
	logger := klog.FromContext(ctx).WithValues("file", c.path)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			c.reload(logger)
		}
	}
}

// reload loads the file if its content has changed. The last good configuration
// stays in force when the new one is refused.
func (c *configFile) reload(logger klog.Logger) {
	content, err := os.ReadFile(c.path)
	switch {
	case err == nil && bytes.Equal(content, c.content):
		return
	case err == nil:
		err = c.load()
	case c.content == nil:
		// Said once; until the file is back there is nothing new to say.
		return
	default:
		c.content = nil
	}
	if err != nil {
		c.metrics.reloads.WithLabelValues("refused").Inc()
		c.metrics.lastReload.Set(0)
		logger.Error(err, "Refused the changed configuration; the last good one stays in force")
		return
	}
	c.metrics.reloads.WithLabelValues("applied").Inc()
	logger.Info("The changed configuration is in force for containers that are created from now on")
}
