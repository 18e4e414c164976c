// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package configfile is the configuration file of a daemon: it is loaded at the
// start and again when it has changed, and the last good one stays in force when a
// new one is refused. When to look at the file is for the daemon to say.
package configfile

import (
	"bytes"
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"
)

// Configuration is what a file comes to.
type Configuration interface {
	// Hash tells configurations apart.
	Hash() string
}

// File is a configuration file and what was last read of it. It is not safe for
// concurrent use.
type File[C Configuration] struct {
	// Path of the file.
	Path string
	// Parse reads the content of the file. Its error is one sentence that names the
	// file and what is wrong with it.
	Parse func(path string, content []byte) (C, error)
	// Apply puts a good configuration into force.
	Apply func(C)
	// Metrics tell of the file.
	Metrics *Metrics

	content []byte
}

// Load reads the file and puts it into force. The error is one sentence that names
// the file and what is wrong with it.
func (f *File[C]) Load() error {
	content, err := os.ReadFile(f.Path)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	// A file that was refused is not refused again before it changes.
	f.content = content
	cfg, err := f.Parse(f.Path, content)
	if err != nil {
		return err
	}
	f.Apply(cfg)
	f.Metrics.InForce.Reset()
	f.Metrics.InForce.WithLabelValues(cfg.Hash()).Set(1)
	f.Metrics.LastReload.Set(1)
	return nil
}

// Reload loads the file if its content has changed, and says what came of it.
func (f *File[C]) Reload(logger klog.Logger) {
	content, err := os.ReadFile(f.Path)
	switch {
	case err == nil && bytes.Equal(content, f.content):
		return
	case err == nil:
		err = f.Load()
	case f.content == nil:
		// Said once; until the file is back there is nothing new to say.
		return
	default:
		f.content = nil
	}
	if err != nil {
		f.Metrics.Reloads.WithLabelValues(refused).Inc()
		f.Metrics.LastReload.Set(0)
		logger.Error(err, "Refused the changed configuration; the last good one stays in force")
		return
	}
	f.Metrics.Reloads.WithLabelValues(applied).Inc()
	logger.Info("The changed configuration is in force")
}

// The results of a reload.
const (
	applied = "applied"
	refused = "refused"
)

// Metrics tell of a file. Their names are the daemon's.
type Metrics struct {
	// Reloads are the changes of the file by result: applied, or refused because it
	// is wrong.
	Reloads *prometheus.CounterVec
	// LastReload is 1 if the file is in force, and 0 if it was refused and the last
	// good one is.
	LastReload prometheus.Gauge
	// InForce is 1 for the hash of the configuration in force.
	InForce *prometheus.GaugeVec
}

// Register registers the metrics.
func (m *Metrics) Register(reg prometheus.Registerer) {
	reg.MustRegister(m.Reloads, m.LastReload, m.InForce)
	// Both exist from the start, so that an increase from 0 can be seen.
	m.Reloads.WithLabelValues(applied)
	m.Reloads.WithLabelValues(refused)
}
