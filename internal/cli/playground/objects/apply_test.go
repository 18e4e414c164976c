// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package objects

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

// apiServer answers what an Applier asks and notes what it applies. refuse answers
// a request for a path once with a failure.
type apiServer struct {
	mu      sync.Mutex
	applied []string
	refuse  map[string]*metav1.Status
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	answer := func(code int, body any) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(body)
	}
	resource := func(name, kind string, namespaced bool) metav1.APIResource {
		return metav1.APIResource{Name: name, Kind: kind, Namespaced: namespaced, Verbs: metav1.Verbs{"patch"}}
	}
	version := metav1.GroupVersionForDiscovery{GroupVersion: "apps/v1", Version: "v1"}
	switch {
	case r.URL.Path == "/api":
		answer(200, metav1.APIVersions{Versions: []string{"v1"}})
	case r.URL.Path == "/apis":
		answer(200, metav1.APIGroupList{Groups: []metav1.APIGroup{{Name: "apps", Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version}}})
	case r.URL.Path == "/api/v1":
		answer(200, metav1.APIResourceList{GroupVersion: "v1", APIResources: []metav1.APIResource{
			resource("namespaces", "Namespace", false), resource("configmaps", "ConfigMap", true), resource("pods", "Pod", true)}})
	case r.URL.Path == "/apis/apps/v1":
		answer(200, metav1.APIResourceList{GroupVersion: "apps/v1", APIResources: []metav1.APIResource{resource("deployments", "Deployment", true)}})
	case r.Method != http.MethodPatch:
		answer(404, metav1.Status{Status: metav1.StatusFailure, Reason: metav1.StatusReasonNotFound})
	case s.refuse[r.URL.Path] != nil:
		status := s.refuse[r.URL.Path]
		delete(s.refuse, r.URL.Path)
		status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		answer(int(status.Code), status)
	default:
		if r.URL.Query().Get("fieldValidation") != "Strict" || r.URL.Query().Get("fieldManager") != "evenkeel-playground" {
			answer(400, metav1.Status{Status: metav1.StatusFailure, Reason: metav1.StatusReasonBadRequest, Message: "query " + r.URL.RawQuery})
			return
		}
		s.applied = append(s.applied, strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/apis/apps/v1/"))
		w.Header().Set("Warning", `299 - "mind this"`)
		answer(200, map[string]any{"apiVersion": "v1", "kind": "Thing", "metadata": map[string]any{"name": "x"}})
	}
}

// apply applies documents and returns what was warned of.
func apply(t *testing.T, handler *apiServer, documents ...string) (string, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	var warnings bytes.Buffer
	applier, err := NewApplier(&rest.Config{Host: server.URL}, &warnings)
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadFS(fstest.MapFS{"a.yaml": {Data: []byte(strings.Join(documents, "---\n"))}}, "a.yaml")
	if err != nil {
		t.Fatal(err)
	}
	err = applier.Apply(t.Context(), list)
	return warnings.String(), err
}

const (
	deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
	pod        = "apiVersion: v1\nkind: Pod\nmetadata: {name: bare}\n"
	namespace  = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
)

func TestApplyOrdersByWhoNeedsWhom(t *testing.T) {
	server := &apiServer{}
	if _, err := apply(t, server, deployment, configMap("b"), pod, configMap("a"), namespace); err != nil {
		t.Fatal(err)
	}
	want := []string{"namespaces/shop", "namespaces/default/configmaps/b", "namespaces/default/configmaps/a",
		"namespaces/shop/deployments/web", "namespaces/default/pods/bare"}
	if diff := cmp.Diff(want, server.applied); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}

func TestApplyWaitsForTheServiceAccount(t *testing.T) {
	server := &apiServer{refuse: map[string]*metav1.Status{"/api/v1/namespaces/default/pods/bare": {
		Status: metav1.StatusFailure, Code: 403, Reason: metav1.StatusReasonForbidden,
		Message: `pods "bare" is forbidden: error looking up service account default/default: serviceaccount "default" not found`,
	}}}
	if _, err := apply(t, server, pod); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"namespaces/default/pods/bare"}, server.applied); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}

func TestApplyTellsWhoseFaultItIs(t *testing.T) {
	const path = "/apis/apps/v1/namespaces/shop/deployments/web"
	failure := func(code int32, reason metav1.StatusReason, message string) map[string]*metav1.Status {
		return map[string]*metav1.Status{path: {Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
	}
	tests := map[string]struct {
		server   *apiServer
		document string
		want     string
		// wantInput says that the user's file is at fault.
		wantInput bool
	}{
		"an invalid value": {
			server:    &apiServer{refuse: failure(422, metav1.StatusReasonInvalid, "spec.selector: Required value")},
			document:  deployment,
			want:      "a.yaml, document 1 (Deployment shop/web): spec.selector: Required value",
			wantInput: true,
		},
		"a namespace for an object that is in none": {
			server:    &apiServer{},
			document:  "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, namespace: shop}\n",
			want:      "a.yaml, document 1 (Namespace shop/shop): metadata.namespace is set, but objects of this kind are in no namespace: leave it out",
			wantInput: true,
		},
		"a kind that the server does not have": {
			server:    &apiServer{},
			document:  "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n",
			want:      `a.yaml, document 1 (Thing a): no matches for kind "Thing" in version "example.com/v1"`,
			wantInput: true,
		},
		"a failure of the server": {
			server:   &apiServer{refuse: failure(500, metav1.StatusReasonInternalError, "etcd is gone")},
			document: deployment,
			want:     "applying Deployment shop/web: etcd is gone",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := apply(t, tc.server, tc.document)
			if err == nil || err.Error() != tc.want {
				t.Errorf("Apply() = %v, want %s", err, tc.want)
			}
			if input := (*manifest.Error)(nil); errors.As(err, &input) != tc.wantInput {
				t.Errorf("Apply() = %#v, want one about the input: %v", err, tc.wantInput)
			}
		})
	}
}

func TestApplyPassesWarningsOnOnce(t *testing.T) {
	warnings, err := apply(t, &apiServer{}, configMap("a"), configMap("b"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "Warning: mind this\n"; warnings != want {
		t.Errorf("warnings are %q, want %q", warnings, want)
	}
}
