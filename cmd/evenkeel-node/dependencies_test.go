// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/golden"
)

// forbidden are what a daemon on every node must not link: what talks to an API
// server, and what promises no API.
var forbidden = []string{"k8s.io/client-go", "k8s.io/kubernetes", "k8s.io/apiserver", "sigs.k8s.io/controller-runtime", "github.com/evenkeel/evenkeel/webhooks"}

// The daemon runs on every node: what it links is looked at whenever it grows.
func TestDependenciesStayFew(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Fields(string(out))
	slices.Sort(list)
	for _, pkg := range list {
		for _, f := range forbidden {
			if pkg == f || strings.HasPrefix(pkg, f+"/") {
				t.Errorf("evenkeel-node links %s: it holds no API client and nothing of Kubernetes' own", pkg)
			}
		}
	}
	golden.Check(t, "testdata/dependencies.txt", []byte(strings.Join(list, "\n")+"\n"))
}
