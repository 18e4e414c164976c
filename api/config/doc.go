// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package config holds the arguments of Evenkeel's scheduler plugins as the
// plugins see them: the internal ("hub") version of the API group
// kubescheduler.config.k8s.io, in which kube-scheduler looks plugin arguments
// up as <plugin name>Args.
//
// What a user writes is in package v1, with its defaults and conversion; what
// is refused is in package validation; package scheme joins them to
// kube-scheduler's own. The configuration of the webhook and the node daemon
// does not live here.
//
// +k8s:deepcopy-gen=package
package config
