// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package configfile_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/configfile"
)

const head = "apiVersion: config.evenkeel.io/v1alpha1\nkind: NodeConfiguration\n"

// TestFileReloads changes a file in all ways and looks at what is in force and what
// is told of it.
func TestFileReloads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	var ceilings []int64
	metrics := newMetrics()
	file := &configfile.File[*v1alpha1.NodeConfiguration]{Path: path, Parse: v1alpha1.LoadNodeConfiguration, Metrics: metrics,
		Apply: func(cfg *v1alpha1.NodeConfiguration) { ceilings = append(ceilings, *cfg.Pids.Ceiling) }}
	write := func(content string) func() {
		return func() {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	write(head + "pids: {ceiling: 1000}\n")()
	if err := file.Load(); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		do                        func()
		applied, refused, success float64
	}{
		{do: func() {}, success: 1},
		{do: write(head + "pids: {ceiling: 2000}\n"), applied: 1, success: 1},
		{do: write(head + "pids: {ceiling: 1}\n"), applied: 1, refused: 1},
		// What was refused is not refused again before it changes.
		{do: func() {}, applied: 1, refused: 1},
		{do: remove, applied: 1, refused: 2},
		{do: func() {}, applied: 1, refused: 2},
		{do: write(head + "pids: {ceiling: 3000}\n"), applied: 2, refused: 2, success: 1},
		{do: write("["), applied: 2, refused: 3},
		{do: func() {}, applied: 2, refused: 3},
		{do: remove, applied: 2, refused: 4},
		{do: write(head + "pids: {ceiling: 3000}\n"), applied: 3, refused: 4, success: 1},
		{do: write("{"), applied: 3, refused: 5},
	} {
		step.do()
		file.Reload(klog.FromContext(t.Context()))
		for name, got := range map[string][2]float64{
			"applied": {testutil.ToFloat64(metrics.Reloads.WithLabelValues("applied")), step.applied},
			"refused": {testutil.ToFloat64(metrics.Reloads.WithLabelValues("refused")), step.refused},
			"success": {testutil.ToFloat64(metrics.LastReload), step.success},
		} {
			if got[0] != got[1] {
				t.Errorf("step %d: %s is %v, want %v", i, name, got[0], got[1])
			}
		}
	}
	if want := []int64{1000, 2000, 3000, 3000}; !slices.Equal(ceilings, want) {
		t.Errorf("in force were %v, want %v", ceilings, want)
	}
	if n := testutil.CollectAndCount(metrics.InForce); n != 1 {
		t.Errorf("%d hashes are said to be in force, want 1", n)
	}
}

func newMetrics() *configfile.Metrics {
	m := &configfile.Metrics{
		Reloads:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "reloads"}, []string{"result"}),
		LastReload: prometheus.NewGauge(prometheus.GaugeOpts{Name: "last_reload"}),
		InForce:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "in_force"}, []string{"hash"}),
	}
	m.Register(prometheus.NewRegistry())
	return m
}
