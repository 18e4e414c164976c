// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

const binderName = "BindInMemory"

// outcome is what became of a pod.
type outcome struct {
	pod  *corev1.Pod
	node string
	err  error
}

// binder takes the place of DefaultBinder. It reports a pod at PostBind, which
// is the last thing that a binding cycle does.
type binder struct {
	scheduler *Scheduler
}

var _ fwk.BindPlugin = binder{}
var _ fwk.PostBindPlugin = binder{}

func (s *Scheduler) newBinder(context.Context, runtime.Object, fwk.Handle) (fwk.Plugin, error) {
	return binder{scheduler: s}, nil
}

// Name returns the name of the plugin.
func (binder) Name() string { return binderName }

// Bind has nothing to do: there is nobody to tell.
func (binder) Bind(context.Context, fwk.CycleState, *corev1.Pod, string) *fwk.Status { return nil }

// PostBind reports the pod as placed.
func (b binder) PostBind(_ context.Context, _ fwk.CycleState, pod *corev1.Pod, node string) {
	b.scheduler.outcomes <- outcome{pod: pod, node: node}
}

// failed takes the place of the scheduler's own handler, which would put the
// pod back into the queue.
func (s *Scheduler) failed(_ context.Context, _ framework.Framework, info *framework.QueuedPodInfo, status *fwk.Status, _ *fwk.NominatingInfo, _ time.Time) {
	s.outcomes <- outcome{pod: info.Pod, err: status.AsError()}
}

// dropEvents is a recorder that records nothing.
type dropEvents struct{}

var _ events.EventRecorderLogger = dropEvents{}

// Eventf drops an event.
func (dropEvents) Eventf(_, _ runtime.Object, _, _, _, _ string, _ ...any) {}

// WithLogger returns the recorder itself, which logs nothing.
func (d dropEvents) WithLogger(klog.Logger) events.EventRecorderLogger { return d }
