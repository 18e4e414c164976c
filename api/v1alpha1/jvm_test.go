// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
	if diff := cmp.Diff(empty.Features.JVM, shipped.Features.JVM, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the shipped jvm section is not the default (-default +shipped):\n%s", diff)
	}
}

func TestJVMFeatureRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		jvm  string
		want string
	}{
		"unknown field":             {"{heap: {percent: 75}}", `unknown field "features.jvm.heap.percent"`},
		"channel that beats users":  {"{channel: _JAVA_OPTIONS}", `features.jvm.channel: Invalid value: "_JAVA_OPTIONS": it beats the command line`},
		"channel that is no name":   {"{channel: 'JAVA OPTS'}", "features.jvm.channel: Invalid value"},
		"channel of Evenkeel's":     {"{channel: EVENKEEL_OPTS}", "features.jvm.channel: Invalid value"},
		"channel of the system's":   {"{channel: LD_PRELOAD}", "features.jvm.channel: Invalid value"},
		"sizing":                    {"{sizing: Xmx}", "features.jvm.sizing: Unsupported value"},
		"release":                   {"{release: '8'}", "features.jvm.release: Unsupported value"},
		"release and channel":       {"{release: Before8u191, channel: JDK_JAVA_OPTIONS}", "features.jvm.channel: Invalid value"},
		"release and maxRAM":        {"{release: Before8u191, maxRAM: Value}", "features.jvm.maxRAM: Invalid value"},
		"maxRAM":                    {"{maxRAM: On}", "features.jvm.maxRAM: Unsupported value"},
		"verdict":                   {"{limitTooSmall: Deny}", "features.jvm.limitTooSmall: Unsupported value"},
		"resize":                    {"{memoryResize: Restart}", "features.jvm.memoryResize: Unsupported value"},
		"dump mode":                 {"{heapDump: {mode: Off}}", "features.jvm.heapDump.mode"},
		"dump volume":               {"{heapDump: {volume: A_b}}", "features.jvm.heapDump.volume: Invalid value"},
		"dump path, relative":       {"{heapDump: {mountPath: dumps}}", "features.jvm.heapDump.mountPath: Invalid value"},
		"dump path, with a space":   {"{heapDump: {mountPath: '/heap dumps'}}", "features.jvm.heapDump.mountPath: Invalid value"},
		"dump path, upwards":        {"{heapDump: {mountPath: /a/../b}}", "features.jvm.heapDump.mountPath: Invalid value"},
		"dump size":                 {"{heapDump: {sizePercent: 10}}", "features.jvm.heapDump.sizePercent: Invalid value"},
		"agent's memory":            {"{heap: {agents: {uav: -1Mi}}}", "features.jvm.heap.agents[uav]: Invalid value"},
		"init container":            {"{initContainers: {names: ['(']}}", "features.jvm.initContainers.names[0]: Invalid value"},
		"self-sized image":          {"{selfSizedImages: ['*']}", "features.jvm.selfSizedImages[0]: Invalid value"},
		"skipped image":             {"{skipImages: ['[']}", "features.jvm.skipImages[0]: Invalid value"},
		"profile without a name":    {"{profiles: [{}]}", "features.jvm.profiles[0].name: Invalid value"},
		"profile called none":       {"{profiles: [{name: none}]}", "features.jvm.profiles[0].name: Invalid value"},
		"two profiles of a name":    {"{profiles: [{name: a}, {name: a}]}", "features.jvm.profiles[1].name: Duplicate value"},
		"profile's match is empty":  {"{profiles: [{name: a, match: {}}]}", "features.jvm.profiles[0].match: Required value"},
		"profile's selector":        {"{profiles: [{name: a, match: {podSelector: {matchExpressions: [{key: x, operator: Is}]}}}]}", "features.jvm.profiles[0].match.podSelector"},
		"profile's image":           {"{profiles: [{name: a, match: {images: ['(']}}]}", "features.jvm.profiles[0].match.images[0]: Invalid value"},
		"profile's budget":          {"{profiles: [{name: a, heap: {threads: -5}}]}", "features.jvm.profiles[0].heap.threads: Invalid value"},
		"profile's floor":           {"{profiles: [{name: a, heap: {ceilingPercent: 30}}]}", "features.jvm.profiles[0].heap.floorPercent: Invalid value"},
		"profile's unknown field":   {"{profiles: [{name: a, mode: Off}]}", `unknown field "features.jvm.profiles[0].mode"`},
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

// TestProfileInherits: a profile has the feature's settings where it has none of
// its own, down to the single field; a share is taken as a whole.
func TestProfileInherits(t *testing.T) {
	cfg, err := load(`{jvm: {channel: JAVA_OPTS, exitOnOutOfMemory: false, serverClass: {minMemory: 1200Mi}, memoryResize: Unchanged,
	  heap: {metaspace: 150Mi, agents: {uav: 1Mi, otel: 2Mi}, codeCache: {percent: 7, min: 70Mi}, annotation: {min: 20}},
	  heapDump: {volume: dumps, sizePercent: 200},
	  profiles: [{name: a, serverClass: {mode: Off}, heap: {threads: 33, agents: {uav: 9Mi}, codeCache: {percent: 1}, annotation: {max: 50}},
	    heapDump: {mode: Always}, sizing: Absolute}, {name: old, release: Before8u191}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	f := &cfg.Features.JVM
	want, err := load(`{jvm: {channel: JAVA_OPTS, exitOnOutOfMemory: false, serverClass: {mode: Off, minMemory: 1200Mi}, memoryResize: Unchanged,
	  heap: {metaspace: 150Mi, threads: 33, agents: {uav: 9Mi, otel: 2Mi}, codeCache: {percent: 1}, annotation: {min: 20, max: 50}},
	  heapDump: {mode: Always, volume: dumps, sizePercent: 200}, sizing: Absolute}}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Features.JVM.JVMSettings, f.Profile("a").JVMSettings); diff != "" {
		t.Errorf("the profile's settings (-want +got):\n%s", diff)
	}
	if got := f.Heap.Agents["uav"]; got.String() != "1Mi" {
		t.Errorf("the feature's own number is now %s", &got)
	}
	if f.Profile("b") != nil {
		t.Error("there is a profile b")
	}
}

// TestReleaseBefore8u191 keeps away what such a JVM does not start with.
func TestReleaseBefore8u191(t *testing.T) {
	for name, tc := range map[string]struct {
		jvm  string
		want bool
	}{
		"by default":             {"{profiles: [{name: old, release: Before8u191}]}", false},
		"the profile says so":    {"{profiles: [{name: old, release: Before8u191, exitOnOutOfMemory: true}]}", true},
		"the feature is for any": {"{maxRAM: Value, exitOnOutOfMemory: true, profiles: [{name: old, release: Before8u191}]}", false},
		"the feature is for old": {"{release: Before8u191, exitOnOutOfMemory: true, profiles: [{name: old}]}", true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := load("{jvm: " + tc.jvm + "}")
			if err != nil {
				t.Fatal(err)
			}
			p := cfg.Features.JVM.Profile("old")
			if *p.ExitOnOutOfMemory != tc.want || p.MaxRAM != v1alpha1.MaxRAMOff {
				t.Errorf("exitOnOutOfMemory is %t, maxRAM %s; want %t and Off", *p.ExitOnOutOfMemory, p.MaxRAM, tc.want)
			}
		})
	}
}

// TestProfilesTakeBareOff: YAML reads it as false.
func TestProfilesTakeBareOff(t *testing.T) {
	cfg, err := load("{jvm: {maxRAM: Off, serverClass: {mode: Off}, profiles: [{name: a, serverClass: {mode: Auto}}]}}")
	if err != nil {
		t.Fatal(err)
	}
	f := cfg.Features.JVM
	if f.MaxRAM != v1alpha1.MaxRAMOff || f.ServerClass.Mode != v1alpha1.ServerClassOff || f.Profile("a").ServerClass.Mode != v1alpha1.ServerClassAuto {
		t.Errorf("maxRAM is %q, serverClass %q, the profile's %q", f.MaxRAM, f.ServerClass.Mode, f.Profile("a").ServerClass.Mode)
	}
}
