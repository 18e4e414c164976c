// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifests embeds the files that the playground applies and that the
// command line falls back to, so that a binary needs no checkout beside it. The
// files themselves are what `kubectl apply -k` installs.
package manifests

import "embed"

// FS holds the folders base and examples.
//
//go:embed base examples
var FS embed.FS

// AdmissionConfiguration is the shipped configuration of the webhook.
//
//go:embed base/webhook/config.yaml
var AdmissionConfiguration []byte

// SchedulerConfiguration is the shipped configuration of the scheduler.
//
//go:embed base/scheduler/config.yaml
var SchedulerConfiguration []byte
