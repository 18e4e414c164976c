// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
)

// Queued is what a plugin says for the scheduling queue.
type Queued interface {
	fwk.EnqueueExtensions
	fwk.SignPlugin
}

// SameQueued compares what a guard does not touch: the signatures of some pods, and
// the events that can make a rejected pod schedulable, which all need a queueing hint.
func SameQueued(t *testing.T, inTree, guarded Queued, pods ...*corev1.Pod) {
	t.Helper()
	for _, pod := range pods {
		want, wantStatus := inTree.SignPod(t.Context(), pod)
		got, gotStatus := guarded.SignPod(t.Context(), pod)
		if diff := cmp.Diff(want, got); diff != "" || wantStatus.Code() != gotStatus.Code() {
			t.Errorf("the signature of %s: %v, want %v (-want +got):\n%s", pod.UID, gotStatus, wantStatus, diff)
		}
	}
	if diff := cmp.Diff(eventsOf(t, inTree), eventsOf(t, guarded)); diff != "" {
		t.Errorf("events (-in-tree +guarded):\n%s", diff)
	}
}

func eventsOf(t *testing.T, pl fwk.EnqueueExtensions) []fwk.ClusterEvent {
	t.Helper()
	registered, err := pl.EventsToRegister(t.Context())
	Must(t, err)
	var events []fwk.ClusterEvent
	for _, event := range registered {
		if event.QueueingHintFn == nil {
			t.Errorf("%v has no queueing hint", event.Event)
		}
		events = append(events, event.Event)
	}
	return events
}
