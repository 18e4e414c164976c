// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

func configWithDefaultTier(tier string) string {
	return "apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\nfeatures: {pidlimit: {defaultTier: " + tier + "}}\n"
}

// The file is changed in the two ways that occur: written in place, and as a
// ConfigMap's volume does it, where a symlink to a folder is swapped.
func TestConfigFileReloads(t *testing.T) {
	tests := map[string]func(t *testing.T, dir, content string){
		"written in place": func(t *testing.T, dir, content string) {
			t.Helper()
			writeFile(t, filepath.Join(dir, "config.yaml"), content)
		},
		"replaced": func(t *testing.T, dir, content string) {
			t.Helper()
			writeFile(t, filepath.Join(dir, "config.yaml.tmp"), content)
			if err := os.Rename(filepath.Join(dir, "config.yaml.tmp"), filepath.Join(dir, "config.yaml")); err != nil {
				t.Fatal(err)
			}
		},
		"ConfigMap volume": func(t *testing.T, dir, content string) {
			t.Helper()
			folder, err := os.MkdirTemp(dir, "..version")
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(folder, "config.yaml"), content)
			link := filepath.Join(dir, "..data_tmp")
			if err := os.Symlink(filepath.Base(folder), link); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(link, filepath.Join(dir, "..data")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("..data/config.yaml", filepath.Join(dir, "config.yaml")); err != nil && !os.IsExist(err) {
				t.Fatal(err)
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			change(t, dir, configWithDefaultTier("small"))
			reg := prometheus.NewRegistry()
			applied := make(chan string, 10)
			c := &configFile{
				path:    filepath.Join(dir, "config.yaml"),
				metrics: newMetrics(reg, func() time.Time { return time.Time{} }),
				apply:   func(cfg *v1alpha1.AdmissionConfiguration) { applied <- cfg.Features.PidLimit.DefaultTier },
			}
			if err := c.load(); err != nil {
				t.Fatalf("the first load: %v", err)
			}
			wantApplied(t, applied, "small")
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- c.watch(ctx) }()

			// The first change may come before the watch stands; it is written until seen.
			waitFor(t, "the watch", func() bool {
				change(t, dir, configWithDefaultTier("large"))
				select {
				case got := <-applied:
					return got == "large"
				case <-time.After(2 * settleTime):
					return false
				}
			})
			change(t, dir, configWithDefaultTier("enormous"))
			waitFor(t, "the refusal", func() bool { return testutil.ToFloat64(c.metrics.reloads.WithLabelValues("refused")) == 1 })
			if got := testutil.ToFloat64(c.metrics.lastReload); got != 0 {
				t.Errorf("last reload successful = %v, want 0", got)
			}
			select {
			case got := <-applied:
				t.Errorf("the wrong file was put into force, with tier %s", got)
			default:
			}
			change(t, dir, configWithDefaultTier("medium"))
			wantApplied(t, applied, "medium")
			waitFor(t, "the metric", func() bool { return testutil.ToFloat64(c.metrics.lastReload) == 1 })
			if n := testutil.CollectAndCount(c.metrics.config); n != 1 {
				t.Errorf("%d hashes are said to be in force, want 1", n)
			}
			cancel()
			if err := <-done; err != nil {
				t.Errorf("watch: %v", err)
			}
		})
	}
}

func TestConfigFileIsRefusedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	writeFile(t, path, configWithDefaultTier("small"))
	c := &configFile{path: path, metrics: newMetrics(prometheus.NewRegistry(), func() time.Time { return time.Time{} }),
		apply: func(*v1alpha1.AdmissionConfiguration) {}}
	if err := c.load(); err != nil {
		t.Fatal(err)
	}
	refused := func() float64 { return testutil.ToFloat64(c.metrics.reloads.WithLabelValues("refused")) }
	for i, step := range []struct {
		do   func()
		want float64
	}{
		{do: func() {}, want: 0},
		{do: func() { writeFile(t, path, "[") }, want: 1},
		{do: func() {}, want: 1},
		{do: func() { removeFile(t, path) }, want: 2},
		{do: func() {}, want: 2},
		{do: func() { writeFile(t, path, configWithDefaultTier("small")) }, want: 2},
		{do: func() { writeFile(t, path, "{") }, want: 3},
	} {
		step.do()
		c.reload(klog.FromContext(t.Context()))
		if got := refused(); got != step.want {
			t.Errorf("step %d: refused %v times, want %v", i, got, step.want)
		}
	}
}

// wantApplied waits until the configuration with the tier is in force. One from
// before may come first, where it was written more than once.
func wantApplied(t *testing.T, applied <-chan string, want string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case got := <-applied:
			if got == want {
				return
			}
		case <-deadline:
			t.Fatalf("the configuration with tier %s was not put into force", want)
		}
	}
}

func removeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
