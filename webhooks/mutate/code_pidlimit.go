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
	// CodeCRIOName: the container's name is too long for the older annotation of
	// CRI-O.
	CodeCRIOName Code = "CRIOName"
	// CodeCRIOOverwritten: the user had limited the pids by an annotation of CRI-O.
	CodeCRIOOverwritten Code = "CRIOOverwritten"
)

// FactCRIO lists the annotations of CRI-O that the container's number was written
// into: current, legacy.
const FactCRIO = "crio"

var pidlimitCodes = map[Code]description{
	CodeLimitsOverwritten: {warn: true, sentence: "the annotation " + wellknown.PidsLimitsAnnotation +
		" is Evenkeel's and was overwritten; choose a tier with " + wellknown.PidsTierAnnotation},
	CodeUnknownContainer: {warn: true, sentence: "the pod has no container of the name in this annotation, which has no effect"},
	CodeCRIOName: {warn: true, sentence: "CRI-O is not told this container's pid limit, because the annotation's name would be too long; " +
		"shorten the container's to 29 characters"},
	CodeCRIOOverwritten: {warn: true, sentence: "pids.max in CRI-O's annotation is Evenkeel's and was overwritten; choose a tier with " +
		wellknown.PidsTierAnnotation},
}
