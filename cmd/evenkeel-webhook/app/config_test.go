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
				Path:    filepath.Join(dir, "config.yaml"),
				Parse:   v1alpha1.LoadAdmissionConfiguration,
				Metrics: newMetrics(reg, func() time.Time { return time.Time{} }),
				Apply:   func(cfg *v1alpha1.AdmissionConfiguration) { applied <- cfg.Features.PidLimit.DefaultTier },
			}
			if err := c.Load(); err != nil {
				t.Fatalf("the first load: %v", err)
			}
			wantApplied(t, applied, "small")
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- watch(ctx, c) }()

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
			waitFor(t, "the refusal", func() bool { return testutil.ToFloat64(c.Metrics.Reloads.WithLabelValues("refused")) == 1 })
			if got := testutil.ToFloat64(c.Metrics.LastReload); got != 0 {
				t.Errorf("last reload successful = %v, want 0", got)
			}
			select {
			case got := <-applied:
				t.Errorf("the wrong file was put into force, with tier %s", got)
			default:
			}
			change(t, dir, configWithDefaultTier("medium"))
			wantApplied(t, applied, "medium")
			waitFor(t, "the metric", func() bool { return testutil.ToFloat64(c.Metrics.LastReload) == 1 })
			if n := testutil.CollectAndCount(c.Metrics.InForce); n != 1 {
				t.Errorf("%d hashes are said to be in force, want 1", n)
			}
			cancel()
			if err := <-done; err != nil {
				t.Errorf("watch: %v", err)
			}
		})
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
