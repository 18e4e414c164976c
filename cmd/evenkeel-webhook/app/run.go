// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/program"
	"github.com/evenkeel/evenkeel/internal/rbacview"
	"github.com/evenkeel/evenkeel/internal/version"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/pod"
)

// Run serves until the context ends and then stops gracefully: it says that it
// is not ready, goes on answering for the delay, and finishes the requests in
// flight. The options must be complete.
func Run(ctx context.Context, o Options) error {
	logger := klog.FromContext(ctx)
	logger.Info("Starting", "version", version.String(name), "config", o.Config, "ownNamespace", o.OwnNamespace)

	// What the user can get wrong comes before anything is started.
	restCfg, err := restConfig(o.Kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(restCfg)
	if err != nil {
		return program.InputError{Err: fmt.Errorf("--kubeconfig %s: %w", o.Kubeconfig, err)}
	}
	certs, err := newCertificates(&o, client)
	if err != nil {
		return err
	}
	namespaces, err := newNamespaceInformer(restCfg)
	if err != nil {
		return err
	}
	rights, err := rbacview.New(client)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	var handler *pod.Handler
	requestMetrics := pod.NewMetrics(registry)
	config := &configFile{Path: o.Config, Parse: v1alpha1.LoadAdmissionConfiguration, Metrics: newMetrics(registry, certs.NotAfter), Apply: func(cfg *v1alpha1.AdmissionConfiguration) {
		if cfg.Features.SAToken.LooksAtRBAC() {
			rights.Start()
		}
		settings := pod.Settings{Chain: webhooks.NewClusterChain(cfg, webhooks.Cluster{Rights: rights}), Excluded: append([]string{o.OwnNamespace}, cfg.ExcludedNamespaces...)}
		if handler == nil {
			handler = pod.NewHandler(pod.NewNamespaces(namespaces), requestMetrics, settings)
			return
		}
		handler.SetSettings(settings)
	}}
	if err := config.Load(); err != nil {
		return program.InputError{Err: fmt.Errorf("--config: %w", err)}
	}
	server := webhook.NewServer(webhook.Options{Host: o.host, Port: o.port, TLSOpts: []func(*tls.Config){func(t *tls.Config) {
		t.MinVersion = tls.VersionTLS13
		t.GetCertificate = certs.GetCertificate
	}}})
	server.Register(pod.Path, pod.NewWebhook(handler))
	apiServer := &serverVersion{client: discovery.ToServerVersionInterfaceWithContext(client.Discovery()), apply: handler.SetServerVersion}
	health := &health{checks: []check{
		{name: "certificate", ready: certs.Ready},
		{name: "namespaces", ready: func() error {
			if !namespaces.HasSynced() {
				return errors.New("not read yet")
			}
			return nil
		}},
		{name: "API server version", ready: func() error {
			if !apiServer.known.Load() {
				return errors.New("not read yet")
			}
			return nil
		}},
		{name: "bindings of RBAC", ready: func() error { return bindingsReady(rights) }},
	}, server: func() error { return server.StartedChecker()(nil) }}

	// Everything runs until the drain is over, so that the requests that still come
	// find all they need.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, serving := errgroup.WithContext(serving)
	run := func(what string, f func(context.Context) error) {
		group.Go(func() error {
			if err := f(serving); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			return nil
		})
	}
	run("serving certificate", certs.Run)
	run("namespaces", func(ctx context.Context) error {
		// Its end is not waited for: while the API server cannot be reached, a
		// reflector sleeps for up to a minute whatever its context says.
		go namespaces.RunWithContext(ctx)
		<-ctx.Done()
		return nil
	})
	run("bindings of RBAC", rights.Run)
	run("API server version", apiServer.Run)
	run("configuration", func(ctx context.Context) error { return watch(ctx, config) })
	run("--bind-address "+o.BindAddress, server.Start)
	run("--health-probe-bind-address "+o.HealthProbeBindAddress, func(ctx context.Context) error {
		return program.ServeHTTP(ctx, o.HealthProbeBindAddress, health.handler())
	})
	run("--metrics-bind-address "+o.MetricsBindAddress, func(ctx context.Context) error {
		return program.ServeHTTP(ctx, o.MetricsBindAddress, metricsHandler(registry))
	})
	group.Go(func() error {
		select {
		case <-serving.Done():
			return nil
		case <-ctx.Done():
		}
		health.draining.Store(true)
		logger.Info("Stopping; still answering for a while", "delay", o.ShutdownDelay)
		select {
		case <-serving.Done():
		case <-time.After(o.ShutdownDelay):
		}
		stop()
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	logger.Info("Stopped")
	return nil
}

// bindingsReady returns what is missing until the bindings have been read. Where
// they may not be read, the other features are not kept waiting: satoken then has
// the outcome of its onError for each pod that depends on them.
func bindingsReady(rights *rbacview.View) error {
	if !rights.Started() || rights.HasSynced() || rights.Forbidden() != nil {
		return nil
	}
	return errors.New("not read yet")
}

func metricsHandler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	// controller-runtime's registry has its own metrics and those of the process.
	mux.Handle("/metrics", promhttp.HandlerFor(prometheus.Gatherers{ctrlmetrics.Registry, registry}, promhttp.HandlerOpts{}))
	return mux
}
