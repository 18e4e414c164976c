// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

func TestStatusReadsWhatItWrote(t *testing.T) {
	options := podspec.Fingerprint("-XX:MaxRAMPercentage=60.0")
	want := Status{Version: "v1", Config: "abc", Features: map[string]FeatureStatus{
		"jvm": {Outcome: Done, Containers: map[string]ContainerStatus{
			"app":    {Outcome: Done, Facts: map[string]string{FactOptions: options, FactChannel: "JAVA_TOOL_OPTIONS"}},
			"other":  {Outcome: Done, Facts: map[string]string{FactOptions: options, FactChannel: "JDK_JAVA_OPTIONS"}},
			"same":   {Outcome: Done, Facts: map[string]string{FactOptions: options, FactChannel: "JAVA_TOOL_OPTIONS"}},
			"plain":  {Outcome: Done},
			"spaces": {Outcome: Done, Facts: map[string]string{FactRule: "", FactHeap: " "}},
			"no":     {Outcome: Skipped, Reason: CodeError, Detail: "a\tb \u00fc\x00", Facts: map[string]string{FactChannel: "JAVA_TOOL_OPTIONS"}}}},
		"pidlimit": {Outcome: Failed, Reason: CodeError, Detail: `no tier "<huge>"`},
		"satoken":  {Outcome: Done, Facts: map[string]string{FactToken: "removed"}},
		"spaces":   {Outcome: Done, Facts: map[string]string{FactToken: "a b=c", FactRule: "x=y"}},
		"nothing":  {Outcome: Done},
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

// What stands in the annotation, for the eye.
func TestStatusSaysEachThingOnce(t *testing.T) {
	const options = "-XX:MaxRAMPercentage=60.0"
	record := ContainerStatus{Outcome: Done, Facts: map[string]string{FactHeap: "1Gi", FactOptions: options, FactChannel: "JAVA_TOOL_OPTIONS"}}
	s := Status{Version: "v1", Config: "abc", Features: map[string]FeatureStatus{
		"jvm": {Outcome: Done, Containers: map[string]ContainerStatus{"b": record, "a": record, "c": {Outcome: Skipped, Reason: CodeOff}}}}}
	want := `{"version":"v1","config":"abc","features":{"jvm":{"containers":{` +
		`"a,b":"heap=1Gi options=` + podspec.Fingerprint(options) + `","c":{"outcome":"skipped","reason":"Off"}}}}}`
	if got := s.String(); got != want {
		t.Errorf("the record is\n%s; want\n%s", got, want)
	}
	got, err := ParseStatus(want)
	if err != nil {
		t.Fatal(err)
	}
	c := &corev1.Container{Name: "a", Env: []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: "-Dx " + options + " -Dy"}}}
	if text, channel := got.Features["jvm"].Containers["a"].Options(c); text != options || channel != "JAVA_TOOL_OPTIONS" {
		t.Errorf("Options() = %q, %q; want %q in JAVA_TOOL_OPTIONS", text, channel, options)
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
				Facts: map[string]string{FactMemoryLimit: fmt.Sprint(c, "Gi"), FactTier: "medium"}}
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

// Many containers with long names: what a later pass needs is kept as long as it
// can be, that of the options longest, and never beyond the second bound.
func TestStatusOfManyContainersIsBounded(t *testing.T) {
	for containers, want := range map[int]struct{ options, limits bool }{30: {true, true}, 130: {options: true}, 400: {}} {
		s := Status{Version: "v1", Config: "abc", Features: map[string]FeatureStatus{}}
		for _, f := range []string{"agent", "jvm", "storage"} {
			fs := FeatureStatus{Outcome: Done, Containers: map[string]ContainerStatus{}}
			for c := range containers {
				facts := map[string]string{FactOptions: strings.Repeat("o", 500+c), FactChannel: "JAVA_TOOL_OPTIONS", FactHeap: "1Gi"}
				if f == "storage" {
					facts = map[string]string{FactStorageLimit: fmt.Sprint(c, "Gi"), FactStorageRequest: "0", FactTier: "medium"}
				}
				fs.Containers[fmt.Sprintf("%s-%03d", strings.Repeat("n", 59), c)] = ContainerStatus{Outcome: Done, Facts: facts}
			}
			s.Features[f] = fs
		}
		text := s.String()
		if len(text) > maxShortStatusBytes {
			t.Errorf("%d containers: %d bytes, want at most %d", containers, len(text), maxShortStatusBytes)
		}
		got, err := ParseStatus(text)
		if err != nil {
			t.Fatal(err)
		}
		if options := len(got.Features["jvm"].Containers) == containers; options != want.options {
			t.Errorf("%d containers: traces of the options kept: %v, want %v", containers, options, want.options)
		}
		if limits := len(got.Features["storage"].Containers) == containers; limits != want.limits {
			t.Errorf("%d containers: traces of the limits kept: %v, want %v", containers, limits, want.limits)
		}
		if !got.Truncated || got.Features["agent"].Outcome != Done {
			t.Errorf("%d containers: the short record lost its outcomes: %s", containers, text)
		}
	}
}

// A later pass reads these of a record that was cut short; what only tells people goes.
func TestStatusKeepsTraces(t *testing.T) {
	s := Status{Version: "v1", Config: "abc", Features: map[string]FeatureStatus{
		"agent": {Outcome: Skipped, Reason: CodeError, Detail: strings.Repeat("d", maxStatusBytes)},
		"jvm": {Outcome: Done, Containers: map[string]ContainerStatus{
			"app": {Outcome: Done, Facts: map[string]string{FactResize: "restart", FactHeap: "1Gi"}}}},
		"pidlimit": {Outcome: Done, Containers: map[string]ContainerStatus{
			"app":   {Outcome: Done, Facts: map[string]string{FactCRIO: "current", FactPids: "512", FactTier: "small"}},
			"other": {Outcome: Done, Facts: map[string]string{FactPids: "512", FactTier: "small"}}}},
		"satoken": {Outcome: Done, Reason: CodeTokenNotNeeded, Facts: map[string]string{FactAutomount: "author", FactToken: "removed"}},
		"storage": {Outcome: Done, Containers: map[string]ContainerStatus{
			"app": {Outcome: Done, Reason: CodeStorageRequest, Facts: map[string]string{
				FactStorageLimit: "1Gi", FactStorageRequest: "0", FactStorageRoom: "1Gi", FactEmptyDirs: "a", FactEmptyDirSize: "1Gi"}}}},
	}}
	want := `{"version":"v1","config":"abc","features":{"agent":{"outcome":"skipped","reason":"Error"},"jvm":{"containers":{"app":"resize=restart"}},` +
		`"pidlimit":{"containers":{"app":"crio=current pids=512"}},"satoken":{"reason":"TokenNotNeeded","facts":"automount=author"},` +
		`"storage":{"containers":{"app":"emptyDirSize=1Gi emptyDirs=a storageLimit=1Gi storageRequest=0"}}},"truncated":true}`
	if got := s.String(); got != want {
		t.Errorf("the record is\n%s; want\n%s", got, want)
	}
}
