// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

// The file is looked at again and again; what becomes of a change is configfile's.
func TestConfigFileIsWatched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	ceilings := make(chan int64, 2)
	file := &configFile{Path: path, Parse: v1alpha1.LoadNodeConfiguration, Metrics: newConfigMetrics(prometheus.NewRegistry()),
		Apply: func(cfg *v1alpha1.NodeConfiguration) { ceilings <- *cfg.Pids.Ceiling }}
	writeFile(t, path, head+"pids: {ceiling: 1000}\n")
	if err := file.Load(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- watch(ctx, file, time.Millisecond) }()
	// In one step: half a file would be refused first, and that is all.
	writeFile(t, path+".new", head+"pids: {ceiling: 2000}\n")
	rename(t, path+".new", path)
	for _, want := range []int64{1000, 2000} {
		select {
		case got := <-ceilings:
			if got != want {
				t.Errorf("in force is %d, want %d", got, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%d was not put into force", want)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("watch: %v", err)
	}
}
