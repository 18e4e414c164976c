// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// review is what an API server of v1.37 sends, cut to what is read.
func review(object string) string {
	return `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{
"uid":"705ab4f5-6393-11e8-b7cc-42010a800002",
"kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},
"requestKind":{"group":"","version":"v1","kind":"Pod"},"requestResource":{"group":"","version":"v1","resource":"pods"},
"namespace":"shop","operation":"CREATE","userInfo":{"username":"system:serviceaccount:kube-system:replicaset-controller"},
"object":` + object + `,"oldObject":null,"dryRun":false,"options":{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}`
}

// What is not a review at all is answered without the request's UID, which an
// API server takes for a failed call: then its failurePolicy decides. Everything
// else has the UID and the outcome that the administrator declared.
func TestServerAnswersReviews(t *testing.T) {
	h, _ := newTestHandler(v1alpha1.Policy{Mode: v1alpha1.ModeEnforce, OnError: v1alpha1.OnErrorAdmit}, marks)
	server := httptest.NewUnstartedServer(NewWebhook(h))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	const maxBody = 7 << 20
	tests := map[string]struct {
		body        string
		contentType string
		wantUID     bool
		wantAllowed bool
		wantPatch   bool
		wantMessage string
	}{
		"a pod":                       {body: review(plainPod), wantUID: true, wantAllowed: true, wantPatch: true},
		"not a pod":                   {body: review(`{"spec":[]}`), wantUID: true, wantAllowed: true},
		"no object":                   {body: review(`null`), wantUID: true, wantAllowed: true},
		"another object":              {body: `{"kind":"Pod","apiVersion":"v1"}`, wantAllowed: true},
		"not JSON":                    {body: `{`, wantMessage: "unexpected end of JSON input"},
		"nothing":                     {wantAllowed: true},
		"another content type":        {body: review(plainPod), contentType: "text/plain", wantMessage: "contentType=text/plain"},
		"as large as it may be":       {body: review(plainPod) + strings.Repeat(" ", maxBody-1-len(review(plainPod))), wantUID: true, wantAllowed: true, wantPatch: true},
		"one byte more than 7 MiB":    {body: review(plainPod) + strings.Repeat(" ", maxBody-len(review(plainPod))+1), wantMessage: "request entity is too large; limit is 7340032 bytes"},
		"JSON that is nested too far": {body: review(strings.Repeat("[", 100000)), wantMessage: "exceeded max depth"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if tc.contentType == "" {
				tc.contentType = "application/json"
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+Path+"?timeout=3s", strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", tc.contentType)
			resp, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			content, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			var got admissionv1.AdmissionReview
			if err := json.Unmarshal(content, &got); err != nil || got.Response == nil {
				t.Fatalf("the answer is no review (error %v): %s", err, content)
			}
			r := got.Response
			if hasUID := r.UID == "705ab4f5-6393-11e8-b7cc-42010a800002"; hasUID != tc.wantUID {
				t.Errorf("UID %q, want the request's: %v", r.UID, tc.wantUID)
			}
			if r.Allowed != tc.wantAllowed || (len(r.Patch) > 0) != tc.wantPatch {
				t.Errorf("allowed %v with patch %s; want %v, and a patch: %v", r.Allowed, r.Patch, tc.wantAllowed, tc.wantPatch)
			}
			if tc.wantUID && got.APIVersion != "admission.k8s.io/v1" {
				t.Errorf("apiVersion %q, want that of the request", got.APIVersion)
			}
			if tc.wantMessage != "" && !strings.Contains(r.Result.Message, tc.wantMessage) {
				t.Errorf("message %q, want %q", r.Result.Message, tc.wantMessage)
			}
		})
	}
}

// blocking is Namespaces that answers when the test lets it.
type blocking struct {
	entered chan struct{}
	release chan struct{}
}

func (b blocking) Labels(context.Context, string) (map[string]string, error) {
	b.entered <- struct{}{}
	<-b.release
	return nil, nil
}

func TestServerBoundsRequestsInFlight(t *testing.T) {
	b := blocking{entered: make(chan struct{}), release: make(chan struct{})}
	chain := &mutate.Chain{}
	webhook := NewWebhook(NewHandler(b, NewMetrics(prometheus.NewRegistry()), Settings{Chain: chain}))
	post := func(ctx context.Context) int {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, Path, bytes.NewBufferString(review(plainPod)))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		webhook.ServeHTTP(w, r)
		return w.Code
	}
	codes := make(chan int)
	for range maxInFlight {
		go func() { codes <- post(t.Context()) }()
		<-b.entered
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan int)
	go func() { waiting <- post(ctx) }()
	select {
	case <-b.entered:
		t.Error("one request too many is worked on")
	case code := <-waiting:
		t.Errorf("the request that has to wait got %d at once", code)
	default:
	}
	cancel()
	if code := <-waiting; code != http.StatusServiceUnavailable {
		t.Errorf("a request that gave up waiting got %d, want 503", code)
	}
	close(b.release)
	for range maxInFlight {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("a request in flight got %d, want 200", code)
		}
	}
}
