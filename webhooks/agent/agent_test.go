// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// shipped returns the catalogue of the shipped configuration.
func shipped(tb testing.TB) *v1alpha1.AgentFeature {
	tb.Helper()
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", manifests.AdmissionConfiguration)
	if err != nil {
		tb.Fatalf("loading the shipped configuration: %v", err)
	}
	return &cfg.Features.Agent
}

// TestMutatorGoldens injects from the shipped catalogue. Cases whose names say
// so are on a server before image volumes, or on one of unknown version.
func TestMutatorGoldens(t *testing.T) {
	requestFor := func(name string) mutate.Request {
		req := mutatortest.DefaultRequest()
		switch {
		case strings.HasSuffix(name, "init-container"), name == "restricted":
			req.ServerVersion = version.MustParseSemantic("v1.35.4")
		case name == "server-unknown":
			req.ServerVersion = nil
		}
		return req
	}
	mutatortest.RunGoldens(t, requestFor, agent.New(shipped(t)))
}
