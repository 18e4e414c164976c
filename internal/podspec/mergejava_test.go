// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
)

const mib = 1 << 20

// TestMergeOptionsStartsJava starts a JVM with the environment that a kubelet
// makes of a container. Ours is a heap of half of 512 MiB, and what a JVM does not
// survive would be a reference that stays.
func TestMergeOptionsStartsJava(t *testing.T) {
	if _, err := exec.LookPath("java"); err != nil {
		t.Skip("there is no java to start")
	}
	const heap = "-XX:MaxRAM=536870912 -XX:MaxRAMPercentage=50.0 -XX:MinRAMPercentage=50.0"
	objects := mutatortest.Objects{
		ConfigMaps: map[string]map[string]string{"java": {
			"heap": "-Xmx300m", channel: "-Xmx200m -Dquoted='a  b'", "TOOL_OPTIONS": "-Xmx100m", "percent": "-XX:MaxRAMPercentage=25.0 -XX:MinRAMPercentage=25.0",
		}, "other": {"A": "1"}},
		Secrets: map[string]map[string]string{"java": {"heap": "-Xmx150m"}},
	}
	for name, tc := range map[string]struct {
		container string
		wantHeap  int64
		// wantDead says that the JVM does not start; without says that nothing is merged.
		wantDead, without bool
	}{
		"nothing of the user's":           {container: `{}`, wantHeap: 256 * mib},
		"a key with a heap":               {container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: java, key: heap}}}]}`, wantHeap: 300 * mib},
		"a key with percentages":          {container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: java, key: percent}}}]}`, wantHeap: 128 * mib},
		"a Secret's key":                  {container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {secretKeyRef: {name: java, key: heap, optional: true}}}]}`, wantHeap: 150 * mib},
		"a key that is missing":           {container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: java, key: none, optional: true}}}]}`, wantHeap: 256 * mib},
		"an object that is missing":       {container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {secretKeyRef: {name: none, key: none, optional: true}}}]}`, wantHeap: 256 * mib},
		"envFrom":                         {container: `{envFrom: [{configMapRef: {name: java}}]}`, wantHeap: 200 * mib},
		"envFrom without options":         {container: `{envFrom: [{configMapRef: {name: other}}]}`, wantHeap: 256 * mib},
		"envFrom that is missing":         {container: `{envFrom: [{configMapRef: {name: none, optional: true}}]}`, wantHeap: 256 * mib},
		"envFrom with a prefix":           {container: `{envFrom: [{configMapRef: {name: java}}, {prefix: JAVA_, configMapRef: {name: java}}, {configMapRef: {name: other}}]}`, wantHeap: 100 * mib},
		"a missing key above an envFrom":  {container: `{env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: other, key: none, optional: true}}}], envFrom: [{configMapRef: {name: java}}]}`, wantHeap: 200 * mib},
		"a literal with a reference":      {container: `{env: [{name: HEAP, value: 160m}, {name: JAVA_TOOL_OPTIONS, value: -Xmx$(HEAP)}]}`, wantHeap: 160 * mib},
		"another variable takes the heap": {container: `{env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx120m}, {name: JDK_JAVA_OPTIONS, value: $(JAVA_TOOL_OPTIONS)}]}`, wantHeap: 120 * mib},
		// Why all this: what a merge without a default would come to.
		"a reference that stays": {container: `{env: [{name: PRIVATE, valueFrom: {configMapKeyRef: {name: java, key: none, optional: true}}}, {name: JAVA_TOOL_OPTIONS, value: -Dours $(PRIVATE)}]}`, wantDead: true, without: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := podOf(t, tc.container)
			if !tc.without {
				e := podspec.NewEditor(pod)
				e.MergeOptions("app", channel, "", heap)
				pod = e.Pod()
			}
			env, err := mutatortest.ResolveEnv(&pod.Spec.Containers[0], objects)
			if err != nil {
				t.Fatalf("the container does not start: %v", err)
			}
			cmd := exec.CommandContext(t.Context(), "java", "-XX:+PrintFlagsFinal", "-version")
			for name, value := range env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			out, err := cmd.CombinedOutput()
			if tc.wantDead {
				if err == nil || !strings.Contains(string(out), "Unrecognized option: $(PRIVATE)") {
					t.Errorf("the JVM starts (error %v), though a reference stays:\n%s", err, out)
				}
				return
			}
			if err != nil {
				t.Fatalf("the JVM does not start with %q: %v\n%s", env[channel], err, out)
			}
			found := maxHeap.FindSubmatch(out)
			if found == nil {
				t.Fatalf("the JVM does not tell its heap:\n%s", out)
			}
			// A JVM rounds its heap to its alignment.
			if got, err := strconv.ParseInt(string(found[1]), 10, 64); err != nil || got < tc.wantHeap || got > tc.wantHeap+2*mib {
				t.Errorf("the heap is %s bytes (error %v); want %d, of %q", found[1], err, tc.wantHeap, env[channel])
			}
		})
	}
}

var maxHeap = regexp.MustCompile(`size_t MaxHeapSize\s+= (\d+)`)
