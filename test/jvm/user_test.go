// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// userCase is a container whose user has options of his own: the JVM must start
// with them beside the injected ones, and they must count.
type userCase struct {
	// container in YAML; without limits it has 1 GiB and 2 processors.
	container string
	objects   objects
	// since and until bound the releases that take the user's options at all.
	since, until int

	wantFlags     map[string]string
	wantCollector string
	// wantOutput must be among the properties that the JVM prints.
	wantOutput []string
	// budget says that the heap is still the budget's, or that of the annotation.
	budget      bool
	heapPercent string
}

// ofServer stands for the collector that the configuration means for a server.
const ofServer = "of a server"

// heapOf is the flags of a heap of so many MiB.
func heapOf(n int64) map[string]string { return map[string]string{"MaxHeapSize": bytes(n * mebi)} }

// ownOptions is a container with the user's options in a variable.
func ownOptions(name, value string) string {
	return fmt.Sprintf("args: [-version]\nenv: [{name: %s, value: %q}]", name, value)
}

// onCommandLine is a container with the user's options as arguments.
func onCommandLine(options string) string {
	return "args: [" + strings.Join(strings.Fields(options), ", ") + ", -version]"
}

func TestUserOptionsWin(t *testing.T) {
	cases := map[string]userCase{
		"nothing of the user's": {container: "args: [-version]", budget: true, wantCollector: ofServer},

		// Heaps, in every channel.
		"-Xmx in JAVA_TOOL_OPTIONS": {container: ownOptions("JAVA_TOOL_OPTIONS", "-Xmx300m"), wantFlags: heapOf(300)},
		"-Xmx in _JAVA_OPTIONS":     {container: ownOptions("_JAVA_OPTIONS", "-Xmx300m"), wantFlags: heapOf(300)},
		"-Xmx in JDK_JAVA_OPTIONS":  {since: 9, container: ownOptions("JDK_JAVA_OPTIONS", "-Xmx300m"), wantFlags: heapOf(300)},
		"-Xmx as an argument":       {container: onCommandLine("-Xmx300m"), wantFlags: heapOf(300)},
		"-mx as an argument":        {container: onCommandLine("-mx300m"), wantFlags: heapOf(300)},
		"-Xmx in a command":         {container: "command: [java, -Xmx300m, -version]", wantFlags: heapOf(300)},
		"-Xmx in a script":          {container: `command: [sh, -c, "exec java -Xmx300m -version"]`, wantFlags: heapOf(300)},
		"-Xmx in JAVA_OPTS of a script": {wantFlags: heapOf(300),
			container: "command: [sh, -c, 'exec java $JAVA_OPTS -version']\nenv: [{name: JAVA_OPTS, value: -Xms100m -Xmx300m}]"},
		"-Xmx in a reference": {wantFlags: heapOf(300),
			container: "args: [$(HEAP), -version]\nenv: [{name: HEAP, value: -Xmx300m}]"},
		"a percentage as an argument": {container: onCommandLine("-XX:MaxRAMPercentage=50.0"), wantFlags: heapOf(512)},
		"a percentage under a small limit": {wantFlags: heapOf(64),
			container: "args: ['-XX:MaxRAMPercentage=75.0', -version]\nresources: {limits: {memory: 128Mi}}"},
		"both percentages under a small limit": {wantFlags: heapOf(64),
			container: "args: ['-XX:MaxRAMPercentage=50.0', '-XX:MinRAMPercentage=50.0', -version]\nresources: {limits: {memory: 128Mi}}"},
		"MaxHeapSize":                  {container: onCommandLine("-XX:MaxHeapSize=314572800"), wantFlags: heapOf(300)},
		"MaxRAM":                       {container: onCommandLine("-XX:MaxRAM=512m"), wantFlags: heapOf(128)},
		"an initial heap below ours":   {container: onCommandLine("-Xms512m"), budget: true, wantFlags: map[string]string{"InitialHeapSize": bytes(512 * mebi)}},
		"an initial heap above ours":   {container: onCommandLine("-Xms900m"), wantFlags: heapOf(900)},
		"both heaps":                   {container: onCommandLine("-Xms700m -Xmx700m"), wantFlags: heapOf(700)},
		"heaps in two channels":        {container: "args: [-Xmx700m, -version]\nenv: [{name: JAVA_TOOL_OPTIONS, value: -Xms600m}]", wantFlags: heapOf(700)},
		"an initial percentage":        {container: onCommandLine("-XX:InitialRAMPercentage=50.0"), budget: true, wantFlags: map[string]string{"InitialHeapSize": bytes(512 * mebi)}},
		"a young generation":           {container: onCommandLine("-Xmn100m"), budget: true, wantFlags: map[string]string{"MaxNewSize": bytes(100 * mebi)}},
		"no container support":         {container: onCommandLine("-XX:-UseContainerSupport"), wantFlags: map[string]string{"UseContainerSupport": "false"}},
		"the heap of an annotation":    {container: "args: [-version]", heapPercent: "33.3", budget: true},
		"hard caps of the other parts": {container: onCommandLine("-XX:MaxMetaspaceSize=96m -XX:MaxDirectMemorySize=32m -Xss512k"), budget: true, wantFlags: map[string]string{"MaxMetaspaceSize": bytes(96 * mebi), "MaxDirectMemorySize": bytes(32 * mebi), "ThreadStackSize": "512"}},

		// The other flags that are injected.
		"processors":          {container: onCommandLine("-XX:ActiveProcessorCount=1"), wantFlags: map[string]string{"ActiveProcessorCount": "1"}, budget: true},
		"crash out of memory": {container: onCommandLine("-XX:+CrashOnOutOfMemoryError"), wantFlags: map[string]string{"CrashOnOutOfMemoryError": "true", "ExitOnOutOfMemoryError": "false"}, budget: true},
		"go on out of memory": {container: ownOptions("JAVA_TOOL_OPTIONS", "-XX:-ExitOnOutOfMemoryError"), wantFlags: map[string]string{"ExitOnOutOfMemoryError": "false"}, budget: true},
		"no unknown options":  {container: ownOptions("JAVA_TOOL_OPTIONS", "-XX:-IgnoreUnrecognizedVMOptions"), wantFlags: map[string]string{"IgnoreUnrecognizedVMOptions": "false"}, budget: true},
		"a server never":      {container: onCommandLine("-XX:+NeverActAsServerClassMachine"), wantFlags: map[string]string{"NeverActAsServerClassMachine": "true"}, wantCollector: "Serial", budget: true},

		// Texts that merging must not break.
		"quoted options": {container: ownOptions("JAVA_TOOL_OPTIONS", `-Da.a='x  y' "-Db.b=p 'q"`), budget: true,
			wantOutput: []string{"a.a = x  y\n", "b.b = p 'q\n"}},
		"tabs and newlines": {container: ownOptions("JAVA_TOOL_OPTIONS", "\t-Da.a=1\n-Db.b=2 "), budget: true,
			wantOutput: []string{"a.a = 1\n", "b.b = 2\n"}},
		"an unknown option of another release": {since: 9, container: ownOptions("JAVA_TOOL_OPTIONS", "-XX:MaxPermSize=64m -XX:+UseParNewGC"), budget: true},
		"100 kB of options": {since: 9, container: ownOptions("JAVA_TOOL_OPTIONS", "-Dlong="+strings.Repeat("x", 100_000)+" -Db.b=2"), budget: true,
			wantOutput: []string{"b.b = 2\n"}},
		"a reference in the options": {budget: true, wantOutput: []string{"a.a = shop\n"},
			container: "args: [-version]\nenv: [{name: WHO, value: shop}, {name: JAVA_TOOL_OPTIONS, value: -Da.a=$(WHO)}]"},
	}
	for name, since := range map[string]int{"Serial": 8, "Parallel": 8, "G1": 8, "Z": 17, "Shenandoah": 17} {
		for where, container := range map[string]string{
			"as an argument": onCommandLine("-XX:+Use" + name + "GC"), "in JAVA_TOOL_OPTIONS": ownOptions("JAVA_TOOL_OPTIONS", "-XX:+Use"+name+"GC"),
			"in JDK_JAVA_OPTIONS": ownOptions("JDK_JAVA_OPTIONS", "-XX:+Use"+name+"GC"), "in _JAVA_OPTIONS": ownOptions("_JAVA_OPTIONS", "-XX:+Use"+name+"GC"),
		} {
			if where == "in JDK_JAVA_OPTIONS" {
				since = max(since, 9)
			}
			cases["the collector "+name+" "+where] = userCase{since: since, container: container, wantCollector: name, budget: true}
		}
	}
	checkUserCases(t, cases)
}

// TestOptionsThatCannotBeSeenReachTheJVM has the user's options where only a
// kubelet sees them.
func TestOptionsThatCannotBeSeenReachTheJVM(t *testing.T) {
	here := objects{"options": {"JAVA_TOOL_OPTIONS": "-Da.a=1", "TOOL_OPTIONS": "-Da.a=1", "key": "-Da.a=1"},
		"heap": {"JAVA_TOOL_OPTIONS": "-Da.a=1 -Xmx300m", "key": "-Da.a=1 -Xmx300m"}, "other": {"COLOUR": "blue"}}
	user := []string{"a.a = 1\n"}
	valueFrom := func(object, key, more string) string {
		return "args: [-version]\nenv: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: " + object + ", key: " + key + more + "}}}]"
	}
	cases := map[string]userCase{
		"a valueFrom":                   {container: valueFrom("options", "key", ""), wantOutput: user, budget: true},
		"a valueFrom with a heap":       {container: valueFrom("heap", "key", ""), wantOutput: user, wantFlags: heapOf(300)},
		"an optional one that is there": {container: valueFrom("options", "key", ", optional: true"), wantOutput: user, budget: true},
		"one whose key is absent":       {container: valueFrom("options", "none", ", optional: true"), budget: true},
		"one whose object is absent":    {container: valueFrom("none", "key", ", optional: true"), budget: true},
		"an envFrom": {wantOutput: user, budget: true,
			container: "args: [-version]\nenvFrom: [{configMapRef: {name: options}}]"},
		"an envFrom with a heap": {wantOutput: user, wantFlags: heapOf(300),
			container: "args: [-version]\nenvFrom: [{configMapRef: {name: heap}}]"},
		"an envFrom with a prefix": {wantOutput: user, budget: true,
			container: "args: [-version]\nenvFrom: [{prefix: JAVA_, configMapRef: {name: options}}]"},
		"an envFrom that has none of it": {budget: true,
			container: "args: [-version]\nenvFrom: [{configMapRef: {name: other}}]"},
		"an optional envFrom that is absent": {budget: true,
			container: "args: [-version]\nenvFrom: [{secretRef: {name: none, optional: true}}]"},
		"the last of several": {wantOutput: user, wantFlags: heapOf(300),
			container: "args: [-version]\nenvFrom: [{configMapRef: {name: options}}, {secretRef: {name: heap}}, {configMapRef: {name: other}}]"},
		"an entry hides an envFrom": {wantOutput: []string{"b.b = 2\n"}, budget: true,
			container: "args: [-version]\nenvFrom: [{configMapRef: {name: heap}}]\nenv: [{name: JAVA_TOOL_OPTIONS, value: -Db.b=2}]"},
		"an optional entry hides it where it is there": {wantOutput: user, budget: true,
			container: valueFrom("options", "key", ", optional: true") + "\nenvFrom: [{configMapRef: {name: heap}}]"},
		"and where it is not the envFrom counts": {wantOutput: user, wantFlags: heapOf(300),
			container: valueFrom("none", "key", ", optional: true") + "\nenvFrom: [{configMapRef: {name: heap}}]"},
		"an entry refers to an envFrom": {wantOutput: append([]string{"b.b = 2\n"}, user...), budget: true,
			container: "args: [-version]\nenvFrom: [{configMapRef: {name: options}}]\nenv: [{name: JAVA_TOOL_OPTIONS, value: -Db.b=2 $(JAVA_TOOL_OPTIONS)}]"},
		"an entry refers to an earlier one": {wantOutput: append([]string{"b.b = 2\n"}, user...), budget: true,
			container: "args: [-version]\nenv: [{name: JAVA_TOOL_OPTIONS, value: -Da.a=1}, {name: JAVA_TOOL_OPTIONS, value: $(JAVA_TOOL_OPTIONS) -Db.b=2}]"},
	}
	for name, tc := range cases {
		tc.objects = here
		cases[name] = tc
	}
	checkUserCases(t, cases)
}

func checkUserCases(t *testing.T, cases map[string]userCase) {
	cfg := shipped(t)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		tc := cases[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := podOf(t, tc.container)
			app := &pod.Spec.Containers[0]
			if app.Resources.Limits == nil {
				app.Resources = podOf(t, "resources: {limits: {memory: 1Gi, cpu: 2}}").Spec.Containers[0].Resources
			}
			if tc.heapPercent != "" {
				pod.Annotations = map[string]string{wellknown.JVMHeapPercentAnnotation: tc.heapPercent}
			}
			c, result := admit(t, cfg, pod)
			if i := slices.Index(c.Args, "-version"); i >= 0 {
				c.Args = slices.Insert(c.Args, i, "-XshowSettings:properties")
			}
			for _, j := range machine.jdks {
				if j.Major >= tc.since && (tc.until == 0 || j.Major <= tc.until) {
					t.Run(fmt.Sprintf("jdk%d", j.Major), func(t *testing.T) { tc.check(t, cfg, j, c, result) })
				}
			}
		})
	}
}

func (tc userCase) check(t *testing.T, cfg *v1alpha1.AdmissionConfiguration, j jdk.JDK, c *corev1.Container, result mutate.Result) {
	t.Helper()
	summary.cases.Add(1)
	res := startContainer(t, j, c, tc.objects, "-XX:+PrintFlagsFinal")
	output := res.Output()
	if res.ExitCode != 0 {
		t.Fatalf("exit code %d; jvm says %q\n%s", res.ExitCode, result.Code, tail(output))
	}
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "Picked up ") && strings.Contains(line, "$(") {
			t.Errorf("a reference that no kubelet resolved has reached the JVM: %s", line)
		}
	}
	flags := flagsOf(res.Stdout)
	got := map[string]string{}
	for name := range tc.wantFlags {
		got[name] = flags[name]
	}
	if diff := cmp.Diff(tc.wantFlags, got); tc.wantFlags != nil && diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
	for _, want := range tc.wantOutput {
		if !strings.Contains(output, want) {
			t.Errorf("the properties do not have %q:\n%s", want, tail(output))
		}
	}
	memory, cpu := c.Resources.Limits.Memory().Value(), c.Resources.Limits.Cpu().MilliValue()
	wantCollector := tc.wantCollector
	if wantCollector == ofServer {
		wantCollector = wantedCollector(cfg, j, memory, cpu)
	}
	if got := collector(flags); wantCollector != "" && got != wantCollector {
		t.Errorf("the collector is %s; want %s", got, wantCollector)
	}
	if !tc.budget {
		return
	}
	rule := heapRule{major: j.Major, memory: memory, collector: collector(flags),
		percent: float64(jvm.NewBudget(&cfg.Features.JVM.Heap, memory, 0).Permille) / 10}
	if tc.heapPercent != "" {
		var err error
		if rule.percent, err = strconv.ParseFloat(tc.heapPercent, 64); err != nil {
			t.Fatal(err)
		}
	}
	// Shenandoah rounds to regions of its own, smaller than 2 MiB here.
	heap, want := number(t, flags, "MaxHeapSize"), rule.size()
	if heap != want && (rule.collector != "Shenandoah" || want-heap >= 2*mebi || heap > want) {
		t.Errorf("the heap is %d; the budget says %d; jvm says %q", heap, want, result.Code)
	}
}
