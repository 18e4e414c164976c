// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// uavFolders are the folders of uavmof_1.0_<timestamp>.zip (uavorg/uavstack,
// com.creditease.uav.monitorframework.buildComponent/pom.xml).
var uavFolders = []string{
	"com.creditease.uav.agent", "com.creditease.uav.adaptor", "com.creditease.uav", "com.creditease.uav.appfrk",
	"com.creditease.uav.tomcat/common", "com.creditease.uav.jetty/common", "com.creditease.uav.mscp/common",
	"com.creditease.uav.jdk", "com.creditease.uav.extlib/6", "com.creditease.uav.extlib/7", "com.creditease.uav.extlib/8",
	"com.creditease.uav.extlib/9", "bin",
}

// TestShippedUAVRuns lays UAV out by its own names with a stand-in for its jar,
// delivers it either way, and starts real JVMs with what the pod has.
func TestShippedUAVRuns(t *testing.T) {
	const jar = "uavmof/com.creditease.uav.agent/com.creditease.uav.monitorframework.agent-1.0-agent.jar"
	homes := javaHomes(t)
	for name, req := range map[string]mutate.Request{"image volume": mutatortest.DefaultRequest(), "init container": copying()} {
		t.Run(name, func(t *testing.T) {
			image, mounts := t.TempDir(), t.TempDir()
			for _, folder := range uavFolders {
				if err := os.MkdirAll(filepath.Join(image, "uavmof", folder), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			write(t, filepath.Join(image, "uavmof/com.creditease.uav/uav.properties"), "")
			agentJar(t, homes[0], "MOFAgent.java", "com.creditease.uav.monitorframework.agent.MOFAgent", filepath.Join(image, jar))
			agentJar(t, homes[0], "OtherAgent.java", "OtherAgent", filepath.Join(image, "javaagent.jar"))

			content := bytes.Replace(manifests.AdmissionConfiguration, []byte("mountRoot: /evenkeel\n"), []byte("mountRoot: "+mounts+"\n"), 1)
			cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", content)
			if err != nil {
				t.Fatal(err)
			}
			pod := asking("otel,uav")
			pod.Annotations["agent.evenkeel.io/jdk"] = "8"
			out := check(t, req, pod, agent.New(&cfg.Features.Agent))
			if warnings := out.Warnings(); len(warnings) > 0 {
				t.Errorf("it warns: %v", warnings)
			}
			app := out.Pod.Spec.Containers[0]
			for _, c := range out.Pod.Spec.InitContainers {
				target := filepath.Join(mounts, strings.TrimPrefix(c.Name, v1alpha1.AgentVolumePrefix))
				if err := os.Mkdir(target, 0o755); err != nil {
					t.Fatal(err)
				}
				command := slices.Clone(c.Command)
				for i, word := range command {
					if strings.HasPrefix(word, "/") && !strings.HasPrefix(word, mounts) {
						command[i] = image + word
					}
				}
				mustRun(t, command...)
			}
			for _, m := range app.VolumeMounts {
				switch {
				case m.Name == "mine":
				case m.ReadOnly && len(out.Pod.Spec.InitContainers) == 0:
					if err := os.Symlink(image, m.MountPath); err != nil {
						t.Fatal(err)
					}
				case !m.ReadOnly:
					if err := os.Mkdir(m.MountPath, 0o755); err != nil {
						t.Fatal(err)
					}
				}
			}
			var environment []string
			for _, env := range app.Env {
				if env.ValueFrom == nil {
					environment = append(environment, env.Name+"="+env.Value)
				}
			}
			root := filepath.Join(mounts, "uav/uavmof")
			want := strings.Join([]string{
				"premain uav", "root " + root, "UAV_MOF_ROOT " + root, "IS_ULTRON true",
				"JAppID cart", "JAppIDPolicy custom", "JAppGroup shop", "NetCardIndex 0",
				"com.creditease.uav.uavmof.metapath writable", "com.creditease.uav.invokechain.logroot writable",
				"com.creditease.uav.ivcdat.logroot writable", "com.creditease.uav.uem.logroot writable",
				"premain other", "main", "",
			}, "\n")
			classes := mainClasses(t, homes[0])
			for _, home := range homes {
				got, ok := run(t, environment, filepath.Join(home, "bin/java"), "-cp", classes, "Main")
				_, got, _ = strings.Cut(got, "\n") // Picked up JAVA_TOOL_OPTIONS
				if diff := cmp.Diff(want, got); !ok || diff != "" {
					t.Errorf("%s (-want +got):\n%s", home, diff)
				}
				written, _ := filepath.Glob(filepath.Join(mounts, "*/written"))
				for _, f := range written {
					if err := os.Remove(f); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// TestShippedOptionsFitJDK8: UAV is for JVMs that read no more than 1023 bytes of
// options, and it is not alone.
func TestShippedOptionsFitJDK8(t *testing.T) {
	cfg, err := v1alpha1.LoadAdmissionConfiguration("config.yaml", manifests.AdmissionConfiguration)
	if err != nil {
		t.Fatal(err)
	}
	pod := asking("uav,otel")
	pod.Annotations["agent.evenkeel.io/jdk"] = "8"
	pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{
		corev1.ResourceMemory: resource.MustParse("1500Mi"), corev1.ResourceCPU: resource.MustParse("12")}
	req := mutatortest.DefaultRequest()
	req.Namespace = strings.Repeat("n", 63)
	req.Workload = mutate.Workload{Kind: "Deployment", Name: strings.Repeat("w", 63)}
	out := check(t, req, pod, agent.New(&cfg.Features.Agent), jvm.New(&cfg.Features.JVM))
	value, _ := podspec.LookupEnv(&out.Pod.Spec.Containers[0], "JAVA_TOOL_OPTIONS")
	if why := podspec.TooLongForJDK8("JAVA_TOOL_OPTIONS", value); why != "" || !strings.Contains(value, "-javaagent:") || !strings.Contains(value, "MaxRAMPercentage") {
		t.Errorf("too long: %q, for %s", why, value)
	}
}

// TestNoAgentIsSpecial: what the shipped catalogue has stands there and nowhere in
// the mutator.
func TestNoAgentIsSpecial(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) < 5 {
		t.Fatalf("found the sources %v (error: %v)", sources, err)
	}
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"uav", "otel", "opentelemetry", "skywalking", "creditease"} {
			if bytes.Contains(bytes.ToLower(content), []byte(name)) {
				t.Errorf("%s mentions %s", file, name)
			}
		}
	}
}
