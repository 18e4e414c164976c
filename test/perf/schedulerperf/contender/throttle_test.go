// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package contender

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/flowcontrol"
	fwk "k8s.io/kube-scheduler/framework"
)

type countingBinder struct {
	fwk.BindPlugin
	bound int
}

func (b *countingBinder) Bind(context.Context, fwk.CycleState, *corev1.Pod, string) *fwk.Status {
	b.bound++
	return nil
}

// TestThrottledBinderWaitsForItsTurn: with a bucket of one that is never filled
// again, the second pod is not bound.
func TestThrottledBinderWaitsForItsTurn(t *testing.T) {
	binder := &countingBinder{}
	throttled := &throttledBinder{BindPlugin: binder, limiter: flowcontrol.NewTokenBucketRateLimiter(1e-9, 1)}
	if status := throttled.Bind(t.Context(), nil, &corev1.Pod{}, "n"); !status.IsSuccess() || binder.bound != 1 {
		t.Errorf("the first pod: %v, %d bound", status, binder.bound)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status := throttled.Bind(ctx, nil, &corev1.Pod{}, "n"); status.IsSuccess() || binder.bound != 1 {
		t.Errorf("the second pod: %v, %d bound", status, binder.bound)
	}
}
