// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the configuration files of Evenkeel's own components in
// the group config.evenkeel.io: their types, defaults, validation and strict
// loading. Arguments of the scheduler's plugins are in api/config.
//
// A file says apiVersion and kind; a field that is unknown, doubled or wrong
// stops the load with the field's path. There is one file per kind, and one
// source file per feature.
package v1alpha1

// GroupVersion is the apiVersion of every kind in this package.
const GroupVersion = "config.evenkeel.io/v1alpha1"
