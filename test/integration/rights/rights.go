// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rights reads the rights that a page of the documentation says a command
// needs, so that tests give a user those and no others.
package rights

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

var block = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Documented returns the rules of the ClusterRole in a page of docs/.
func Documented(t *testing.T, page string) []rbacv1.PolicyRule {
	t.Helper()
	root, err := binaries.FindRoot()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range block.FindAllSubmatch(content, -1) {
		var role rbacv1.ClusterRole
		if yaml.UnmarshalStrict(found[1], &role) == nil && role.Kind == "ClusterRole" {
			return role.Rules
		}
	}
	t.Fatalf("docs/%s has no ClusterRole", page)
	return nil
}
