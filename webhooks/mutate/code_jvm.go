// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import "github.com/evenkeel/evenkeel/api/wellknown"

// Codes of the features that write JVM options: jvm and agent.
const (
	// CodeNoContainer: the pod has no container that the feature looks at.
	CodeNoContainer Code = "NoContainer"
	// CodeOptionsByValueFrom: the options are in a valueFrom and cannot be seen.
	CodeOptionsByValueFrom Code = "OptionsByValueFrom"
	// CodeOptionsByEnvFrom: an envFrom may bring options that an entry would hide.
	CodeOptionsByEnvFrom Code = "OptionsByEnvFrom"
	// CodeOptionsTooLong: a JVM of JDK 8 would ignore options, or all of them.
	CodeOptionsTooLong Code = "OptionsTooLong"
)

// Codes of the jvm feature.
const (
	// CodeJVMOff: the pod's annotation switches the feature off.
	CodeJVMOff Code = "JVMOff"
	// CodeUserHeapFlags: the user sets the heap himself.
	CodeUserHeapFlags Code = "UserHeapFlags"
	// CodeUserFlags: the user sets everything himself that the feature would set.
	CodeUserFlags Code = "UserFlags"
	// CodeContainerSupportOff: the user switched the JVM's container support off,
	// so that percentages would be of the host's memory.
	CodeContainerSupportOff Code = "ContainerSupportOff"
	// CodeNoMemoryLimit: there is no memory limit to take a heap from.
	CodeNoMemoryLimit Code = "NoMemoryLimit"
	// CodePodLimitShared: the memory limit is the pod's and is shared with
	// containers that may use any part of it.
	CodePodLimitShared Code = "PodLimitShared"
	// CodeLimitTooSmall: the memory limit, or the container's share of the pod's, is
	// under the configured minimum.
	CodeLimitTooSmall Code = "LimitTooSmall"
	// CodeHeapAtFloor: the budget leaves less than the floor for the heap, which
	// got the floor.
	CodeHeapAtFloor Code = "HeapAtFloor"
)

var jvmCodes = map[Code]description{
	CodeNoContainer: {sentence: "the pod has no container that this feature looks at"},
	CodeOptionsByValueFrom: {warn: true, sentence: "the variable for JVM options has a valueFrom and cannot be added to; " +
		"give it a literal value"},
	CodeOptionsByEnvFrom: {warn: true, sentence: "an envFrom may hold the variable for JVM options, which an entry would hide; " +
		"add an env entry of that name, which may be empty"},
	CodeOptionsTooLong: {warn: true, sentence: "JDK 8 and before ignore all JVM options when they are longer than 1023 bytes, " +
		"and those after the 64th; shorten them"},

	CodeJVMOff:              {sentence: "the annotation " + wellknown.JVMModeAnnotation + " is off"},
	CodeUserHeapFlags:       {sentence: "the heap is left as the user set it"},
	CodeUserFlags:           {sentence: "the user has set all of it"},
	CodeContainerSupportOff: {sentence: "the user switched the JVM's container support off"},
	CodeNoMemoryLimit:       {warn: true, sentence: "no memory limit, so no heap is set; set resources.limits.memory"},
	CodePodLimitShared: {warn: true, sentence: "the pod's memory limit is shared with containers that have none of their own, " +
		"so no heap is set; give this container or those a limit"},
	CodeLimitTooSmall: {warn: true, sentence: "the memory limit, or what is left of the pod's for this container, is too small " +
		"for a Java service, so no heap is set; raise it"},
	CodeHeapAtFloor: {warn: true, sentence: "the memory limit leaves less for the heap than the floor, which it got; " +
		"the container may run out of memory, so raise the limit"},
}
