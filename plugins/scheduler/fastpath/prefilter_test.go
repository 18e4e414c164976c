// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package fastpath

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// TestPreFilterRunsOnce also where the fast path asked for it and the original
// function asks again. The original must say what it says by itself.
func TestPreFilterRunsOnce(t *testing.T) {
	softly := []corev1.Taint{{Key: "old", Effect: corev1.TaintEffectPreferNoSchedule}}
	for name, tc := range map[string]struct {
		pod    *corev1.Pod
		taints []corev1.Taint
		want   reason
	}{
		"placed":                 {pod: testPod().Obj(), want: placed},
		"asked for once only":    {pod: testPod().NominatedNodeName("node-007").Obj(), want: nominated},
		"no candidate fits":      {pod: testPod().Req(map[corev1.ResourceName]string{"cpu": "65"}).Obj(), want: noneFits},
		"scored, and not taken":  {pod: testPod().Obj(), taints: softly, want: softTaint},
		"PreFilter names a node": {pod: testPod().NodeAffinityIn("metadata.name", []string{"node-005"}, st.NodeSelectorTypeMatchFields).Obj(), want: namedNodes},
		"PreFilter names a node that is not": {
			pod: testPod().NodeAffinityIn("metadata.name", []string{"node-999"}, st.NodeSelectorTypeMatchFields).Obj(), want: namedNodes},
		"PreFilter rejects the pod": {pod: testPod().Annotation("spread.evenkeel.io/max-per-host", "few").Obj(), want: preFilter},
	} {
		t.Run(name, func(t *testing.T) {
			var all []*corev1.Node
			for i := range 200 {
				all = append(all, labelled(i).Taints(tc.taints).Obj())
			}
			h := newHallOf(t, all, 0, probedProfile)
			for cycle := range 2 {
				before := counted(t, tc.want)
				_, err := h.schedule(t, tc.pod)
				if got := counted(t, tc.want) - before; got != 1 {
					t.Fatalf("%s was counted %v times, want 1", tc.want, got)
				}
				if h.probe.preFilters != cycle+1 {
					t.Errorf("PreFilter ran %d times in %d cycles", h.probe.preFilters, cycle+1)
				}
				_, wantErr := h.scheduleBy(t, h.plain, framework.NewCycleState(), tc.pod)
				h.probe.preFilters--
				if diff := cmp.Diff(explained(wantErr), explained(err)); diff != "" {
					t.Errorf("the verdict (-original +fast path):\n%s", diff)
				}
			}
		})
	}
}

// explained is what an error says of a pod that fits nowhere.
func explained(err error) map[string]any {
	var fit *framework.FitError
	if !errors.As(err, &fit) {
		return map[string]any{"error": fmt.Sprint(err)}
	}
	said := map[string]any{
		"error": err.Error(), "nodes": fit.NumAllNodes, "message of PreFilter": fit.Diagnosis.PreFilterMsg,
		"plugins": fit.Diagnosis.UnschedulablePlugins, "pending plugins": fit.Diagnosis.PendingPlugins,
		"other nodes": fit.Diagnosis.NodeToStatus.AbsentNodesStatus().Message(),
	}
	fit.Diagnosis.NodeToStatus.ForEachExplicitNode(func(node string, status *fwk.Status) {
		said[node] = fmt.Sprint(status.Code(), status.Plugin(), status.Reasons())
	})
	return said
}
