// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// advising is a feature that has a word on every resize.
type advising struct{ fakeMutator }

func (m advising) ResizeWarnings(r mutate.Resize) []string {
	if r.After.Name == "panics" {
		panic(explode())
	}
	return []string{r.Before.Labels["is"] + " becomes " + r.After.Labels["is"]}
}

// TestHandlerAdvisesOnResize says that a resize is only ever spoken of: it is
// never refused or changed, whatever is configured and whatever goes wrong.
func TestHandlerAdvisesOnResize(t *testing.T) {
	const (
		small = `{"metadata":{"name":"orders","labels":{"is":"small"},"annotations":{"evenkeel.io/status":"{\"features\":{\"first\":{}}}"}}}`
		large = `{"metadata":{"name":"orders","labels":{"is":"large"},"annotations":{"evenkeel.io/status":"{\"features\":{\"first\":{}}}"}}}`
	)
	for name, tc := range map[string]struct {
		namespace, before, after string
		want                     []string
		wantOutcome              string
	}{
		"a pod with a record":     {before: small, after: large, want: []string{"evenkeel first, small becomes large"}, wantOutcome: "advised"},
		"a pod without one":       {before: plainPod, after: plainPod, wantOutcome: "unchanged"},
		"a record that is broken": {before: small, after: `{"metadata":{"annotations":{"evenkeel.io/status":"{"}}}`, wantOutcome: "unchanged"},
		"a record of another feature": {before: small, after: `{"metadata":{"annotations":{"evenkeel.io/status":"{\"features\":{\"other\":{}}}"}}}`,
			wantOutcome: "unchanged"},
		"cannot be decoded":        {before: `{"spec":1}`, after: large, wantOutcome: "ignored/Undecodable"},
		"an unknown namespace":     {namespace: "elsewhere", before: small, after: large, wantOutcome: "ignored/NamespaceUnknown"},
		"a panic":                  {before: small, after: `{"metadata":{"name":"panics","annotations":{"evenkeel.io/status":"{\"features\":{\"first\":{}}}"}}}`, wantOutcome: "ignored/InternalError"},
		"a panic in the namespace": {namespace: "panics", before: small, after: large, wantOutcome: "ignored/InternalError"},
	} {
		t.Run(name, func(t *testing.T) {
			deny := &v1alpha1.Policy{Mode: v1alpha1.ModeEnforce, OnError: v1alpha1.OnErrorDeny}
			chain := &mutate.Chain{ConfigHash: "abc", Links: []mutate.Link{
				{Mutator: advising{fakeMutator{name: "first", do: marks}}, Policy: deny},
				{Mutator: fakeMutator{name: "second", do: func(*podspec.Editor) error { return nil }}, Policy: deny},
			}}
			h := NewHandler(namespaces, NewMetrics(prometheus.NewRegistry()), Settings{Chain: chain})
			if tc.namespace == "" {
				tc.namespace = "shop"
			}
			req := creation(tc.namespace, tc.after)
			req.Operation, req.SubResource = admissionv1.Update, "resize"
			req.OldObject = runtime.RawExtension{Raw: []byte(tc.before)}
			resp := h.Handle(t.Context(), req)
			if !resp.Allowed || len(resp.Patch) > 0 {
				t.Errorf("allowed is %v, the patch %s; want no more than warnings", resp.Allowed, resp.Patch)
			}
			if diff := cmp.Diff(tc.want, resp.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if got := resp.AuditAnnotations["outcome"]; got != tc.wantOutcome {
				t.Errorf("the outcome is %q; want %q", got, tc.wantOutcome)
			}
		})
	}
}
