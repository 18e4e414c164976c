// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package version

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestKubernetesVersionIsThatOfTheModule(t *testing.T) {
	gomod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes (\S+)$`).FindSubmatch(gomod)
	if match == nil {
		t.Fatal("go.mod requires no k8s.io/kubernetes")
	}
	if got := string(match[1]); got != KubernetesVersion {
		t.Errorf("KubernetesVersion is %s, but go.mod requires k8s.io/kubernetes %s", KubernetesVersion, got)
	}
}

func TestStringNamesBothVersions(t *testing.T) {
	got := String("evenkeel-webhook")
	if !strings.HasPrefix(got, "evenkeel-webhook "+Version+" (Kubernetes "+KubernetesVersion+", go") {
		t.Errorf("got %q", got)
	}
}
