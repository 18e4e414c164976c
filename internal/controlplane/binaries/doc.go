// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package binaries knows the programs of the control plane without containers:
// etcd, kube-apiserver, kube-controller-manager, kubectl and kwok. It says from
// which Go package and at which version each is built, finds those that are
// ready, takes what KUBEBUILDER_ASSETS offers, and builds the rest.
//
// It starts none of them for longer than a --version: running them is the work
// of the parent package.
//
// The Kubernetes programs are built from the main module, whose graph pins
// k8s.io/kubernetes: evenkeel-scheduler links the same packages, so one build
// cache serves both. etcd and kwok need other versions of shared dependencies
// and are built from the module in hack/controlplane.
package binaries
