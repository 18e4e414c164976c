// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhooks lists the mutators of the admission webhook, in the order in
// which they run. The mutators are in packages of their own below it; the
// handler that answers the API server is webhooks/pod.
package webhooks

import (
	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/version"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
	"github.com/evenkeel/evenkeel/webhooks/pidlimit"
	"github.com/evenkeel/evenkeel/webhooks/satoken"
	"github.com/evenkeel/evenkeel/webhooks/storage"
)

// Cluster is what mutators may ask about the cluster, from memory. What is nil is
// not known.
type Cluster struct {
	// Rights tells what RBAC gives to ServiceAccounts.
	Rights satoken.Rights
}

// NewChain returns the chain of all mutators for a configuration that is
// defaulted and valid, where no cluster can be asked: no ServiceAccount has
// rights.
func NewChain(cfg *v1alpha1.AdmissionConfiguration) *mutate.Chain {
	return NewClusterChain(cfg, Cluster{})
}

// NewClusterChain returns the chain of all mutators for a configuration that is
// defaulted and valid. The agents come before the heap, which leaves room for
// them, and storage comes last, because it leaves room for the volumes of both;
// the order of the others is free.
func NewClusterChain(cfg *v1alpha1.AdmissionConfiguration, cluster Cluster) *mutate.Chain {
	f := &cfg.Features
	return &mutate.Chain{
		Version:    version.Version,
		ConfigHash: cfg.Hash(),
		Links: []mutate.Link{
			{Mutator: agent.New(&f.Agent), Policy: &f.Agent.Policy},
			{Mutator: jvm.New(&f.JVM), Policy: &f.JVM.Policy},
			{Mutator: pidlimit.New(&f.PidLimit), Policy: &f.PidLimit.Policy},
			{Mutator: satoken.New(&f.SAToken, cluster.Rights), Policy: &f.SAToken.Policy},
			{Mutator: storage.New(&f.Storage), Policy: &f.Storage.Policy},
		},
	}
}
