// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestInitContainerIsRestricted holds the init container alone to Pod Security's
// level restricted, whatever the application's container is allowed, and tells
// the user that it runs as.
func TestInitContainerIsRestricted(t *testing.T) {
	for name, tc := range map[string]struct {
		pod       *corev1.PodSecurityContext
		container *corev1.SecurityContext
		want      int64
	}{
		"nothing is said": {want: 65532},
		"the pod's user":  {pod: &corev1.PodSecurityContext{RunAsUser: ptr.To(int64(1000))}, want: 1000},
		"the pod's user goes first": {pod: &corev1.PodSecurityContext{RunAsUser: ptr.To(int64(1000))},
			container: &corev1.SecurityContext{RunAsUser: ptr.To(int64(2000))}, want: 1000},
		"the container's user": {container: &corev1.SecurityContext{RunAsUser: ptr.To(int64(2000))}, want: 2000},
		"the pod is root's": {pod: &corev1.PodSecurityContext{RunAsUser: ptr.To(int64(0))},
			container: &corev1.SecurityContext{RunAsUser: ptr.To(int64(2000))}, want: 2000},
		"all is root's": {pod: &corev1.PodSecurityContext{RunAsUser: ptr.To(int64(0)), RunAsNonRoot: ptr.To(false)},
			container: &corev1.SecurityContext{RunAsUser: ptr.To(int64(0)), Privileged: ptr.To(true)}, want: 65532},
		"unconfined": {pod: &corev1.PodSecurityContext{SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}},
			container: &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"SYS_ADMIN"}}}, want: 65532},
	} {
		t.Run(name, func(t *testing.T) {
			for _, policy := range []string{"fail", "start"} {
				pod := asking("log")
				pod.Annotations["agent.evenkeel.io/on-copy-failure"] = policy
				pod.Spec.SecurityContext = tc.pod
				pod.Spec.Containers[0].SecurityContext = tc.container
				c := check(t, copying(), pod, agent.New(small(t, ""))).Pod.Spec.InitContainers[0]
				if *c.SecurityContext.RunAsUser != tc.want {
					t.Errorf("it runs as %d; want %d", *c.SecurityContext.RunAsUser, tc.want)
				}
				alone := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{c}}}
				if why := mutatortest.Restricted(alone); why != "" {
					t.Errorf("it is not restricted: %s", why)
				}
				if c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
					t.Error("its root file system can be written to")
				}
			}
		})
	}
}

// TestCopyFailureIsTheUsersChoice: the agent's setting counts unless the pod
// chooses.
func TestCopyFailureIsTheUsersChoice(t *testing.T) {
	for name, tc := range map[string]struct {
		feature, ofAgent, annotation string
		want                         string
		failed                       bool
	}{
		"the default":               {want: "cp"},
		"the feature's":             {feature: "onCopyFailure: Start, ", want: "sh"},
		"the agent's goes before":   {feature: "onCopyFailure: Start, ", ofAgent: ", onCopyFailure: Fail", want: "cp"},
		"the pod's goes before":     {annotation: "start", want: "sh"},
		"the pod's the other way":   {ofAgent: ", onCopyFailure: Start", annotation: "fail", want: "cp"},
		"something that is neither": {annotation: "ignore", failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			pod := asking("apm")
			if tc.annotation != "" {
				pod.Annotations["agent.evenkeel.io/on-copy-failure"] = tc.annotation
			}
			out := check(t, copying(), pod, agent.New(feature(t, `{`+tc.feature+`catalogue: [{name: apm, image: IMAGE, jar: a.jar`+tc.ofAgent+`}]}`)))
			if failed := out.Features[0].Report.Pod.Outcome == mutate.Failed; failed != tc.failed {
				t.Fatalf("failed: %v; want %v", failed, tc.failed)
			}
			if !tc.failed && out.Pod.Spec.InitContainers[0].Command[0] != tc.want {
				t.Errorf("the command is %q; want %s", out.Pod.Spec.InitContainers[0].Command, tc.want)
			}
		})
	}
}

// copyCommand returns the command of the init container of an agent whose jar is
// lib/apm.jar and which has a folder conf too, with the image's root and the mount
// root in folders of this machine.
func copyCommand(t *testing.T, policy, image, mounts string) []string {
	t.Helper()
	m := agent.New(feature(t, `{mountRoot: `+mounts+`, onCopyFailure: `+policy+`,
		catalogue: [{name: apm, image: IMAGE, jar: lib/apm.jar, copy: [lib, conf]}]}`))
	command := slices.Clone(check(t, copying(), asking("apm"), m).Pod.Spec.InitContainers[0].Command)
	for i, word := range command {
		// What a kubelet makes of it.
		if command[i] = expansion.Expand(word, func(name string) string { return "EXPANDED" + name }); command[i] != word {
			t.Errorf("a kubelet changes %q to %q", word, command[i])
		}
		if word == "/lib" || word == "/conf" {
			command[i] = image + word
		}
	}
	return command
}

// shells are those of the machine that an agent's image may have.
func shells(t *testing.T) [][]string {
	t.Helper()
	out := [][]string{nil}
	if busybox, err := exec.LookPath("busybox"); err == nil {
		out = append(out, []string{busybox})
	} else {
		t.Log("there is no busybox on this machine: only sh is tried")
	}
	return out
}

// TestCopyRuns runs the commands of init containers, and java with what they
// leave.
func TestCopyRuns(t *testing.T) {
	homes := javaHomes(t)
	classes, jar := mainClasses(t, homes[0]), filepath.Join(t.TempDir(), "apm.jar")
	agentJar(t, homes[0], "OtherAgent.java", "OtherAgent", jar)
	for name, tc := range map[string]struct {
		policy string
		files  []string
		// broken has a file where the agent's folder must be.
		broken bool
		copied bool
		// starts says that the init container ends well, and a JVM with its jar.
		starts bool
	}{
		"all is there":              {policy: "Start", files: []string{"lib/apm.jar", "conf/x"}, copied: true, starts: true},
		"nothing is there":          {policy: "Start", starts: true},
		"half of it is there":       {policy: "Start", files: []string{"lib/apm.jar"}, starts: true},
		"nothing can be written":    {policy: "Start", broken: true},
		"Fail and all is there":     {policy: "Fail", files: []string{"lib/apm.jar", "conf/x"}, copied: true, starts: true},
		"Fail and half of it there": {policy: "Fail", files: []string{"lib/apm.jar"}},
		"Fail and nothing is there": {policy: "Fail"},
	} {
		for _, shell := range shells(t) {
			t.Run(name+" "+strings.Join(shell, ""), func(t *testing.T) {
				image, mounts := t.TempDir(), t.TempDir()
				content, err := os.ReadFile(jar)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range tc.files {
					write(t, filepath.Join(image, f), string(content))
				}
				target := filepath.Join(mounts, "apm")
				if tc.broken {
					write(t, target, "")
				} else if err := os.Mkdir(target, 0o755); err != nil {
					t.Fatal(err)
				}
				out, ok := run(t, nil, append(slices.Clone(shell), copyCommand(t, tc.policy, image, mounts)...)...)
				if ok != tc.starts {
					t.Fatalf("the init container ends well: %v; want %v:\n%s", ok, tc.starts, out)
				}
				if !tc.starts {
					return
				}
				if said := strings.Contains(out, "evenkeel-agent-apm: not copied; the application starts without this agent"); said == tc.copied {
					t.Errorf("it says %q; the copy went well: %v", out, tc.copied)
				}
				// Again, as in a sandbox that is made anew.
				if out, ok := run(t, nil, append(slices.Clone(shell), copyCommand(t, tc.policy, image, mounts)...)...); !ok {
					t.Errorf("it fails when it runs again:\n%s", out)
				}
				if _, err := os.Stat(filepath.Join(target, "conf/x")); (err == nil) != tc.copied {
					t.Errorf("conf/x: %v; the copy went well: %v", err, tc.copied)
				}
				for _, home := range homes {
					out, ok := run(t, nil, filepath.Join(home, "bin/java"), "-javaagent:"+filepath.Join(target, "lib/apm.jar")+"=any", "-cp", classes, "Main")
					if !ok || !strings.Contains(out, "main\n") {
						t.Errorf("%s does not start:\n%s", home, out)
					}
					if called := strings.Contains(out, "premain other"); called != tc.copied {
						t.Errorf("%s calls the agent: %v; want %v:\n%s", home, called, tc.copied, out)
					}
				}
			})
		}
	}
}

// TestJVMNeedsTheJar is why there is a stand-in: without the jar no JVM starts.
func TestJVMNeedsTheJar(t *testing.T) {
	for _, home := range javaHomes(t) {
		if out, ok := run(t, nil, filepath.Join(home, "bin/java"), "-javaagent:/nowhere/a.jar", "-version"); ok {
			t.Errorf("%s starts without the agent's jar:\n%s", home, out)
		}
	}
}
