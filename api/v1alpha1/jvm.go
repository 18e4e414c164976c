// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// JVMFeature configures the jvm feature: heap and processors from a container's
// limits.
type JVMFeature struct {
	Policy             `json:",inline"`
	ContainerSelection `json:",inline"`

	// Channel is the environment variable that carries the options, unless the pod
	// chooses another by annotation: JAVA_TOOL_OPTIONS, which every JVM reads, its
	// tools such as jcmd and keytool included, or JDK_JAVA_OPTIONS, which the java
	// launcher reads since JDK 9. A value that the image itself gives the variable
	// cannot be seen in a pod and is hidden by it; choose the other one for such an
	// image. Default: JAVA_TOOL_OPTIONS.
	Channel string `json:"channel,omitempty"`

	// Heap is the budget that the heap is computed from.
	Heap HeapBudget `json:"heap,omitempty"`

	// Processors says who counts the processors. Default: Limit.
	Processors ProcessorCount `json:"processors,omitempty"`

	// ServerClass says when the JVM is told to choose its collector as on a server.
	ServerClass ServerClass `json:"serverClass,omitempty"`

	// ExitOnOutOfMemory ends the JVM at its first OutOfMemoryError, so that the
	// kubelet restarts a container that would go on half dead. Default: true.
	ExitOnOutOfMemory *bool `json:"exitOnOutOfMemory,omitempty"`
}

// ProcessorCount says who counts the processors of a JVM.
type ProcessorCount string

const (
	// ProcessorsLimit writes the CPU limit, rounded up, into the options. It is the
	// default because it holds on every JVM: those before 8u372, 11.0.16 and 15
	// cannot read a cgroup v2 limit and start threads for every processor of the
	// host. A change of the limit in place is seen at the next restart, which
	// is also when a JVM resizes its collector.
	ProcessorsLimit ProcessorCount = "Limit"
	// ProcessorsJVM leaves the count to the JVM, which then follows a CPU limit that
	// is resized in place. Only for fleets whose JVMs all read cgroup v2.
	ProcessorsJVM ProcessorCount = "JVM"
)

// ServerClassMode says whether a JVM is told that it runs on a server.
type ServerClassMode string

const (
	// ServerClassAuto tells it where HotSpot would not see it by itself.
	ServerClassAuto ServerClassMode = "Auto"
	// ServerClassOff leaves it to HotSpot.
	ServerClassOff ServerClassMode = "Off"
)

// ServerClass says when a JVM is told that it runs on a server. HotSpot takes
// the serial collector with less than two processors or less than 1792MiB; with
// two processors and a limit below that, a parallel one serves better. The flag
// AlwaysActAsServerClassMachine moves the choice, and yields to any collector
// that the user chose.
type ServerClass struct {
	// Mode is Auto or Off. Default: Auto.
	Mode ServerClassMode `json:"mode,omitempty"`
	// MinMemory is the memory limit from which Auto applies. Default: 1Gi.
	MinMemory *resource.Quantity `json:"minMemory,omitempty"`
}

// Channels are the environment variables that may carry JVM options.
var Channels = []string{wellknown.JavaToolOptions, wellknown.JDKJavaOptions}

func (f *JVMFeature) setDefaults() {
	f.Policy.setDefaults()
	f.ContainerSelection.setDefaults()
	f.Heap.setDefaults()
	f.Channel = cmp.Or(f.Channel, wellknown.JavaToolOptions)
	f.Processors = cmp.Or(f.Processors, ProcessorsLimit)
	f.ServerClass.Mode = cmp.Or(f.ServerClass.Mode, ServerClassAuto)
	setQuantity(&f.ServerClass.MinMemory, "1Gi")
	setDefaultTo(&f.ExitOnOutOfMemory, true)
}

func (f *JVMFeature) validate(path *field.Path) field.ErrorList {
	errs := f.Policy.validate(path)
	errs = append(errs, f.ContainerSelection.validate(path)...)
	errs = append(errs, validateOneOf(path.Child("channel"), f.Channel, Channels)...)
	errs = append(errs, validateOneOf(path.Child("processors"), f.Processors, []ProcessorCount{ProcessorsLimit, ProcessorsJVM})...)
	errs = append(errs, validateOneOf(path.Child("serverClass", "mode"), f.ServerClass.Mode, []ServerClassMode{ServerClassAuto, ServerClassOff})...)
	errs = append(errs, validateBytes(path.Child("serverClass", "minMemory"), f.ServerClass.MinMemory)...)
	return append(errs, f.Heap.validate(path.Child("heap"))...)
}
