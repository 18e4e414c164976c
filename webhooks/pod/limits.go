// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const (
	// maxInFlight is how many requests are read and answered at once. One takes well
	// under a millisecond and at most 7 MiB (controller-runtime's limit of a body),
	// so this bounds memory and not throughput; more wait for their turn.
	maxInFlight = 64
	// readTimeout is how long a client may take to send a request. API servers give
	// a webhook 30 seconds at most for everything.
	readTimeout = 10 * time.Second
)

// NewWebhook returns the HTTP handler that decodes admission reviews for h and
// protects it from too many and too slow requests.
func NewWebhook(h *Handler) http.Handler {
	webhook := &admission.Webhook{
		Handler: h,
		// Only what finds the request again in the audit log; the handler adds the pod.
		LogConstructor: func(base logr.Logger, req *admission.Request) logr.Logger {
			if req == nil {
				return base
			}
			return base.WithValues("requestID", req.UID)
		},
	}
	slots := make(chan struct{}, maxInFlight)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-r.Context().Done():
			http.Error(w, "too many requests in flight", http.StatusServiceUnavailable)
			return
		}
		// A connection that knows no deadline is a test's.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout))
		webhook.ServeHTTP(w, r)
	})
}
