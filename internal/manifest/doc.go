// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifest reads files of Kubernetes objects as people keep them: YAML
// and JSON, several documents to a file, lists. It splits a file without losing
// a byte, finds the pods and pod templates in it, and patches them in place.
//
// It is pure and knows nothing of what the patches are for: the command line
// brings them. How a patch becomes an edit of the text is in package textpatch.
package manifest
