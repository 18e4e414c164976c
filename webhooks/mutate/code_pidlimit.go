// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import "github.com/evenkeel/evenkeel/api/wellknown"

// Codes of the pidlimit feature.
const (
	// CodeLimitsOverwritten: the user had written the annotation that only the
	// webhook writes.
	CodeLimitsOverwritten Code = "LimitsOverwritten"
	// CodeUnknownContainer: an annotation speaks of a container that the pod does
	// not have.
	CodeUnknownContainer Code = "UnknownContainer"
)

var pidlimitCodes = map[Code]description{
	CodeLimitsOverwritten: {warn: true, sentence: "the annotation " + wellknown.PidsLimitsAnnotation +
		" is Evenkeel's and was overwritten; choose a tier with " + wellknown.PidsTierAnnotation},
	CodeUnknownContainer: {warn: true, sentence: "the pod has no container of the name in this annotation, which has no effect"},
}
