// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pod is the admission handler for pods: it decodes the request, looks
// the namespace up, runs the chain of mutators and answers one patch, with
// warnings, audit annotations and metrics.
//
// What to change is decided by the mutators (webhooks/mutate and its siblings).
// This package owns the outcome of everything that can go wrong around them: a
// pod that cannot be decoded, a namespace that is not in the cache, a panic. The
// answer to each is the one that the administrator declared per feature, never
// an error: controller-runtime's Errored and its own recovery from panics refuse
// the pod, whatever the failurePolicy of the webhook says.
//
// The handler makes no API call and has no side effects, so a dry run is a run
// like any other. A resize of a pod that runs is answered with warnings alone.
//
// Of what the webhook is made of, only its main knows controller-runtime besides.
package pod
