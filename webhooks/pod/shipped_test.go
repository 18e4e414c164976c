// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod_test

import (
	"encoding/json"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/pod"
)

// TestHandlerPatchesApply runs all features of the shipped configuration one after
// another over pods that ask for more or less: what one adds, another edits. A
// patch that does not apply keeps the pod from being created, whatever the
// failurePolicy is.
func TestHandlerPatchesApply(t *testing.T) {
	for _, server := range []string{"1.34.0", "1.37.2"} {
		for name, resources := range map[string]string{
			"nothing":         "{}",
			"requests":        "{requests: {cpu: 100m, memory: 256Mi}}",
			"one limit":       "{limits: {memory: 1Gi}}",
			"limits":          "{limits: {cpu: '1', memory: 1Gi}}",
			"limits and disk": "{limits: {cpu: '1', memory: 1Gi, ephemeral-storage: 1Gi}}",
		} {
			t.Run(server+"/"+name, func(t *testing.T) {
				raw, err := yaml.YAMLToJSON([]byte("{metadata: {name: orders, annotations: {agent.evenkeel.io/inject: 'uav,otel', jvm.evenkeel.io/heap-dump: 'on'}}, " +
					"spec: {containers: [{name: app, image: 'r/app:jdk8', resources: " + resources + "}]}}"))
				if err != nil {
					t.Fatal(err)
				}
				h := pod.NewHandler(enabled{}, pod.NewMetrics(prometheus.NewRegistry()), pod.Settings{Chain: webhooks.NewChain(shipped(t))})
				h.SetServerVersion(version.MustParseSemantic(server))
				handle := func(raw []byte) admission.Response {
					return h.Handle(t.Context(), admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
						Operation: admissionv1.Create, Namespace: "shop", Resource: metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
						Object: runtime.RawExtension{Raw: raw}}})
				}
				resp := handle(raw)
				if !resp.Allowed || resp.AuditAnnotations["agent"] != "done" && resp.AuditAnnotations["agent"] != "done/AgentStorage" {
					t.Fatalf("allowed is %v, and %v", resp.Allowed, resp.AuditAnnotations)
				}
				patch, err := jsonpatch.DecodePatch(resp.Patch)
				if err != nil {
					t.Fatal(err)
				}
				patched, err := patch.Apply(raw)
				if err != nil {
					t.Fatalf("the patch does not apply: %v\n%s", err, resp.Patch)
				}
				if !json.Valid(patched) {
					t.Fatalf("the patch makes %s", patched)
				}
				if again := handle(patched); len(again.Patch) > 0 {
					t.Errorf("a second pass changes the pod: %s", again.Patch)
				}
			})
		}
	}
}
