// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/jvm/container"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
)

// agentClasses are those of programs/Agents.java.
var agentClasses = []string{"Agents", "Agents$Probe", "Agents$Uav", "Agents$Otel", "Agents$Throwing",
	"Agents$Emptying", "Agents$Emptying$1", "Agents$Counting", "Agents$Counting$1"}

// node is a stage for pods with agents: the images of the agents, unpacked, and
// the folders that a kubelet would mount.
type node struct {
	cfg *v1alpha1.AdmissionConfiguration
	// images by the agent's name, volumes and classes are folders.
	images, volumes, classes string
}

// newNode makes the images of UAV, with its layout, and of OpenTelemetry. Agents
// are mounted into a folder of the test, which stands for one at the container's
// root.
func newNode(t *testing.T) *node {
	t.Helper()
	needMounts(t)
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		// Containers run as other users.
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	n := &node{
		cfg:    shipped(t, "mountRoot: /evenkeel", "mountRoot: "+dir+"/evenkeel", "mountPath: /evenkeel-heapdump", "mountPath: "+dir+"/evenkeel-heapdump"),
		images: dir + "/images", volumes: dir + "/volumes", classes: compile(t, "programs/Agents.java", "programs/OutOfMemory.java"),
	}
	const uav = "uavmof/com.creditease.uav.agent/com.creditease.uav.monitorframework.agent-1.0-agent.jar"
	writeJar(t, filepath.Join(n.images, "uav", uav), n.classes, agentClasses, "Premain-Class: Agents$Uav")
	properties := filepath.Join(n.images, "uav/uavmof/com.creditease.uav/uav.properties")
	if err := os.MkdirAll(filepath.Dir(properties), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(properties, []byte("# found\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	writeJar(t, filepath.Join(n.images, "otel/javaagent.jar"), n.classes, agentClasses, "Premain-Class: Agents$Otel")
	return n
}

// agentUser is the user of containers, one that no password file knows. JDKs with
// a root of their own run as the test's.
const agentUser = 10001

// start runs a pod's init containers and then its container app with a program,
// and returns how the first of them that failed, or else app, ended, and the
// folder of the pod's volumes. without names agents whose images are empty.
func (n *node) start(t *testing.T, j jdk.JDK, pod *corev1.Pod, program string, without ...string) (res *container.Result, volumes string) {
	t.Helper()
	volumes, err := os.MkdirTemp(filepath.Dir(n.volumes), "volumes")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(volumes, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		agent := n.agentOf(c.Image)
		spec := container.Spec{Env: []string{"PATH=/usr/bin:/bin"}, Dir: "/", UID: int(*c.SecurityContext.RunAsUser),
			Binds: n.binds(t, volumes, pod, c)}
		for _, word := range c.Command {
			// What lies at the root of the image is elsewhere here.
			if image := filepath.Join(n.images, agent, word); strings.HasPrefix(word, "/") && !strings.Contains(word[1:], "/") {
				word = image
				if slices.Contains(without, agent) {
					word += "-that-is-not-there"
				}
			}
			spec.Args = append(spec.Args, word)
		}
		res, err := container.Run(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if res.ExitCode != 0 {
			return res, volumes
		}
	}
	app := &pod.Spec.Containers[0]
	p := process{args: []string{"-cp", n.classes, program}, env: environment(t, app, nil), binds: n.binds(t, volumes, pod, app)}
	p.env["_JAVA_OPTIONS"] = "-XX:+PrintFlagsFinal"
	if machine.limits == nil {
		p.memory, p.cpu = app.Resources.Limits.Memory().Value(), app.Resources.Limits.Cpu().MilliValue()
	}
	if j.Root == "" {
		p.uid = agentUser
	}
	return start(t, j, p), volumes
}

// agentOf returns the agent whose image has this reference.
func (n *node) agentOf(reference string) string {
	for _, a := range n.cfg.Features.Agent.Catalogue {
		if a.Image == reference {
			return a.Name
		}
	}
	return ""
}

// binds returns the mounts of a container, as a kubelet makes them.
func (n *node) binds(t *testing.T, volumes string, pod *corev1.Pod, c *corev1.Container) []container.Bind {
	t.Helper()
	var out []container.Bind
	for _, m := range c.VolumeMounts {
		i := slices.IndexFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
		if i < 0 {
			t.Fatalf("there is no volume %s", m.Name)
		}
		from := filepath.Join(volumes, m.Name, m.SubPath)
		if image := pod.Spec.Volumes[i].Image; image != nil {
			from = filepath.Join(n.images, n.agentOf(image.Reference))
		}
		for _, folder := range []string{from, m.MountPath} {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if pod.Spec.Volumes[i].EmptyDir != nil {
			// A kubelet makes it writable for all.
			if err := os.Chmod(from, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, container.Bind{From: from, To: m.MountPath, ReadOnly: m.ReadOnly})
	}
	return out
}

// TestAgentsStartInTheirOrder injects two agents into a pod by each delivery and
// runs it on every JDK.
func TestAgentsStartInTheirOrder(t *testing.T) {
	n := newNode(t)
	mount := n.cfg.Features.Agent.MountPath("uav") + "/uavmof"
	both := []string{
		"uav = " + mount, "root = true", "root writable = false", "UAV_MOF_ROOT = " + mount, "IS_ULTRON = true",
		"JAppID = orders", "JAppIDPolicy = custom", "JAppGroup = shop", "NetCardIndex = 0",
		"uavmof.metapath writable = true", "invokechain.logroot writable = true", "ivcdat.logroot writable = true", "uem.logroot writable = true",
		"otel = null", "OTEL_SERVICE_NAME = orders", "main loaded",
	}
	for name, tc := range map[string]struct {
		server  string
		inject  string
		channel string
		failure string
		// without names agents whose images lack what is copied.
		without []string
		since   int
		want    []string
	}{
		"images mounted":                  {server: "1.37.2", inject: "uav,otel", want: both},
		"asked for in another order":      {server: "1.37.2", inject: "otel,uav", want: both},
		"images copied":                   {server: "1.35.0", inject: "uav,otel", want: both},
		"through the launcher's variable": {server: "1.37.2", inject: "uav,otel", channel: wellknown.JDKJavaOptions, since: 9, want: both},
		"one that cannot be copied, and the application starts": {server: "1.35.0", inject: "uav,otel", failure: "start", without: []string{"uav"},
			want: both[slices.Index(both, "otel = null"):]},
		"one that cannot be copied, and it does not": {server: "1.35.0", inject: "uav,otel", without: []string{"uav"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := podOf(t, "resources: {limits: {memory: 2Gi, cpu: 2}}")
			pod.Annotations = map[string]string{wellknown.AgentInjectAnnotation: tc.inject, wellknown.AgentJDKAnnotation: "8"}
			if tc.channel != "" {
				pod.Annotations[wellknown.JVMChannelAnnotation] = tc.channel
			}
			if tc.failure != "" {
				pod.Annotations[wellknown.AgentCopyFailureAnnotation] = tc.failure
			}
			out := webhooks.NewChain(n.cfg).Run(requestOn(tc.server), pod)
			for _, j := range machine.jdks {
				if j.Major < tc.since {
					continue
				}
				t.Run(fmt.Sprintf("jdk%d", j.Major), func(t *testing.T) {
					summary.cases.Add(1)
					res, _ := n.start(t, j, out.Pod, "Agents", tc.without...)
					if tc.want == nil {
						if res.ExitCode == 0 || !strings.Contains(res.Stderr, "that-is-not-there") {
							t.Errorf("exit code %d; want an init container that says what it did not find\n%s", res.ExitCode, tail(res.Output()))
						}
						return
					}
					if res.ExitCode != 0 {
						t.Fatalf("exit code %d\n%s", res.ExitCode, tail(res.Output()))
					}
					if diff := cmp.Diff(tc.want, printed(res.Stdout)); diff != "" {
						t.Errorf("what the agents print (-want +got):\n%s\n%s", diff, tail(res.Stderr))
					}
					n.checkRoom(t, j, res)
				})
			}
		})
	}
}

// printed returns the lines that are not of the list of flags.
func printed(stdout string) []string {
	var out []string
	for line := range strings.Lines(stdout) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != '[' && !strings.Contains(line, "{") {
			out = append(out, line)
		}
	}
	return out
}

// checkRoom holds the heap to what the agents leave of the budget.
func (n *node) checkRoom(t *testing.T, j jdk.JDK, res *container.Result) {
	t.Helper()
	if machine.limits != nil {
		return
	}
	agents := int64(0)
	for _, a := range n.cfg.Features.Agent.Catalogue {
		if a.Name == "uav" || a.Name == "otel" {
			agents += a.Memory.Value()
		}
	}
	flags := flagsOf(res.Stdout)
	rule := heapRule{major: j.Major, memory: 2 * gibi, collector: wantedCollector(n.cfg, j, 2*gibi, 2000),
		percent: float64(jvm.NewBudget(&n.cfg.Features.JVM.Heap, 2*gibi, agents).Permille) / 10}
	if got, want := number(t, flags, "MaxHeapSize"), rule.size(); got != want {
		t.Errorf("the heap is %d; want %d, which leaves room for the agents", got, want)
	}
}

// TestAgentsAreLoadedAsMeasured holds what the features rest on of agents.
func TestAgentsAreLoadedAsMeasured(t *testing.T) {
	dir := t.TempDir()
	classes := compile(t, "programs/Agents.java")
	jar := func(class string) string {
		path := filepath.Join(dir, class+".jar")
		writeJar(t, path, classes, agentClasses, "Premain-Class: Agents$"+class)
		return "-javaagent:" + path
	}
	probe, err := os.Stat(filepath.Join(classes, "Agents$Probe.class"))
	if err != nil {
		t.Fatal(err)
	}
	app := []string{"-cp", classes, "Agents"}
	checkStatements(t, map[string]statement{
		"a premain that throws aborts the JVM": {process: process{env: options(jar("Throwing")), args: app}, wantExit: 134,
			wantOutput: []string{"java.lang.NullPointerException: no home"}},
		"a transformer that answers with no bytes leaves the class to the next": {
			process:    process{env: options(jar("Emptying") + " " + jar("Counting")), args: app},
			wantOutput: []string{"bytes = " + bytes(probe.Size()), "main loaded"}},
		"jps shows the options of the variable": {
			process:    process{tool: "jps", command: []string{"java"}, env: options("-Dthe.probe=1"), args: append(app, "jps")},
			wantOutput: []string{"Agents -Dthe.probe=1"}},
		"an unknown user has no home": {until: 18, needs: needMounts,
			process: process{uid: agentUser, dir: "/", env: map[string]string{"HOME": "/of/nobody"}, args: show()}, wantOutput: []string{"user.home = ?\n"}},
		"a later release takes that of the environment": {since: 19, needs: needMounts,
			process: process{uid: agentUser, dir: "/", env: map[string]string{"HOME": "/of/nobody"}, args: show()}, wantOutput: []string{"user.home = /of/nobody\n"}},
	})
}
