// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHealth(t *testing.T) {
	no := func() error { return errors.New("not yet") }
	yes := func() error { return nil }
	tests := map[string]struct {
		first, second, server func() error
		draining              bool
		wantCode              int
		wantBody              string
	}{
		"ready":            {first: yes, second: yes, server: yes, wantCode: 200, wantBody: "ok\n"},
		"all missing":      {first: no, second: no, server: no, wantCode: 503, wantBody: "first: not yet\nsecond: not yet\n"},
		"one missing":      {first: yes, second: no, server: yes, wantCode: 503, wantBody: "second: not yet\n"},
		"server missing":   {first: yes, second: yes, server: no, wantCode: 503, wantBody: "server: not yet\n"},
		"ready but ending": {first: yes, second: yes, server: yes, draining: true, wantCode: 503, wantBody: "stopping\n"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h := &health{checks: []check{{"first", tc.first}, {"second", tc.second}}, server: tc.server}
			h.draining.Store(tc.draining)
			for path, want := range map[string]struct {
				code int
				body string
			}{"/readyz": {tc.wantCode, tc.wantBody}, "/healthz": {http.StatusOK, "ok\n"}} {
				w := httptest.NewRecorder()
				h.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
				if w.Code != want.code || w.Body.String() != want.body {
					t.Errorf("%s: %d %q, want %d %q", path, w.Code, w.Body.String(), want.code, want.body)
				}
			}
		})
	}
}
