// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// MaxThreads bounds the number of threads in a budget.
const MaxThreads = 100000

// MaxBytes bounds every amount of memory in a budget, so that sums cannot
// overflow: 1 PiB.
const MaxBytes = maxBytes

// HeapBudget is what a container's memory limit has to hold besides the heap.
// The heap is the rest, as a percentage of the limit between a floor and a
// ceiling:
//
//	heap = clamp((limit - metaspace - codeCache - threads * threadStack
//	              - direct - native - agents) / limit, floor, ceiling)
//
// It is written as a percentage, which a JVM takes of the limit that it reads
// from its cgroup. One that cannot read it (on cgroup v2 before 8u372, 11.0.16
// and 15) takes it of the host's memory, and one before 8u191 does not start with
// it: give such workloads a profile with maxRAM or release, or switch them off.
//
// The shape is that of the Cloud Foundry memory calculator; the numbers differ
// because nothing here is a hard cap: they are what a JVM uses, not what it may.
type HeapBudget struct {
	// Metaspace is the memory of loaded classes. Default: 100Mi, which holds about
	// 15,000 classes at the 5,800 bytes that the calculator counts for each.
	Metaspace *resource.Quantity `json:"metaspace,omitempty"`
	// CodeCache is compiled code. Default: 6 % of the limit, 64Mi to 128Mi. A JVM
	// reserves 240Mi of addresses and commits what it compiles.
	CodeCache Share `json:"codeCache,omitempty"`
	// Threads is the number of threads. Default: 250, the calculator's: Tomcat's
	// pool of 200 and the JVM's own.
	Threads *int32 `json:"threads,omitempty"`
	// ThreadStack is the memory that a thread's stack really uses. Default: 256Ki of
	// the 1Mi that is reserved.
	ThreadStack *resource.Quantity `json:"threadStack,omitempty"`
	// Direct is memory of direct buffers. Default: 3 % of the limit, 32Mi to 64Mi;
	// the calculator's 10Mi starves Netty.
	Direct Share `json:"direct,omitempty"`
	// Native is what else the process uses: collector structures, malloc arenas,
	// libraries. Default: 5 % of the limit.
	Native Share `json:"native,omitempty"`
	// Agents is the memory of injected agents by their names in the catalogue, where
	// it is to be another than the catalogue's. Default: none.
	Agents map[string]resource.Quantity `json:"agents,omitempty"`
	// FloorPercent is the least heap, in percent of the limit, even when the budget
	// leaves less. Default: 40.
	FloorPercent *int32 `json:"floorPercent,omitempty"`
	// CeilingPercent is the most heap. Default: 80.
	CeilingPercent *int32 `json:"ceilingPercent,omitempty"`
	// MinimumLimit is the memory limit, less what is reserved for agents, under which
	// no heap is set, because the floor would take what the JVM itself needs; the
	// JVM then takes half of the limit of itself. Default: 128Mi.
	MinimumLimit *resource.Quantity `json:"minimumLimit,omitempty"`
	// Annotation bounds what a pod may ask for with jvm.evenkeel.io/heap-percent.
	// Default: 10 to 90.
	Annotation PercentRange `json:"annotation,omitempty"`
}

// Share is a part of a memory limit: a percentage within bounds. One that is
// written out takes the place of the default one as a whole.
type Share struct {
	// Percent of the limit, 0 to 50. Default: 0.
	Percent *int32 `json:"percent,omitempty"`
	// Min is the least, whatever the limit. Default: 0.
	Min *resource.Quantity `json:"min,omitempty"`
	// Max is the most; absent: no bound.
	Max *resource.Quantity `json:"max,omitempty"`
}

// Of returns the share of a limit, in bytes.
func (s Share) Of(limit int64) int64 {
	p := int64(*s.Percent)
	// Divided first: limits are bounded by int64 alone.
	bytes := limit/100*p + limit%100*p/100
	if s.Max != nil {
		bytes = min(bytes, s.Max.Value())
	}
	return max(bytes, s.Min.Value())
}

// PercentRange is a range of percentages, both ends included.
type PercentRange struct {
	// Min is the least that may be asked for, 1 to 95.
	Min *int32 `json:"min,omitempty"`
	// Max is the most that may be asked for, 1 to 95.
	Max *int32 `json:"max,omitempty"`
}

func (b *HeapBudget) setDefaults() {
	setQuantity(&b.Metaspace, "100Mi")
	b.CodeCache.setDefaults(6, "64Mi", "128Mi")
	setDefaultTo(&b.Threads, 250)
	setQuantity(&b.ThreadStack, "256Ki")
	b.Direct.setDefaults(3, "32Mi", "64Mi")
	b.Native.setDefaults(5, "0", "")
	setDefaultTo(&b.FloorPercent, 40)
	setDefaultTo(&b.CeilingPercent, 80)
	setQuantity(&b.MinimumLimit, "128Mi")
	setDefaultTo(&b.Annotation.Min, 10)
	setDefaultTo(&b.Annotation.Max, 90)
}

// setDefaults fills in a share that the file left out. One that it wrote out has
// no bounds but its own.
func (s *Share) setDefaults(percent int32, minimum, maximum string) {
	if *s == (Share{}) {
		s.Percent = ptr.To(percent)
		setQuantity(&s.Min, minimum)
		if maximum != "" {
			setQuantity(&s.Max, maximum)
		}
	}
	s.setBounds()
}

// setBounds fills in what a share that is written out leaves out.
func (s *Share) setBounds() {
	setDefaultTo(&s.Percent, 0)
	setQuantity(&s.Min, "0")
}

// inherit fills in what the budget of a profile leaves out.
func (b *HeapBudget) inherit(from *HeapBudget) {
	b.Metaspace = cmp.Or(b.Metaspace, from.Metaspace)
	b.CodeCache = cmp.Or(b.CodeCache, from.CodeCache)
	b.Threads = cmp.Or(b.Threads, from.Threads)
	b.ThreadStack = cmp.Or(b.ThreadStack, from.ThreadStack)
	b.Direct = cmp.Or(b.Direct, from.Direct)
	b.Native = cmp.Or(b.Native, from.Native)
	agents := maps.Clone(from.Agents)
	for name, q := range b.Agents {
		if agents == nil {
			agents = map[string]resource.Quantity{}
		}
		agents[name] = q
	}
	b.Agents = agents
	b.FloorPercent = cmp.Or(b.FloorPercent, from.FloorPercent)
	b.CeilingPercent = cmp.Or(b.CeilingPercent, from.CeilingPercent)
	b.MinimumLimit = cmp.Or(b.MinimumLimit, from.MinimumLimit)
	b.Annotation.Min = cmp.Or(b.Annotation.Min, from.Annotation.Min)
	b.Annotation.Max = cmp.Or(b.Annotation.Max, from.Annotation.Max)
	for _, s := range []*Share{&b.CodeCache, &b.Direct, &b.Native} {
		s.setBounds()
	}
}

func (b *HeapBudget) validate(path *field.Path) field.ErrorList {
	errs := validateBytes(path.Child("metaspace"), b.Metaspace)
	errs = append(errs, b.CodeCache.validate(path.Child("codeCache"))...)
	errs = append(errs, validateRange(path.Child("threads"), *b.Threads, 0, MaxThreads)...)
	errs = append(errs, validateBytes(path.Child("threadStack"), b.ThreadStack)...)
	errs = append(errs, b.Direct.validate(path.Child("direct"))...)
	errs = append(errs, b.Native.validate(path.Child("native"))...)
	for _, name := range slices.Sorted(maps.Keys(b.Agents)) {
		q := b.Agents[name]
		errs = append(errs, validateBytes(path.Child("agents").Key(name), &q)...)
	}
	errs = append(errs, validatePercents(path.Child("floorPercent"), path.Child("ceilingPercent"), *b.FloorPercent, *b.CeilingPercent)...)
	errs = append(errs, validateBytes(path.Child("minimumLimit"), b.MinimumLimit)...)
	annotation := path.Child("annotation")
	return append(errs, validatePercents(annotation.Child("min"), annotation.Child("max"), *b.Annotation.Min, *b.Annotation.Max)...)
}

func (s *Share) validate(path *field.Path) field.ErrorList {
	errs := validateRange(path.Child("percent"), *s.Percent, 0, 50)
	errs = append(errs, validateBytes(path.Child("min"), s.Min)...)
	if s.Max == nil {
		return errs
	}
	errs = append(errs, validateBytes(path.Child("max"), s.Max)...)
	if s.Max.Cmp(*s.Min) < 0 {
		errs = append(errs, field.Invalid(path.Child("max"), s.Max.String(), "must not be less than min"))
	}
	return errs
}

// validatePercents checks a range of heap percentages. Above 95 a JVM has no
// room to start in.
func validatePercents(lowPath, highPath *field.Path, low, high int32) field.ErrorList {
	errs := validateRange(lowPath, low, 1, 95)
	errs = append(errs, validateRange(highPath, high, 1, 95)...)
	if len(errs) == 0 && low > high {
		errs = append(errs, field.Invalid(lowPath, low, "must not be more than "+highPath.String()))
	}
	return errs
}
