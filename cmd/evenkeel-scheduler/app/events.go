// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	kubescheduler "k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// leaveOutScheduled makes the profiles of a scheduler that has not begun write no
// Events of pods that were placed. The recorder of a profile cannot be had before scheduler.New
// has made it, and is read off the profile for each Event, so it is the profile
// that gets another.
func leaveOutScheduled(sched *kubescheduler.Scheduler) {
	for name, profile := range sched.Profiles {
		sched.Profiles[name] = &quietProfile{Framework: profile, recorder: withoutScheduled{profile.EventRecorder()}}
	}
}

// quietProfile is a profile with another recorder. What the plugins have is the
// profile itself, so their Events (Preempted is one) go past it.
type quietProfile struct {
	framework.Framework
	recorder events.EventRecorderLogger
}

// EventRecorder returns the recorder that the scheduler writes its own Events to.
func (p *quietProfile) EventRecorder() events.EventRecorderLogger { return p.recorder }

// withoutScheduled is a recorder that leaves out the Event of a pod that was placed
// (Scheduler.finishBinding in k8s.io/kubernetes/pkg/scheduler/schedule_one.go).
type withoutScheduled struct{ events.EventRecorderLogger }

// Eventf records an event, if it is another one.
func (r withoutScheduled) Eventf(regarding, related runtime.Object, eventType, reason, action, note string, args ...any) {
	if eventType == corev1.EventTypeNormal && reason == "Scheduled" {
		return
	}
	r.EventRecorderLogger.Eventf(regarding, related, eventType, reason, action, note, args...)
}

// WithLogger returns such a recorder with another logger.
func (r withoutScheduled) WithLogger(logger klog.Logger) events.EventRecorderLogger {
	return withoutScheduled{r.EventRecorderLogger.WithLogger(logger)}
}
