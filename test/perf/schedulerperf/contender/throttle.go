// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package contender

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/flowcontrol"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultbinder"
)

// ThrottledBinder is the name of the binder that binds no faster than the client
// of a kube-scheduler as it is shipped. The scheduler's other requests, a status
// for each pod that fits nowhere, would go through the same client and are not
// held up here: the real one is slower still.
const ThrottledBinder = "ThrottledBinder"

type throttledBinder struct {
	fwk.BindPlugin
	limiter flowcontrol.RateLimiter
}

func newThrottledBinder(ctx context.Context, _ runtime.Object, handle fwk.Handle) (fwk.Plugin, error) {
	binder, err := defaultbinder.New(ctx, nil, handle)
	if err != nil {
		return nil, err
	}
	cfg, err := latest.Default()
	if err != nil {
		return nil, err
	}
	client := cfg.ClientConnection
	return &throttledBinder{
		BindPlugin: binder.(fwk.BindPlugin),
		limiter:    flowcontrol.NewTokenBucketRateLimiter(client.QPS, int(client.Burst)),
	}, nil
}

// Name returns the name of the plugin.
func (b *throttledBinder) Name() string { return ThrottledBinder }

// Bind waits for its turn, then binds as DefaultBinder does.
func (b *throttledBinder) Bind(ctx context.Context, state fwk.CycleState, pod *corev1.Pod, node string) *fwk.Status {
	if err := b.limiter.Wait(ctx); err != nil {
		return fwk.AsStatus(err)
	}
	return b.BindPlugin.Bind(ctx, state, pod, node)
}
