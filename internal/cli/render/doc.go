// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package render is the verb `evenkeel render`: it shows offline what the
// admission webhook does to the pods of a file. The mutators, their chain and the
// selection are the webhook's; reading and patching files is package manifest's;
// what stands in for a cluster is package standin's.
//
// Here live the flags, the outputs and the report.
package render
