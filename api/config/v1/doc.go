// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1 holds the arguments of Evenkeel's scheduler plugins as a user
// writes them in a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1),
// their defaults and their conversion to the internal version in package
// config.
//
// +k8s:deepcopy-gen=package
package v1
