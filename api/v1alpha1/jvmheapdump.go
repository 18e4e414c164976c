// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"path"
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// HeapDumpMode says which JVMs write a heap dump when they run out of memory.
type HeapDumpMode string

const (
	// HeapDumpNever means that none does, whatever annotations say.
	HeapDumpNever HeapDumpMode = "Never"
	// HeapDumpOnRequest means that those do whose pod asks for it by annotation.
	HeapDumpOnRequest HeapDumpMode = "OnRequest"
	// HeapDumpAlways means that all do, unless an annotation says off.
	HeapDumpAlways HeapDumpMode = "Always"
)

// HeapDump says whether and where a JVM writes its heap when it runs out of
// memory. A dump holds what the service had in memory, secrets among it. The JVM
// writes it before it ends by exitOnOutOfMemory.
type HeapDump struct {
	// Mode is Never, OnRequest or Always. Default: OnRequest.
	Mode HeapDumpMode `json:"mode,omitempty"`
	// Volume is the name of a volume that a pod may bring for its dumps, such as a
	// PersistentVolumeClaim. Each pod has a folder of its own on it. A pod without
	// such a volume, and without an annotation that names another, gets an emptyDir,
	// which goes with the pod. Default: none.
	Volume string `json:"volume,omitempty"`
	// MountPath is where the folder appears in the container. Default:
	// /evenkeel-heapdump.
	MountPath string `json:"mountPath,omitempty"`
	// SizePercent is the size limit of that emptyDir, in percent of the memory limit
	// of each container that dumps to it. A pod that goes over it is evicted, so
	// it must hold a dump of the largest heap. A dump writes a reference as 8 bytes
	// and each object with a head of 25, so one of many small objects is some 1.7
	// times the heap (measured on JDK 17: a HashMap of Integers). Default: 150.
	SizePercent *int32 `json:"sizePercent,omitempty"`
}

func (d *HeapDump) setDefaults() {
	d.Mode = cmp.Or(d.Mode, HeapDumpOnRequest)
	d.MountPath = cmp.Or(d.MountPath, "/evenkeel-heapdump")
	setDefaultTo(&d.SizePercent, 150)
}

func (d *HeapDump) inherit(from *HeapDump) {
	d.Mode = cmp.Or(d.Mode, from.Mode)
	d.Volume = cmp.Or(d.Volume, from.Volume)
	d.MountPath = cmp.Or(d.MountPath, from.MountPath)
	d.SizePercent = cmp.Or(d.SizePercent, from.SizePercent)
}

// mountPathPattern leaves out what a JVM or a shell would take apart.
var mountPathPattern = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`)

func (d *HeapDump) validate(p *field.Path) field.ErrorList {
	errs := validateOneOf(p.Child("mode"), d.Mode, []HeapDumpMode{HeapDumpNever, HeapDumpOnRequest, HeapDumpAlways})
	if d.Volume != "" {
		for _, msg := range validation.IsDNS1123Label(d.Volume) {
			errs = append(errs, field.Invalid(p.Child("volume"), d.Volume, msg))
		}
	}
	if !mountPathPattern.MatchString(d.MountPath) || path.Clean(d.MountPath) != d.MountPath {
		errs = append(errs, field.Invalid(p.Child("mountPath"), d.MountPath, "must be an absolute path of letters, digits, '.', '_' and '-', such as /evenkeel-heapdump"))
	}
	return append(errs, validateRange(p.Child("sizePercent"), *d.SizePercent, 50, 400)...)
}
