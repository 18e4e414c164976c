// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilversion "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/internal/program"
	"github.com/evenkeel/evenkeel/internal/version"
)

// restConfig tells how to reach the API server.
func restConfig(kubeconfig string) (*rest.Config, error) {
	var cfg *rest.Config
	var err error
	if kubeconfig == "" {
		if cfg, err = rest.InClusterConfig(); err != nil {
			return nil, program.InputError{Err: fmt.Errorf("--kubeconfig is missing, and this is not a pod in a cluster: %w", err)}
		}
	} else if cfg, err = clientcmd.BuildConfigFromFlags("", kubeconfig); err != nil {
		return nil, program.InputError{Err: fmt.Errorf("--kubeconfig %s: %w", kubeconfig, err)}
	}
	cfg.UserAgent = name + "/" + version.Version
	return cfg, nil
}

// newNamespaceInformer returns an informer of all namespaces that holds their
// names and labels only.
func newNamespaceInformer(cfg *rest.Config) (cache.SharedIndexInformer, error) {
	client, err := metadata.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making a client for the namespaces: %w", err)
	}
	informer := metadatainformer.NewFilteredMetadataInformer(client, corev1.SchemeGroupVersion.WithResource("namespaces"),
		metav1.NamespaceAll, 0, cache.Indexers{}, nil).Informer()
	err = informer.SetTransform(func(obj any) (any, error) {
		if ns, ok := obj.(*metav1.PartialObjectMetadata); ok {
			ns.ObjectMeta = metav1.ObjectMeta{Name: ns.Name, Labels: ns.Labels, UID: ns.UID, ResourceVersion: ns.ResourceVersion}
		}
		return obj, nil
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the informer of namespaces: %w", err)
	}
	return informer, nil
}

// How often the API server is asked for its version: until it has told, and
// then for the case that it is upgraded.
const (
	versionRetryEvery   = 2 * time.Second
	versionRefreshEvery = 10 * time.Minute
)

// serverVersion keeps the version of the API server.
type serverVersion struct {
	client discovery.ServerVersionInterfaceWithContext
	// apply is told each version.
	apply func(*utilversion.Version)
	known atomic.Bool
}

// Run asks until the context ends.
func (s *serverVersion) Run(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	last := ""
	for {
		wait := versionRefreshEvery
		v, err := s.read(ctx)
		switch {
		case err != nil && !s.known.Load():
			wait = versionRetryEvery
			logger.V(2).Info("The version of the API server is not known yet", "err", err)
		case err != nil:
			logger.V(2).Info("Could not ask for the version of the API server again", "err", err)
		case v.String() != last:
			last = v.String()
			s.apply(v)
			s.known.Store(true)
			logger.Info("Read the version of the API server", "version", last)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

func (s *serverVersion) read(ctx context.Context) (*utilversion.Version, error) {
	info, err := s.client.ServerVersionWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the version of the API server: %w", err)
	}
	// Distributions append their own marks, such as v1.37.2-eks-1.
	v, err := utilversion.ParseGeneric(info.GitVersion)
	if err != nil {
		return nil, fmt.Errorf("reading the version of the API server: %w", err)
	}
	return v, nil
}
