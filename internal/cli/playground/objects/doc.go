// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package objects reads Kubernetes objects from files and applies them to a
// cluster, for the playground: what `kubectl apply --server-side -f` does, with
// errors that name the file and the document.
//
// Which objects, and what becomes of them, is the parent package's business.
package objects
