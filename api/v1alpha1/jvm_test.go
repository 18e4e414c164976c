// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

// load loads a configuration that has only this under features.
func load(features string) (*v1alpha1.AdmissionConfiguration, error) {
	return v1alpha1.LoadAdmissionConfiguration("test.yaml", []byte(
		"apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\nfeatures: "+features+"\n"))
}

// TestShippedJVMIsTheDefault keeps the numbers that the shipped file shows in
// step with those that an empty one means.
func TestShippedJVMIsTheDefault(t *testing.T) {
	content, err := os.ReadFile("../../manifests/base/webhook/config.yaml")
	if err != nil {
		t.Fatalf("reading the shipped configuration: %v", err)
	}
	shipped, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", content)
	if err != nil {
		t.Fatalf("the shipped configuration does not load: %v", err)
	}
	empty, err := load("{}")
	if err != nil {
		t.Fatalf("an empty configuration does not load: %v", err)
	}
	if diff := cmp.Diff(empty.Features.JVM, shipped.Features.JVM); diff != "" {
		t.Errorf("the shipped jvm section is not the default (-default +shipped):\n%s", diff)
	}
}

func TestJVMFeatureRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		jvm  string
		want string
	}{
		"unknown field":             {"{heap: {percent: 75}}", `unknown field "features.jvm.heap.percent"`},
		"channel":                   {"{channel: _JAVA_OPTIONS}", "features.jvm.channel: Unsupported value"},
		"processors":                {"{processors: Host}", "features.jvm.processors: Unsupported value"},
		"server class":              {"{serverClass: {mode: Always}}", "features.jvm.serverClass.mode: Unsupported value"},
		"negative metaspace":        {"{heap: {metaspace: -1Mi}}", "features.jvm.heap.metaspace: Invalid value"},
		"not a quantity":            {"{heap: {metaspace: lots}}", "quantities must match"},
		"share over half":           {"{heap: {native: {percent: 51}}}", "features.jvm.heap.native.percent: Invalid value"},
		"share's max below its min": {"{heap: {direct: {percent: 1, min: 64Mi, max: 32Mi}}}", "features.jvm.heap.direct.max: Invalid value"},
		"floor above ceiling":       {"{heap: {floorPercent: 90}}", "features.jvm.heap.floorPercent: Invalid value: 90: must not be more than features.jvm.heap.ceilingPercent"},
		"ceiling of everything":     {"{heap: {ceilingPercent: 100}}", "features.jvm.heap.ceilingPercent: Invalid value"},
		"threads":                   {"{heap: {threads: -5}}", "features.jvm.heap.threads: Invalid value"},
		"annotation bounds":         {"{heap: {annotation: {min: 0}}}", "features.jvm.heap.annotation.min: Invalid value"},
		"container name":            {"{skipContainers: [Istio_Proxy]}", "features.jvm.skipContainers[0]: Invalid value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load("{jvm: " + tc.jvm + "}")
			switch {
			case err == nil:
				t.Fatal("loaded; want an error")
			case !strings.Contains(err.Error(), tc.want):
				t.Errorf("error is %q; want it to hold %q", err, tc.want)
			case strings.Contains(err.Error(), "\n"):
				t.Errorf("error is not one line: %q", err)
			}
		})
	}
}

func TestShareOf(t *testing.T) {
	cfg, err := load("{jvm: {heap: {codeCache: {percent: 10, min: 64Mi, max: 128Mi}, native: {percent: 5}, direct: {min: 7Mi}}}}")
	if err != nil {
		t.Fatal(err)
	}
	const mi = 1 << 20
	heap := cfg.Features.JVM.Heap
	for name, tc := range map[string]struct {
		share v1alpha1.Share
		limit int64
		want  int64
	}{
		"at least its min":      {heap.CodeCache, 100 * mi, 64 * mi},
		"its percentage":        {heap.CodeCache, 1000 * mi, 100 * mi},
		"at most its max":       {heap.CodeCache, 1 << 50, 128 * mi},
		"no bounds":             {heap.Native, 1000 * mi, 50 * mi},
		"a constant":            {heap.Direct, 1 << 40, 7 * mi},
		"the largest of limits": {heap.Native, 1<<63 - 1, 461168601842738790},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.share.Of(tc.limit); got != tc.want {
				t.Errorf("share of %d is %d; want %d", tc.limit, got, tc.want)
			}
		})
	}
}
