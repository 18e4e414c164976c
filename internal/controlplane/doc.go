// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs a real Kubernetes control plane without containers:
// etcd and kube-apiserver through controller-runtime's envtest, and beside them
// kube-controller-manager and KWOK, which plays the kubelets of fake nodes. The
// playground and the integration tests stand on it.
//
// It differs from a bare envtest in what a pod meets on its way: RBAC and every
// admission plugin of Kubernetes' default set are on (envtest switches
// ServiceAccount off), ServiceAccount tokens are issued and mounted, and the
// controllers of a real cluster turn a Deployment into pods.
//
// Everything listens on loopback, on ports that were free. Everything that was
// started is ended by Stop, by the end of the context given to Start and, should
// the process be killed, by a watchdog. Logs, certificates and kubeconfigs lie in
// one run directory, which error messages name.
//
// No scheduler is among it: pods stay pending until a caller starts one, for
// which StartProcess is there. Where the programs come from is the work of
// package binaries; the nodes of a data centre are made by package datacentre.
package controlplane
