// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/program"
	"github.com/evenkeel/evenkeel/internal/version"
	"github.com/evenkeel/evenkeel/plugins/node"
	"github.com/evenkeel/evenkeel/plugins/node/pids"
)

// Run serves the container runtime until the context ends. The options must be
// checked.
func Run(ctx context.Context, o Options) error {
	logger := klog.FromContext(ctx)
	cgroup2, err := node.UnifiedCgroups()
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	pluginMetrics := node.NewMetrics(registry)
	var plugin *node.Plugin
	config := &configFile{Path: o.Config, Parse: v1alpha1.LoadNodeConfiguration, Metrics: newConfigMetrics(registry), Apply: func(cfg *v1alpha1.NodeConfiguration) {
		adjuster := pids.New(cfg.Pids)
		if plugin == nil {
			plugin = node.New(logger, adjuster, pluginMetrics, cgroup2)
		}
		plugin.SetAdjuster(adjuster)
		plugin.SetDenies(cfg.OnTimeout == v1alpha1.OnErrorDeny)
	}}
	if err := config.Load(); err != nil {
		return program.InputError{Err: fmt.Errorf("--config: %w", err)}
	}
	logger.Info("Starting", "version", version.String(name), "config", o.Config, "socket", o.Socket, "cgroup2", cgroup2)

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return plugin.Run(ctx, o.Socket) })
	group.Go(func() error { return watch(ctx, config, cmp.Or(o.reread, rereadEvery)) })
	group.Go(func() error {
		if err := program.ServeHTTP(ctx, o.MetricsBindAddress, handler(registry, plugin)); err != nil {
			return fmt.Errorf("--metrics-bind-address %s: %w", o.MetricsBindAddress, err)
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	logger.Info("Stopped")
	return nil
}

// handler answers the kubelet's probes and Prometheus. The daemon is alive whether
// or not there is a runtime: to start it again would mend nothing.
func handler(registry *prometheus.Registry, plugin *node.Plugin) http.Handler {
	containers := prometheus.NewRegistry()
	containers.MustRegister(node.NewContainers(plugin))
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.Handle("/metrics/containers", promhttp.HandlerFor(containers, promhttp.HandlerOpts{}))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !plugin.Ready() {
			http.Error(w, "container runtime: not connected; see the log", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	return mux
}
