// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mutate holds what all mutators share: the Mutator interface, the
// Request they read, the Report they leave, the reason codes of those reports,
// the Status that is recorded on the pod, and the Chain that runs them under the
// outcome that the administrator declared for each feature.
//
// It is pure: no client, no clock, no I/O, no controller-runtime. The admission
// handler (webhooks/pod) and the command line (internal/cli/render) run the same
// Chain, so what the one prints is what the other does. The mutators themselves
// are the sibling packages; package webhooks lists them.
package mutate
