// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// check is one condition of readiness.
type check struct {
	name string
	// ready returns nil, or what is missing.
	ready func() error
}

// health answers the kubelet's probes. Readiness needs every check; an instance
// that is not ready is not called, while its process is alive and trying.
type health struct {
	checks []check
	// server calls the server, which cannot answer before the checks pass.
	server   func() error
	draining atomic.Bool
}

func (h *health) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if missing := h.missing(); len(missing) > 0 {
			http.Error(w, strings.Join(missing, "\n"), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	return mux
}

// missing returns what keeps the instance from being ready, one line each.
func (h *health) missing() []string {
	if h.draining.Load() {
		return []string{"stopping"}
	}
	var out []string
	for _, c := range h.checks {
		if err := c.ready(); err != nil {
			out = append(out, c.name+": "+err.Error())
		}
	}
	if len(out) == 0 {
		if err := h.server(); err != nil {
			out = append(out, "server: "+err.Error())
		}
	}
	return out
}
