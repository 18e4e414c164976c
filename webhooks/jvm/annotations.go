// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// annotations are the pod's forms of what wishesOf reads.
var annotations = []string{wellknown.JVMModeAnnotation, wellknown.JVMHeapPercentAnnotation, wellknown.JVMChannelAnnotation}

// Values of wellknown.JVMModeAnnotation.
const (
	modeAuto = "auto"
	modeOff  = "off"
)

// wishes are what a pod's annotations say of one container.
type wishes struct {
	off bool
	// permille is the heap that is asked for in thousandths of the limit, or 0.
	permille int64
	channel  string
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
func wishesOf(cfg *v1alpha1.JVMFeature, pod *corev1.Pod, container string) (wishes, error) {
	var w wishes
	var err error
	if w.channel, err = mutate.JavaChannel(pod, container, cfg.Channel); err != nil {
		return w, err
	}
	if value, key, ok := podspec.Annotation(pod, wellknown.JVMModeAnnotation, container); ok {
		if value != modeAuto && value != modeOff {
			return w, fmt.Errorf("annotation %s: %s is not a mode; use %s or %s", key, mutate.Quote(value), modeAuto, modeOff)
		}
		w.off = value == modeOff
	}
	if value, key, ok := podspec.Annotation(pod, wellknown.JVMHeapPercentAnnotation, container); ok {
		low, high := int64(*cfg.Heap.Annotation.Min), int64(*cfg.Heap.Annotation.Max)
		w.permille, ok = parsePercent(value)
		if !ok || w.permille < low*10 || w.permille > high*10 {
			return w, fmt.Errorf("annotation %s: %s is not a heap in percent; use a number from %d to %d with at most one decimal, such as 62.5",
				key, mutate.Quote(value), low, high)
		}
	}
	return w, nil
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
