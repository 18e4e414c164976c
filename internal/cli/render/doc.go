// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package render is the verb `evenkeel render`: it shows offline what the
// admission webhook does to the pods of a file. The mutators, their chain and the
// selection are the webhook's; reading and patching files is package manifest's.
//
// Here live the flags, what stands in for a cluster (a namespace's labels, a
// Kubernetes version), the outputs and the report.
package render
