// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutatortest

import (
	"encoding/json"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	patchops "gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"
	kjson "sigs.k8s.io/json"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Check runs the chain over a pod in JSON and fails the test if one of the
// package's promises does not hold. It returns the outcomes for what else the
// test wants to know.
func Check(tb testing.TB, chain *mutate.Chain, req mutate.Request, raw []byte) *mutate.Outcomes {
	tb.Helper()
	pod := decode(tb, raw)
	if req.Workload == (mutate.Workload{}) {
		req.Workload = mutate.WorkloadOf(pod)
	}
	before := pod.DeepCopy()
	out := chain.Run(req, pod)

	for _, f := range out.Features {
		if f.Report.Pod.Code == mutate.CodeInternal {
			tb.Fatalf("%s failed by a fault of its own: %v\n%s", f.Name, f.Err, f.Stack)
		}
	}
	if diff := cmp.Diff(before, pod); diff != "" {
		tb.Errorf("the pod that was given in changed (-before +after):\n%s", diff)
	}
	if out.Denied != "" {
		if len(out.Operations) > 0 {
			tb.Errorf("the pod is denied, yet there are %d operations", len(out.Operations))
		}
		return out
	}

	patched := applyOperations(tb, raw, out.Operations)
	if diff := cmp.Diff(out.Pod, decode(tb, patched), cmpopts.EquateEmpty()); diff != "" {
		tb.Errorf("the patched document is not the pod that the mutators left (-mutators +patched):\n%s", diff)
	}
	checkSecondPass(tb, "a second pass", chain, req, decode(tb, patched))
	checkSecondPass(tb, "a second pass after the API server's defaults", chain, req, withDefaults(out.Pod))
	checkUnknownFields(tb, chain, req, raw)
	checkValid(tb, before, out.Pod)
	return out
}

func checkSecondPass(tb testing.TB, what string, chain *mutate.Chain, req mutate.Request, pod *corev1.Pod) {
	tb.Helper()
	again := chain.Run(req, pod)
	if again.Denied != "" {
		tb.Errorf("%s denies the pod: %s", what, again.Denied)
	}
	for _, op := range again.Operations {
		tb.Errorf("%s changes the pod: %s", what, op.Json())
	}
}

func decode(tb testing.TB, raw []byte) *corev1.Pod {
	tb.Helper()
	pod := &corev1.Pod{}
	// As the API server decodes: names of fields have one spelling.
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, pod); err != nil {
		tb.Fatalf("decoding the pod: %v", err)
	}
	return pod
}

// applyOperations applies operations to a document as the API server does.
func applyOperations(tb testing.TB, raw []byte, ops []patchops.Operation) []byte {
	tb.Helper()
	if len(ops) == 0 {
		return raw
	}
	content, err := json.Marshal(ops)
	if err != nil {
		tb.Fatalf("encoding the patch: %v", err)
	}
	patch, err := jsonpatch.DecodePatch(content)
	if err != nil {
		tb.Fatalf("the operations are not a JSON Patch: %v\n%s", err, content)
	}
	patched, err := patch.Apply(raw)
	if err != nil {
		tb.Fatalf("the patch does not apply: %v\n%s", err, content)
	}
	return patched
}
