// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// annotations are the pod's forms of what wishesOf reads.
var annotations = []string{
	wellknown.JVMModeAnnotation, wellknown.JVMHeapPercentAnnotation, wellknown.JVMChannelAnnotation,
	wellknown.JVMProfileAnnotation, wellknown.JVMSizingAnnotation,
	wellknown.JVMMetaspaceAnnotation, wellknown.JVMCodeCacheAnnotation, wellknown.JVMThreadsAnnotation,
	wellknown.JVMDirectAnnotation, wellknown.JVMNativeAnnotation,
	wellknown.JVMHeapDumpAnnotation, wellknown.JVMHeapDumpVolumeAnnotation,
}

// Values of wellknown.JVMModeAnnotation and wellknown.JVMHeapDumpAnnotation.
const (
	modeAuto = "auto"
	modeOff  = "off"
	dumpOn   = "on"
	dumpOff  = "off"
)

// wishes are what a pod's annotations and the configuration say of one container.
type wishes struct {
	off bool
	// profile is the name of the profile that the settings are of, or "".
	profile string
	// settings with what the annotations change in them.
	settings v1alpha1.JVMSettings
	// heapAsked says that an annotation speaks of the heap.
	heapAsked bool
	// permille is the heap that is asked for in thousandths of the limit, or 0.
	permille int64
	channel  string
	dump     dumpWish
}

// dumpWish is what is said of heap dumps.
type dumpWish struct {
	on bool
	// volume that an annotation names, or "", and the key of that annotation.
	volume, key string
}

// named reports whether one of the feature's annotations names the container.
func named(pod *corev1.Pod, container string) bool {
	for _, a := range annotations {
		if _, ok := pod.Annotations[wellknown.ForContainer(a, container)]; ok {
			return true
		}
	}
	return false
}

// wishesOf reads the annotations for a container. The error is for the user.
func (m *Mutator) wishesOf(req *mutate.Request, pod *corev1.Pod, t target) (*wishes, error) {
	w := &wishes{}
	r := reader{pod: pod, container: t.Name}
	r.word(wellknown.JVMModeAnnotation, "a mode", map[string]func(){modeAuto: func() {}, modeOff: func() { w.off = true }})
	var err error
	if w.settings, w.profile, err = m.settingsFor(req, pod, t); err != nil {
		return nil, err
	}
	if w.channel, err = mutate.JavaChannel(pod, t.Name, w.settings.Channel); err != nil {
		return nil, err
	}
	_, _, w.heapAsked = podspec.Annotation(pod, wellknown.JVMProfileAnnotation, t.Name)
	heap := &w.settings.Heap
	r.word(wellknown.JVMSizingAnnotation, "a way to write the heap", map[string]func(){
		"percentage": func() { w.settings.Sizing, w.heapAsked = v1alpha1.SizingPercentage, true },
		"absolute":   func() { w.settings.Sizing, w.heapAsked = v1alpha1.SizingAbsolute, true },
		"none":       func() { w.settings.Sizing = v1alpha1.SizingNone },
	})
	r.each(wellknown.JVMHeapPercentAnnotation, func(value string) string {
		low, high := int64(*heap.Annotation.Min), int64(*heap.Annotation.Max)
		var ok bool
		w.permille, ok = parsePercent(value)
		if !ok || w.permille < low*10 || w.permille > high*10 {
			return fmt.Sprintf("is not a heap in percent; use a number from %d to %d with at most one decimal, such as 62.5", low, high)
		}
		w.heapAsked = true
		return ""
	})
	r.bytes(wellknown.JVMMetaspaceAnnotation, func(q *resource.Quantity) { heap.Metaspace = q })
	r.bytes(wellknown.JVMCodeCacheAnnotation, func(q *resource.Quantity) { heap.CodeCache = constant(q) })
	r.bytes(wellknown.JVMDirectAnnotation, func(q *resource.Quantity) { heap.Direct = constant(q) })
	r.bytes(wellknown.JVMNativeAnnotation, func(q *resource.Quantity) { heap.Native = constant(q) })
	r.each(wellknown.JVMThreadsAnnotation, func(value string) string {
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil || n > v1alpha1.MaxThreads {
			return fmt.Sprintf("is not a number of threads; use one from 0 to %d, such as 400", v1alpha1.MaxThreads)
		}
		threads := int32(n)
		heap.Threads = &threads
		return ""
	})
	r.heapDump(w)
	return w, r.err
}

// constant is a share that does not depend on the limit.
func constant(q *resource.Quantity) v1alpha1.Share {
	none := int32(0)
	return v1alpha1.Share{Percent: &none, Min: q}
}

// reader reads annotations for one container and keeps the first error.
type reader struct {
	pod       *corev1.Pod
	container string
	err       error
}

// each calls use with the value of an annotation, if there is one. It returns
// what is wrong with it, as the end of a sentence, or "".
func (r *reader) each(annotation string, use func(value string) string) {
	value, key, ok := podspec.Annotation(r.pod, annotation, r.container)
	if !ok || r.err != nil {
		return
	}
	if wrong := use(value); wrong != "" {
		r.err = fmt.Errorf("annotation %s: %s %s", key, mutate.Quote(value), wrong)
	}
}

// word reads an annotation that has one of a few values.
func (r *reader) word(annotation, what string, values map[string]func()) {
	r.each(annotation, func(value string) string {
		if set, ok := values[value]; ok {
			set()
			return ""
		}
		return "is not " + what + "; use " + orderedWords(values)
	})
}

// bytes reads an annotation that is an amount of memory.
func (r *reader) bytes(annotation string, set func(*resource.Quantity)) {
	r.each(annotation, func(value string) string {
		q, err := resource.ParseQuantity(value)
		if err != nil || q.Sign() < 0 || q.Value() > v1alpha1.MaxBytes {
			return "is not an amount of memory; use one from 0 to 1Pi, such as 200Mi"
		}
		set(&q)
		return ""
	})
}

// heapDump reads what is said of heap dumps.
func (r *reader) heapDump(w *wishes) {
	w.dump.on = w.settings.HeapDump.Mode == v1alpha1.HeapDumpAlways
	r.each(wellknown.JVMHeapDumpVolumeAnnotation, func(value string) string {
		w.dump.on, w.dump.volume = true, value
		_, w.dump.key, _ = podspec.Annotation(r.pod, wellknown.JVMHeapDumpVolumeAnnotation, r.container)
		if value == "" {
			return "is not a volume; name one of spec.volumes"
		}
		return ""
	})
	r.word(wellknown.JVMHeapDumpAnnotation, "a choice", map[string]func(){
		dumpOn: func() { w.dump.on = true }, dumpOff: func() { w.dump = dumpWish{} }})
}

var percentPattern = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9])?$`)

// parsePercent reads a percentage with at most one decimal, in thousandths.
func parsePercent(s string) (permille int64, ok bool) {
	if !percentPattern.MatchString(s) {
		return 0, false
	}
	whole, tenth, _ := strings.Cut(s, ".")
	if tenth == "" {
		tenth = "0"
	}
	permille, err := strconv.ParseInt(whole+tenth, 10, 64)
	return permille, err == nil
}
