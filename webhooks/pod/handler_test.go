// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// fakeMutator is a feature whose behaviour the test chooses.
type fakeMutator struct {
	name string
	do   func(e *podspec.Editor) error
}

func (m fakeMutator) Name() string    { return m.name }
func (m fakeMutator) Paths() []string { return []string{"/metadata/annotations/*"} }

func (m fakeMutator) Mutate(_ *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	return &mutate.Report{}, m.do(e)
}

func marks(e *podspec.Editor) error { e.SetAnnotation("marked", "yes"); return nil }
func panics(*podspec.Editor) error  { return explode() }
func refuses(*podspec.Editor) error {
	return errors.New(`annotation x.evenkeel.io/y: no "z"; remove the annotation`)
}

// explode panics as a programming error does.
func explode(errs ...error) error { return errs[0] }

// fakeNamespaces answers from a map; what is not in it is not known.
type fakeNamespaces map[string]map[string]string

func (f fakeNamespaces) Labels(_ context.Context, namespace string) (map[string]string, error) {
	if namespace == "panics" {
		return nil, explode()
	}
	labels, ok := f[namespace]
	if !ok {
		return nil, errors.New("the webhook does not know the namespace " + namespace + " yet")
	}
	return labels, nil
}

var namespaces = fakeNamespaces{
	"shop":        {wellknown.InjectionLabel: wellknown.InjectionEnabled},
	"own":         {wellknown.InjectionLabel: wellknown.InjectionEnabled},
	"kube-system": {wellknown.InjectionLabel: wellknown.InjectionEnabled},
	"plain":       {},
}

// newTestHandler returns a handler with one feature named "first" that always
// works and one named "second" that does what the test says.
func newTestHandler(policy v1alpha1.Policy, do func(*podspec.Editor) error) (*Handler, *prometheus.Registry) {
	reg := prometheus.NewRegistry()
	chain := &mutate.Chain{Version: "v0", ConfigHash: "abc", Links: []mutate.Link{
		{Mutator: fakeMutator{name: "first", do: func(e *podspec.Editor) error { e.SetAnnotation("first", "yes"); return nil }},
			Policy: &v1alpha1.Policy{Mode: v1alpha1.ModeEnforce, OnError: v1alpha1.OnErrorAdmit}},
		{Mutator: fakeMutator{name: "second", do: do}, Policy: &policy},
	}}
	return NewHandler(namespaces, NewMetrics(reg), Settings{Chain: chain, Excluded: []string{"own"}}), reg
}

func creation(namespace, object string) admission.Request {
	return admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		UID: "1", Operation: admissionv1.Create, Namespace: namespace,
		Resource: metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
		Object:   runtime.RawExtension{Raw: []byte(object)},
	}}
}

const plainPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"orders-"},"spec":{"containers":[{"name":"app"}]}}`

// Every way in which something can go wrong has the outcome that is declared.
func TestHandlerErrorPaths(t *testing.T) {
	const unknown = "the webhook does not know the namespace elsewhere yet"
	const again = "; try again, or ask the platform team if it persists"
	tests := map[string]struct {
		do        func(*podspec.Editor) error
		namespace string
		object    string
		// wantWarning is what is told when the feature says Admit, wantDenied when it
		// says Deny.
		wantWarning, wantDenied string
		// wantFirst says that the other feature still works when the pod is admitted.
		wantFirst bool
	}{
		"the pod asks for what cannot be": {
			do: refuses, wantFirst: true,
			wantWarning: `evenkeel second: annotation x.evenkeel.io/y: no "z"; remove the annotation`,
			wantDenied:  `evenkeel second: annotation x.evenkeel.io/y: no "z"; remove the annotation`,
		},
		"a mutator panics": {
			do: panics, wantFirst: true,
			wantWarning: "evenkeel second: failed inside Evenkeel; the webhook's log has the cause",
			wantDenied:  "evenkeel second: failed inside Evenkeel; the webhook's log has the cause",
		},
		"the pod cannot be decoded": {
			do: marks, object: `{"spec":{"containers":"none"}}`,
			wantWarning: "evenkeel: admitted without first, second: the pod cannot be decoded",
			wantDenied:  "evenkeel second: the pod cannot be decoded" + again,
		},
		"there is no pod": {
			do: marks, object: " ",
			wantWarning: "evenkeel: admitted without first, second: the pod cannot be decoded",
			wantDenied:  "evenkeel second: the pod cannot be decoded" + again,
		},
		"the namespace is not in the cache": {
			do: marks, namespace: "elsewhere",
			wantWarning: "evenkeel: admitted without first, second: " + unknown,
			wantDenied:  "evenkeel second: " + unknown + again,
		},
		"a panic outside the mutators": {
			do: marks, namespace: "panics",
			wantWarning: "evenkeel: admitted without first, second: failed inside Evenkeel; the webhook's log has the cause",
			wantDenied:  "evenkeel second: failed inside Evenkeel; the webhook's log has the cause" + again,
		},
	}
	for name, tc := range tests {
		if tc.namespace == "" {
			tc.namespace = "shop"
		}
		if tc.object == "" {
			tc.object = plainPod
		}
		t.Run(name+"/Admit", func(t *testing.T) {
			h, _ := newTestHandler(v1alpha1.Policy{Mode: v1alpha1.ModeEnforce, OnError: v1alpha1.OnErrorAdmit}, tc.do)
			resp := h.Handle(t.Context(), creation(tc.namespace, tc.object))
			if !resp.Allowed {
				t.Errorf("the pod was refused: %s", resp.Result.Message)
			}
			if diff := cmp.Diff([]string{tc.wantWarning}, resp.Warnings); diff != "" {
				t.Errorf("Warnings (-want +got):\n%s", diff)
			}
			if got := strings.Contains(string(resp.Patch), `"first":"yes"`); got != tc.wantFirst {
				t.Errorf("the patch has the other feature's change: %v, want %v\n%s", got, tc.wantFirst, resp.Patch)
			}
			if strings.Contains(string(resp.Patch), "marked") {
				t.Errorf("the patch has a change of the failed feature: %s", resp.Patch)
			}
		})
		t.Run(name+"/Deny", func(t *testing.T) {
			h, _ := newTestHandler(v1alpha1.Policy{Mode: v1alpha1.ModeEnforce, OnError: v1alpha1.OnErrorDeny}, tc.do)
			resp := h.Handle(t.Context(), creation(tc.namespace, tc.object))
			if resp.Allowed {
				t.Errorf("the pod was admitted with patch %s", resp.Patch)
			}
			if diff := cmp.Diff(tc.wantDenied, resp.Result.Message); diff != "" {
				t.Errorf("Message (-want +got):\n%s", diff)
			}
			if len(resp.Patch) > 0 || resp.Result.Code != 403 {
				t.Errorf("code %d, patch %s; want 403 and no patch", resp.Result.Code, resp.Patch)
			}
		})
		t.Run(name+"/Observe with Deny", func(t *testing.T) {
			h, _ := newTestHandler(v1alpha1.Policy{Mode: v1alpha1.ModeObserve, OnError: v1alpha1.OnErrorDeny}, tc.do)
			if resp := h.Handle(t.Context(), creation(tc.namespace, tc.object)); !resp.Allowed {
				t.Errorf("a feature that only observes refused the pod: %s", resp.Result.Message)
			}
		})
	}
}

func TestHandlerAnswers(t *testing.T) {
	enforce := v1alpha1.Policy{Mode: v1alpha1.ModeEnforce, OnError: v1alpha1.OnErrorAdmit}
	tests := map[string]struct {
		namespace string
		object    string
		change    func(*admission.Request)
		wantAudit map[string]string
		wantPatch bool
		want      []string
	}{
		"a pod in an enabled namespace": {
			namespace: "shop", object: plainPod, wantPatch: true,
			wantAudit: map[string]string{"outcome": "patched", "config": "abc", "first": "done", "second": "done"},
		},
		"a dry run": {
			namespace: "shop", object: plainPod, wantPatch: true,
			change:    func(r *admission.Request) { dry := true; r.DryRun = &dry },
			wantAudit: map[string]string{"outcome": "patched", "config": "abc", "first": "done", "second": "done"},
		},
		"the label is not enabled": {
			namespace: "plain", object: plainPod,
			wantAudit: map[string]string{"outcome": "ignored/NamespaceNotEnabled"},
		},
		"the pod switches off": {
			namespace: "shop", object: `{"metadata":{"labels":{"evenkeel.io/injection":"disabled"}}}`,
			wantAudit: map[string]string{"outcome": "ignored/PodDisabled"},
		},
		"the pod switches off where the namespace is not known": {
			namespace: "elsewhere", object: `{"metadata":{"labels":{"evenkeel.io/injection":"disabled"}}}`,
			wantAudit: map[string]string{"outcome": "ignored/PodDisabled"},
		},
		"the pod's label means nothing": {
			namespace: "shop", object: `{"metadata":{"labels":{"evenkeel.io/injection":"off"}}}`, wantPatch: true,
			wantAudit: map[string]string{"outcome": "patched", "config": "abc", "first": "done", "second": "done"},
			want:      []string{"evenkeel: the pod's label evenkeel.io/injection is ignored: it must be enabled or disabled"},
		},
		"a system namespace": {
			namespace: "kube-system", object: plainPod,
			wantAudit: map[string]string{"outcome": "ignored/ExcludedNamespace"},
		},
		"the webhook's own namespace": {
			namespace: "own", object: plainPod,
			wantAudit: map[string]string{"outcome": "ignored/ExcludedNamespace"},
		},
		"a mirror pod": {
			namespace: "shop", object: `{"metadata":{"annotations":{"kubernetes.io/config.mirror":"x"}}}`,
			wantAudit: map[string]string{"outcome": "ignored/MirrorPod"},
		},
		"an update": {
			namespace: "shop", object: plainPod, change: func(r *admission.Request) { r.Operation = admissionv1.Update },
			wantAudit: map[string]string{"outcome": "ignored/NotACreation"},
		},
		"a subresource": {
			namespace: "shop", object: plainPod, change: func(r *admission.Request) { r.SubResource = "binding" },
			wantAudit: map[string]string{"outcome": "ignored/NotACreation"},
		},
		"another resource": {
			namespace: "shop", object: plainPod, change: func(r *admission.Request) { r.Resource.Resource = "services" },
			wantAudit: map[string]string{"outcome": "ignored/NotACreation"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h, _ := newTestHandler(enforce, marks)
			req := creation(tc.namespace, tc.object)
			if tc.change != nil {
				tc.change(&req)
			}
			resp := h.Handle(t.Context(), req)
			if !resp.Allowed {
				t.Errorf("refused: %s", resp.Result.Message)
			}
			if diff := cmp.Diff(tc.wantAudit, resp.AuditAnnotations); diff != "" {
				t.Errorf("AuditAnnotations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.want, resp.Warnings); diff != "" {
				t.Errorf("Warnings (-want +got):\n%s", diff)
			}
			if !tc.wantPatch {
				if len(resp.Patch) > 0 {
					t.Errorf("patch %s, want none", resp.Patch)
				}
				return
			}
			if resp.PatchType == nil || *resp.PatchType != admissionv1.PatchTypeJSONPatch {
				t.Errorf("PatchType = %v, want JSONPatch", resp.PatchType)
			}
			patch, err := jsonpatch.DecodePatch(resp.Patch)
			if err != nil {
				t.Fatalf("the patch is not a JSON Patch: %v", err)
			}
			patched, err := patch.Apply(req.Object.Raw)
			if err != nil {
				t.Fatalf("the patch does not apply: %v", err)
			}
			var pod corev1.Pod
			if err := json.Unmarshal(patched, &pod); err != nil {
				t.Fatalf("decoding the patched pod: %v", err)
			}
			if pod.Annotations["first"] != "yes" || pod.Annotations["marked"] != "yes" || pod.Annotations[wellknown.StatusAnnotation] == "" {
				t.Errorf("annotations %v, want both features' and the record", pod.Annotations)
			}
			// The reinvocation of the webhook finds nothing left to do.
			req.Object.Raw = patched
			if again := h.Handle(t.Context(), req); len(again.Patch) > 0 || again.AuditAnnotations["outcome"] != "unchanged" {
				t.Errorf("a second pass: %s with patch %s, want unchanged", again.AuditAnnotations["outcome"], again.Patch)
			}
		})
	}
}

func TestHandlerTakesNewSettings(t *testing.T) {
	h, _ := newTestHandler(v1alpha1.Policy{Mode: v1alpha1.ModeEnforce, OnError: v1alpha1.OnErrorAdmit}, marks)
	if resp := h.Handle(t.Context(), creation("shop", plainPod)); len(resp.Patch) == 0 {
		t.Fatalf("no patch under the first settings")
	}
	h.SetSettings(Settings{Chain: &mutate.Chain{ConfigHash: "def"}, Excluded: []string{"own"}})
	resp := h.Handle(t.Context(), creation("shop", plainPod))
	if len(resp.Patch) > 0 || resp.AuditAnnotations["config"] != "def" {
		t.Errorf("patch %s under configuration %s, want none under def", resp.Patch, resp.AuditAnnotations["config"])
	}
}

func TestHandlerCounts(t *testing.T) {
	h, reg := newTestHandler(v1alpha1.Policy{Mode: v1alpha1.ModeEnforce, OnError: v1alpha1.OnErrorAdmit}, refuses)
	for _, ns := range []string{"shop", "shop", "plain", "elsewhere"} {
		h.Handle(t.Context(), creation(ns, plainPod))
	}
	want := `
# HELP evenkeel_webhook_features_total Pods by feature, outcome of the feature (done, skipped, observed, failed) and reason code.
# TYPE evenkeel_webhook_features_total counter
evenkeel_webhook_features_total{feature="first",outcome="done",reason=""} 2
evenkeel_webhook_features_total{feature="first",outcome="failed",reason="NamespaceUnknown"} 1
evenkeel_webhook_features_total{feature="second",outcome="failed",reason="Error"} 2
evenkeel_webhook_features_total{feature="second",outcome="failed",reason="NamespaceUnknown"} 1
# HELP evenkeel_webhook_requests_total Admission requests by outcome (patched, unchanged, advised, ignored, denied, failed) and, where there is one, the reason code.
# TYPE evenkeel_webhook_requests_total counter
evenkeel_webhook_requests_total{outcome="failed",reason="NamespaceUnknown"} 1
evenkeel_webhook_requests_total{outcome="ignored",reason="NamespaceNotEnabled"} 1
evenkeel_webhook_requests_total{outcome="patched",reason=""} 2
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "evenkeel_webhook_requests_total", "evenkeel_webhook_features_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(reg, "evenkeel_webhook_patch_bytes", "evenkeel_webhook_request_duration_seconds"); err != nil || n != 4 {
		t.Errorf("%d series of patch bytes and durations (error %v), want 1 and 3", n, err)
	}
}
