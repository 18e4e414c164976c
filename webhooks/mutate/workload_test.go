// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWorkloadOfAPod(t *testing.T) {
	yes, no := true, false
	owner := func(kind, name string, controller *bool) []metav1.OwnerReference {
		return []metav1.OwnerReference{{Kind: kind, Name: name, Controller: controller}}
	}
	for name, tc := range map[string]struct {
		pod  metav1.ObjectMeta
		want Workload
	}{
		"a ReplicaSet that a Deployment made": {
			pod: metav1.ObjectMeta{
				Labels:          map[string]string{"pod-template-hash": "5b6d788957"},
				OwnerReferences: owner("ReplicaSet", "checkout-5b6d788957", &yes),
			},
			want: Workload{Kind: "Deployment", Name: "checkout"},
		},
		"a ReplicaSet of its own": {
			pod:  metav1.ObjectMeta{OwnerReferences: owner("ReplicaSet", "checkout", &yes)},
			want: Workload{Kind: "ReplicaSet", Name: "checkout"},
		},
		"a StatefulSet": {
			pod:  metav1.ObjectMeta{OwnerReferences: owner("StatefulSet", "ledger", &yes)},
			want: Workload{Kind: "StatefulSet", Name: "ledger"},
		},
		"a Job that a CronJob made": {
			pod:  metav1.ObjectMeta{OwnerReferences: owner("Job", "statements-29663280", &yes)},
			want: Workload{Kind: "CronJob", Name: "statements"},
		},
		"a Job that a person named for a date": {
			pod:  metav1.ObjectMeta{OwnerReferences: owner("Job", "statements-20261123", &yes)},
			want: Workload{Kind: "Job", Name: "statements-20261123"},
		},
		"a Job that a person made": {
			pod:  metav1.ObjectMeta{OwnerReferences: owner("Job", "statements-2026", &yes)},
			want: Workload{Kind: "Job", Name: "statements-2026"},
		},
		"an owner that does not control it": {
			pod:  metav1.ObjectMeta{Name: "debug", OwnerReferences: owner("Job", "statements", &no)},
			want: Workload{Name: "debug"},
		},
		"a bare pod with a generated name": {
			pod:  metav1.ObjectMeta{GenerateName: "debug-"},
			want: Workload{Name: "debug-"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := WorkloadOf(&corev1.Pod{ObjectMeta: tc.pod}); got != tc.want {
				t.Errorf("WorkloadOf() = %+v, want %+v", got, tc.want)
			}
		})
	}
}
