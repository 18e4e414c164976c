// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import "github.com/evenkeel/evenkeel/api/wellknown"

// Codes of the features that write JVM options: jvm and agent.
const (
	// CodeNoContainer: the pod has no container that the feature looks at.
	CodeNoContainer Code = "NoContainer"
	// CodeOptionsByValueFrom: options were merged with the user's in a valueFrom,
	// which cannot be seen.
	CodeOptionsByValueFrom Code = "OptionsByValueFrom"
	// CodeOptionsByEnvFrom: options were merged with what an envFrom may bring, which
	// cannot be seen.
	CodeOptionsByEnvFrom Code = "OptionsByEnvFrom"
	// CodeOptionsInCommand: a kubelet puts the variable into one word of the command,
	// where several options would keep the JVM from starting.
	CodeOptionsInCommand Code = "OptionsInCommand"
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
	// under the configured minimum and what agents reserve.
	CodeLimitTooSmall Code = "LimitTooSmall"
	// CodeHeapAtFloor: the budget leaves less than the floor for the heap, which
	// got the floor.
	CodeHeapAtFloor Code = "HeapAtFloor"
	// CodeSelfSizer: a program that is known to size the heap starts the JVM.
	CodeSelfSizer Code = "SelfSizer"
	// CodeSizingNone: the profile or an annotation leaves the heap to the JVM.
	CodeSizingNone Code = "SizingNone"
	// CodeOptionsInFile: the command names a file of options, which cannot be seen.
	CodeOptionsInFile Code = "OptionsInFile"
	// CodeAbsoluteHeap: the heap was written as -Xmx because that was asked for.
	CodeAbsoluteHeap Code = "AbsoluteHeap"
	// CodeAbsoluteUnsafe: the heap was to be written as -Xmx, beside which the user's
	// options might keep the JVM from starting, so it was written in the way that
	// yields to them.
	CodeAbsoluteUnsafe Code = "AbsoluteUnsafe"
	// CodeHeapDumpNever: the pod asks for heap dumps and the configuration forbids
	// them.
	CodeHeapDumpNever Code = "HeapDumpNever"
	// CodeHeapDumpVolume: the volume that the heap dump was to go to cannot take it.
	CodeHeapDumpVolume Code = "HeapDumpVolume"
	// CodeHeapDumpPathTaken: the pod has something of its own where the heap dump
	// would go.
	CodeHeapDumpPathTaken Code = "HeapDumpPathTaken"
	// CodeHeapDumpNoRoom: a volume for the heap dump has no size, or one above what
	// the pod may use of the node's disk.
	CodeHeapDumpNoRoom Code = "HeapDumpNoRoom"
)

// Facts of the jvm feature.
const (
	// FactProfile is the profile whose settings counted.
	FactProfile = "profile"
	// FactSizing is "absolute" where the heap was written as -Xmx, and "fraction" where
	// it was written for a JVM that knows no percentages.
	FactSizing = "sizing"
	// FactHeapDump is the volume that heap dumps go to, or "user" where the user's
	// options say where.
	FactHeapDump = "heapDump"
	// FactResize is "restart" where the resizePolicy has a resize of the memory
	// restart the container, so that the heap follows.
	FactResize = "resize"
	// FactAlso lists the codes of what else was found, comma-separated.
	FactAlso = "also"
)

var jvmCodes = map[Code]description{
	CodeNoContainer: {sentence: "the pod has no container that this feature looks at"},
	// The user's options come last and win, -Xmx over percentages. These two do
	// harm beside ours: of the host's memory a percentage is too much, and an agent
	// that is started twice may fail.
	CodeOptionsByValueFrom: {warn: true, sentence: "JVM options in a valueFrom are kept and win, " +
		"but were not checked for -XX:-UseContainerSupport and -javaagent"},
	// No warning, because most of what an envFrom brings are no options.
	CodeOptionsByEnvFrom: {sentence: "JVM options that an envFrom may bring are kept and win, " +
		"but were not checked for -XX:-UseContainerSupport and -javaagent"},
	CodeOptionsInCommand: {warn: true, sentence: "the command takes the variable as one word, so nothing was added to it; " +
		"name another one with " + wellknown.JVMChannelAnnotation},
	CodeOptionsTooLong: {warn: true, sentence: "JDK 8 and before ignore all JVM options when they are longer than 1023 bytes, " +
		"and those after the 64th; shorten them"},

	CodeJVMOff:              {sentence: "the annotation " + wellknown.JVMModeAnnotation + " is off"},
	CodeUserHeapFlags:       {sentence: "the heap is left as the user set it"},
	CodeUserFlags:           {sentence: "the user has set all of it"},
	CodeContainerSupportOff: {sentence: "the user switched the JVM's container support off"},
	CodeNoMemoryLimit:       {warn: true, sentence: "no memory limit, so no heap is set; set resources.limits.memory"},
	CodePodLimitShared: {warn: true, sentence: "the pod's memory limit is shared with containers that have none of their own, " +
		"so no heap is set; give this container or those a limit"},
	CodeLimitTooSmall: {warn: true, sentence: "the memory limit, or its share of the pod's, is too small for a Java service, " +
		"so no heap is set; raise it"},
	CodeHeapAtFloor: {warn: true, sentence: "the limit leaves less for the heap than the floor, which it got; raise it, " +
		"or the container may run out of memory"},
	CodeSelfSizer:     {sentence: "the heap is left to the program that starts the JVM and sizes it"},
	CodeSizingNone:    {sentence: "the heap is left to the JVM, as the profile or the annotation says"},
	CodeOptionsInFile: {sentence: "the options in a file cannot be seen; they win over these"},
	CodeAbsoluteHeap: {sentence: "the heap is an -Xmx: it does not follow a change of the limit, and beats a percentage " +
		"that the image may set"},
	CodeAbsoluteUnsafe: {warn: true, sentence: "the heap is not written as -Xmx, because beside one the JVM might not start " +
		"with the user's options; set -Xmx yourself"},
	CodeHeapDumpNever:  {warn: true, sentence: "the configuration allows no heap dumps"},
	CodeHeapDumpVolume: {warn: true, sentence: "the volume for the heap dump cannot take it, so there will be none; name another"},
	CodeHeapDumpPathTaken: {warn: true, sentence: "something of the pod's own stands where the heap dump would go, so there will be none; " +
		"move it"},
	CodeHeapDumpNoRoom: {warn: true, sentence: "there is no room for a heap dump, so there will be none; raise the limit, or name a volume"},
}
