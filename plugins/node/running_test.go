// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"testing"

	"github.com/containerd/nri/pkg/api"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/plugins/node/pids"
)

// What runtimes answer to a change of two running containers, of which the first
// has 64 pids and the second none.
func TestChangeRecordsWhatBecameOfIt(t *testing.T) {
	type outcome struct {
		Effective int64
		Reason    pids.Reason
		Told      bool
	}
	const silent = "the runtime gives no reason; its log has it"
	tests := map[string]struct {
		ended      bool
		failed     []*api.ContainerUpdate
		err        error
		want       map[string]outcome
		wantDetail string
	}{
		"done":                    {want: map[string]outcome{"a": {512, pids.ReasonAnnotation, true}, "b": {512, pids.ReasonAnnotation, true}}},
		"refused":                 {err: errors.New("busy"), wantDetail: "busy", want: map[string]outcome{"a": {64, ReasonUpdateFailed, true}, "b": {0, ReasonUpdateFailed, true}}},
		"refused without a word":  {failed: []*api.ContainerUpdate{{}}, wantDetail: silent, want: map[string]outcome{"a": {64, ReasonUpdateFailed, true}, "b": {0, ReasonUpdateFailed, true}}},
		"the connection is ended": {ended: true, want: map[string]outcome{"a": {64, pids.ReasonAnnotation, false}, "b": {0, pids.ReasonAnnotation, false}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := New(klog.Logger{}, pids.New(v1alpha1.NodePids{}), NewMetrics(prometheus.NewRegistry()), true)
			decision := pids.Decision{Wanted: 512, Limit: 512, Reason: pids.ReasonAnnotation}
			var list []update
			for id, effective := range map[string]int64{"a": 64, "b": 0} {
				r := newRecord(&api.PodSandbox{Name: "pod"}, &api.Container{Id: id, Name: id}, decision)
				r.effective = effective
				p.records.put(r)
				list = append(list, update{r, decision})
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tc.ended {
				cancel()
			}
			told := map[string]bool{}
			p.change(ctx, list, func(updates []*api.ContainerUpdate) ([]*api.ContainerUpdate, error) {
				for _, u := range updates {
					told[u.GetContainerId()] = true
				}
				return tc.failed, tc.err
			})
			got := map[string]outcome{}
			for _, r := range p.records.list() {
				got[r.id] = outcome{r.effective, r.reason, told[r.id]}
				if r.detail != tc.wantDetail {
					t.Errorf("container %s: detail %q, want %q", r.id, r.detail, tc.wantDetail)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("the containers (-want +got):\n%s", diff)
			}
		})
	}
}
