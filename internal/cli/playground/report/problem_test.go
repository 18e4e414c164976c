// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLinesGroupPodsOfAWorkload(t *testing.T) {
	web := WorkloadRef{"Deployment", "web"}
	pending := func(pod, message string) Problem {
		return Problem{Code: PodPending, Namespace: "shop", Workload: web, Pod: pod, Message: message}
	}
	got := Lines([]Problem{
		{Code: PodCount, Namespace: "shop", Workload: web, Message: "has 3 of 4 pods"},
		pending("web-1", "no node"),
		pending("web-2", "no scheduler"),
		pending("web-3", "no node"),
		{Code: PodPending, Namespace: "other", Workload: web, Pod: "web-4", Message: "no node"},
		{Code: RecordMissing, Namespace: "shop", Workload: web, Pod: "web-1", Message: "no node"},
	})
	want := []string{
		"Deployment shop/web: has 3 of 4 pods (PodCount)",
		"Pod shop/web-1 and 1 more of Deployment web: no node (PodPending)",
		"Pod shop/web-2: no scheduler (PodPending)",
		"Pod other/web-4: no node (PodPending)",
		"Pod shop/web-1: no node (RecordMissing)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Lines() (-want +got):\n%s", diff)
	}
}
