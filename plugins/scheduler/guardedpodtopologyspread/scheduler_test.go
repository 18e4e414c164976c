// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedpodtopologyspread

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// TestRejectedPodIsScheduledWhenTheBlockerIsGone has a placed pod in the only zone, so
// that the incoming one of the same application, which asks for two zones, must wait.
func TestRejectedPodIsScheduledWhenTheBlockerIsGone(t *testing.T) {
	guardtest.Blocked{
		Plugins: plugins(),
		Blocker: st.MakePod().Namespace("shop").Name("blocker").UID("blocker").Label("app", "web").Node("n").Obj(),
		Constrain: func(pod *corev1.Pod) {
			constraint := with(overZones(corev1.DoNotSchedule), domains(2))
			constraint.LabelSelector = &metav1.LabelSelector{MatchLabels: pod.Labels}
			pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{constraint}
		},
		Message: "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints",
	}.IsScheduledWhenTheBlockerIsGone(t)
}
