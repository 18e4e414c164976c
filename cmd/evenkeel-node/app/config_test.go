// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

func TestConfigFileReloads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	var ceilings []int64
	c := &configFile{path: path, metrics: newConfigMetrics(prometheus.NewRegistry()),
		apply: func(cfg *v1alpha1.NodeConfiguration) { ceilings = append(ceilings, *cfg.Pids.Ceiling) }}
	writeFile(t, path, head+"pids: {ceiling: 1000}\n")
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		do                        func()
		applied, refused, success float64
	}{
		{do: func() {}, success: 1},
		{do: func() { writeFile(t, path, head+"pids: {ceiling: 2000}\n") }, applied: 1, success: 1},
		{do: func() { writeFile(t, path, head+"pids: {ceiling: 1}\n") }, applied: 1, refused: 1},
		// What was refused is not refused again before it changes.
		{do: func() {}, applied: 1, refused: 1},
		{do: func() {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, applied: 1, refused: 2},
		{do: func() {}, applied: 1, refused: 2},
		{do: func() { writeFile(t, path, head+"pids: {ceiling: 3000}\n") }, applied: 2, refused: 2, success: 1},
	} {
		step.do()
		c.reload(klog.FromContext(t.Context()))
		for name, got := range map[string][2]float64{
			"applied": {testutil.ToFloat64(c.metrics.reloads.WithLabelValues("applied")), step.applied},
			"refused": {testutil.ToFloat64(c.metrics.reloads.WithLabelValues("refused")), step.refused},
			"success": {testutil.ToFloat64(c.metrics.lastReload), step.success},
		} {
			if got[0] != got[1] {
				t.Errorf("step %d: %s is %v, want %v", i, name, got[0], got[1])
			}
		}
	}
	if want := []int64{1000, 2000, 3000}; len(ceilings) != 3 || ceilings[1] != want[1] || ceilings[2] != want[2] {
		t.Errorf("in force were %v, want %v", ceilings, want)
	}
	if n := testutil.CollectAndCount(c.metrics.config); n != 1 {
		t.Errorf("%d hashes are said to be in force, want 1", n)
	}
}
