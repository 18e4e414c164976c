// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
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
	config := &configFile{path: o.Config, metrics: newConfigMetrics(registry), apply: func(cfg *v1alpha1.NodeConfiguration) {
		adjuster := pids.New(cfg.Pids)
		if plugin == nil {
			plugin = node.New(logger, adjuster, pluginMetrics, cgroup2)
		}
		plugin.SetAdjuster(adjuster)
		plugin.SetDenies(cfg.OnTimeout == v1alpha1.OnErrorDeny)
	}}
	if err := config.load(); err != nil {
		return inputError{fmt.Errorf("--config: %w", err)}
	}
	logger.Info("Starting", "version", version.String(program), "config", o.Config, "socket", o.Socket, "cgroup2", cgroup2)

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return plugin.Run(ctx, o.Socket) })
	group.Go(func() error { return config.watch(ctx, rereadEvery) })
	group.Go(func() error {
		if err := serveHTTP(ctx, o.MetricsBindAddress, handler(registry, plugin)); err != nil {
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

// serveHTTP serves plain HTTP until the context ends. Address "0" serves
// nothing.
func serveHTTP(ctx context.Context, address string, handler http.Handler) error {
	if address == "0" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	klog.FromContext(ctx).Info("Serving metrics and probes", "address", listener.Addr().String())
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 90 * time.Second}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		// What remains of the connections ends with the process.
		_ = srv.Shutdown(grace)
	}()
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-stopped
	return nil
}
