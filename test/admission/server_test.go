// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// webhook is a mutating webhook as an API server knows it.
type webhook struct {
	name string
	// ifNeeded is its reinvocationPolicy: it is called again when something has changed
	// the pod after it.
	ifNeeded bool
	call     func(*corev1.Pod) error
}

// create takes a pod through admission as an API server does: its own plugins,
// the webhooks in order, and, when a webhook has changed the pod, both once more,
// of the webhooks those that are to be reinvoked
// (k8s.io/apiserver/pkg/admission/reinvocation.go and
// plugin/webhook/mutating/dispatcher.go).
func create(pod *corev1.Pod, order []webhook) (*corev1.Pod, error) {
	pod = pod.DeepCopy()
	mountToken(pod)
	var called []int
	again, changed := map[int]bool{}, false
	invoke := func(i int) error {
		before := pod.DeepCopy()
		if err := order[i].call(pod); err != nil {
			return fmt.Errorf("%s: %w", order[i].name, err)
		}
		if !equality.Semantic.DeepEqual(before, pod) {
			changed = true
			for _, j := range called {
				again[j] = true
			}
			called = nil
		}
		if order[i].ifNeeded {
			called = append(called, i)
		}
		return nil
	}
	for i := range order {
		if err := invoke(i); err != nil {
			return nil, err
		}
	}
	if !changed {
		return pod, nil
	}
	before := pod.DeepCopy()
	mountToken(pod)
	if !equality.Semantic.DeepEqual(before, pod) {
		for _, i := range called {
			again[i] = true
		}
	}
	for i := range order {
		if !again[i] {
			continue
		}
		if err := invoke(i); err != nil {
			return nil, err
		}
	}
	return pod, nil
}
