// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatusReadsWhatItWrote(t *testing.T) {
	want := Status{Version: "v1", Config: "abc", Features: map[string]FeatureStatus{
		"jvm": {Outcome: Done, Containers: map[string]ContainerStatus{
			"app": {Outcome: Done, Facts: map[string]string{FactOptions: "-XX:MaxRAMPercentage=60.0", FactChannel: "JAVA_TOOL_OPTIONS"}}}},
		"pidlimit": {Outcome: Failed, Reason: CodeError, Detail: `no tier "<huge>"`},
	}}
	got, err := ParseStatus(want.String())
	if err != nil {
		t.Fatalf("ParseStatus: %v", err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
	if want.String() != got.String() {
		t.Errorf("equal records are not equal text:\n%s\n%s", want, got)
	}
}

func TestStatusParsesEmpty(t *testing.T) {
	if s, err := ParseStatus(""); s != nil || err != nil {
		t.Errorf("ParseStatus of nothing = %v, %v; want nil, nil", s, err)
	}
	if _, err := ParseStatus("[]"); err == nil {
		t.Error("ParseStatus of a list: no error")
	}
}

func TestStatusIsBounded(t *testing.T) {
	s := Status{Version: "v1", Config: "abc", Features: map[string]FeatureStatus{}}
	for _, f := range []string{"agent", "jvm", "pidlimit", "satoken"} {
		fs := FeatureStatus{Outcome: Done, Reason: CodeError, Detail: strings.Repeat("d", 500), Containers: map[string]ContainerStatus{}}
		for c := range 8 {
			fs.Containers[fmt.Sprint("container-", c)] = ContainerStatus{Outcome: Done, Detail: strings.Repeat("x", 200),
				Facts: map[string]string{FactMemoryLimit: "1Gi", FactTier: "medium"}}
		}
		s.Features[f] = fs
	}
	s.Features["jvm"].Containers["container-0"].Facts[FactOptions] = strings.Repeat("o", 900)
	text := s.String()
	if len(text) > maxStatusBytes {
		t.Errorf("%d bytes, want at most %d", len(text), maxStatusBytes)
	}
	got, err := ParseStatus(text)
	if err != nil {
		t.Fatalf("ParseStatus: %v", err)
	}
	if !got.Truncated || got.Version != "v1" || got.Config != "abc" || len(got.Features) != 4 {
		t.Errorf("the short record lost its head: %s", text)
	}
	if f := got.Features["pidlimit"]; f.Outcome != Done || f.Reason != CodeError || f.Detail != "" {
		t.Errorf("pidlimit = %+v, want outcome and reason without detail", f)
	}
	if got.Features["jvm"].Containers["container-0"].Facts[FactOptions] == "" {
		t.Error("the trace of the options is gone, by which a later pass knows its own work")
	}
	if s.String() != text {
		t.Error("equal records are not equal text")
	}
}
