// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"strings"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// userFlags are the options that a user has set of those that the feature
// would, each the first that was found, or nil.
type userFlags struct {
	// heap sets the maximum heap, by itself or by what it is computed from.
	heap *podspec.Flag
	// noContainer switches container support off.
	noContainer *podspec.Flag
	// processors, outOfMemory and ignore set what their flag of ours sets.
	processors, outOfMemory, ignore *podspec.Flag
	// collector chooses the garbage collector, or how HotSpot chooses it.
	collector *podspec.Flag
	// gcThreads gives a number of the collector's threads.
	gcThreads *podspec.Flag
	// initial are those that a maximum heap below them makes fatal: "Initial heap
	// size set to a larger value than the maximum heap size", and "Incompatible
	// minimum and maximum heap sizes" (measured on JDK 17). Beside percentages the
	// JVM raises the maximum instead.
	initial []podspec.Flag
	// softMax must not be above the maximum heap, whoever set that.
	softMax *podspec.Flag
	// dump asks for a heap dump when memory runs out, or forbids it, and dumpPath
	// says where.
	dump, dumpPath *podspec.Flag
}

// heapFlags are the -XX options that set the maximum heap. Any MaxHeapSize makes
// a JVM forget all percentages. An initial heap is not among them: the JVM
// raises the maximum to it.
var heapFlags = map[string]bool{
	"MaxHeapSize": true, "MaxRAM": true, "AggressiveHeap": true,
	"MaxRAMPercentage": true, "MinRAMPercentage": true,
	"MaxRAMFraction": true, "MinRAMFraction": true,
}

func userFlagsOf(flags []podspec.Flag) userFlags {
	var u userFlags
	first := func(to **podspec.Flag, f *podspec.Flag) {
		if *to == nil {
			*to = f
		}
	}
	for i := range flags {
		f := &flags[i]
		name := f.XXName()
		switch {
		case strings.HasPrefix(f.Text, "-Xmx"), strings.HasPrefix(f.Text, "-mx"), heapFlags[name]:
			first(&u.heap, f)
		case strings.HasPrefix(f.Text, "-Xms"), strings.HasPrefix(f.Text, "-ms"), name == "InitialHeapSize", name == "MinHeapSize":
			u.initial = append(u.initial, *f)
		case name == "SoftMaxHeapSize":
			first(&u.softMax, f)
		case name == "ConcGCThreads", name == "ParallelGCThreads":
			first(&u.gcThreads, f)
		case name == "HeapDumpOnOutOfMemoryError":
			first(&u.dump, f)
		case name == "HeapDumpPath":
			first(&u.dumpPath, f)
		case name == "UseContainerSupport" && strings.HasPrefix(f.Text, "-XX:-"):
			first(&u.noContainer, f)
		case name == "ActiveProcessorCount":
			first(&u.processors, f)
		case name == "ExitOnOutOfMemoryError", name == "CrashOnOutOfMemoryError", name == "OnOutOfMemoryError":
			first(&u.outOfMemory, f)
		case name == "IgnoreUnrecognizedVMOptions":
			first(&u.ignore, f)
		case name == "AlwaysActAsServerClassMachine", name == "NeverActAsServerClassMachine",
			strings.HasPrefix(name, "Use") && strings.HasSuffix(name, "GC"):
			first(&u.collector, f)
		}
	}
	return u
}
