// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// preFilterOnce is a profile for one scheduling cycle, in which PreFilter runs once
// though both the fast path and the original function ask for it.
//
// The second has the answer of the first, and finds the state as the first left
// it. That is what PreFilter would do again: the snapshot is the same, and nothing
// between the two changes the state that PreFilter leaves. Filter works on clones of
// it where it adds pods on trial, and PreScore writes under keys of its own.
type preFilterOnce struct {
	framework.Framework

	ran       bool
	result    *fwk.PreFilterResult
	status    *fwk.Status
	rejecting sets.Set[string]
}

// RunPreFilterPlugins runs the PreFilter plugins the first time, and answers the
// same each further time.
func (o *preFilterOnce) RunPreFilterPlugins(ctx context.Context, state fwk.CycleState, pod *corev1.Pod) (*fwk.PreFilterResult, *fwk.Status, sets.Set[string]) {
	if !o.ran {
		o.result, o.status, o.rejecting = o.Framework.RunPreFilterPlugins(ctx, state, pod)
		o.ran = true
	}
	return o.result, o.status, o.rejecting
}
