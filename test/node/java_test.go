// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/jvm/java"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
	"github.com/evenkeel/evenkeel/test/node/machine"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// imageOrders is the image of a service; its JDK comes by mounts.
const imageOrders = "localhost/orders:test"

// jvms runs the JVM of every JDK of this machine as a container: without agents,
// with agents whose images are mounted, and with agents that init containers copy.
// It compares the heap with what the webhook promises in its record, and what the
// agents print with their order.
func jvms(t *testing.T, cluster *machine.Cluster, runtime *machine.Containerd, kubelet *machine.Kubelet, cfg *v1alpha1.AdmissionConfiguration) {
	t.Helper()
	jdks, problems := jdk.Find(t.Context())
	for _, err := range problems {
		t.Logf("not usable: %v", err)
	}
	if len(jdks) == 0 {
		saw("cluster: there is no JDK on this machine; heap and agents were NOT checked")
		return
	}
	for _, major := range []int{8, 11, 17, 21, 25} {
		if !slices.ContainsFunc(jdks, func(j jdk.JDK) bool { return j.Major == major }) {
			saw("cluster: JDK %d is not on this machine and was NOT checked", major)
		}
	}
	agents := &cfg.Features.Agent
	makeImages(t, runtime, jdks, agents)
	for _, tc := range []struct {
		name, inject string
		delivery     v1alpha1.Delivery
		want         []string
	}{
		{name: "plain", inject: "none", delivery: v1alpha1.DeliveryAuto},
		{name: "mounted", inject: "uav,otel", delivery: v1alpha1.DeliveryAuto},
		// The catalogue's order counts, not the pod's.
		{name: "copied", inject: "otel,uav", delivery: v1alpha1.DeliveryInitContainer},
	} {
		agents.Delivery = tc.delivery
		for i := range agents.Catalogue {
			agents.Catalogue[i].Delivery = tc.delivery
		}
		cluster.Configure(t, "shop", cfg)
		podName := func(j jdk.JDK) string { return fmt.Sprintf("%s-jdk%d", tc.name, j.Major) }
		for _, j := range jdks {
			cluster.Apply(t, javaPod(t, j, podName(j), tc.inject))
		}
		for _, j := range jdks {
			pod := cluster.WaitEnded(t, "shop", podName(j))
			out := kubelet.Stdout(t, pod, "app")
			if pod.Status.Phase != corev1.PodSucceeded {
				t.Errorf("%s has failed: %s\n%s", pod.Name, pod.Status.Message, out)
				continue
			}
			checkDelivery(t, pod, tc.name)
			heap, promised := checkHeap(t, pod, out)
			if diff := cmp.Diff(wantPrinted(agents, tc.inject, pod.Name), printed(out)); diff != "" {
				t.Errorf("%s: what agents and application print (-want +got):\n%s", pod.Name, diff)
			}
			what := "no agent"
			if tc.inject != "none" {
				what = "uav and then otel, their images " + tc.name + ","
			}
			saw("cluster: JDK %2d with %s takes MaxHeapSize %d MiB of a limit of 512Mi; the record names %s", j.Major, what, heap>>20, promised)
		}
	}
}

// checkDelivery holds a pod to the way in which its agents were to come.
func checkDelivery(t *testing.T, pod *corev1.Pod, want string) {
	t.Helper()
	images := 0
	for _, v := range pod.Spec.Volumes {
		if v.Image != nil {
			images++
		}
	}
	wantImages, wantCopies := map[string]int{"mounted": 2}[want], map[string]int{"copied": 2}[want]
	if copies := len(pod.Spec.InitContainers); images != wantImages || copies != wantCopies {
		t.Errorf("%s has %d image volumes and %d init containers, want %d and %d", pod.Name, images, copies, wantImages, wantCopies)
	}
}

// makeImages makes the images of UAV, in its layout, of OpenTelemetry, and of an
// application, and puts their digests into the catalogue.
func makeImages(t *testing.T, runtime *machine.Containerd, jdks []jdk.JDK, agents *v1alpha1.AgentFeature) {
	t.Helper()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	classes, err := java.Compile(t.Context(), jdks, dir, "../jvm/programs/Agents.java")
	if err != nil {
		t.Fatal(err)
	}
	for jar, premain := range map[string]string{"uav.jar": "Agents$Uav", "otel.jar": "Agents$Otel"} {
		if err := java.WriteJar(file(jar), classes, "Premain-Class: "+premain); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file("uav.properties"), []byte("# found\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	application := map[string]string{}
	for _, class := range classes {
		application["/app/"+filepath.Base(class)] = class
	}
	runtime.Import(t, runtime.Busybox(imageOrders, application))
	for i := range agents.Catalogue {
		a := &agents.Catalogue[i]
		switch a.Name {
		case "uav":
			a.Image = runtime.Import(t, runtime.Busybox("localhost/uav:test", map[string]string{
				"/" + a.Jar: file("uav.jar"),
				"/uavmof/com.creditease.uav/uav.properties": file("uav.properties"),
			}))
		case "otel":
			a.Image = runtime.Import(t, runtime.Busybox("localhost/otel:test", map[string]string{"/" + a.Jar: file("otel.jar")}))
		}
	}
}

// javaPod is a pod whose one container is a JVM, under a memory limit and as a user
// that no password file knows. It does not say what its JDK is, which UAV's entry
// admits with a warning: the stand-in has nothing that needs an old one.
func javaPod(t *testing.T, j jdk.JDK, name, inject string) string {
	t.Helper()
	command, _ := j.Tool("java")
	mounts, volumes := hostMounts(t, j)
	manifest := podManifest(name, wellknown.AgentInjectAnnotation+`: "`+inject+`"`, `, resources: {limits: {memory: 512Mi}}, volumeMounts: [`+mounts+`]`,
		"  restartPolicy: Never\n  securityContext: {runAsUser: 10001, runAsGroup: 10001}\n  volumes: ["+volumes+"]")
	return strings.NewReplacer(machine.ImageBusybox, imageOrders,
		`[sleep, "100000"]`, `[`+command+`, "-XX:+PrintFlagsFinal", "-cp", /app, Agents]`).Replace(manifest)
}

// hostMounts returns the mounts and volumes that show a JDK to a container.
func hostMounts(t *testing.T, j jdk.JDK) (mounts, volumes string) {
	t.Helper()
	n := 0
	add := func(host, at string) {
		mounts += fmt.Sprintf("{name: host-%d, mountPath: %s, readOnly: true},", n, at)
		volumes += fmt.Sprintf("{name: host-%d, hostPath: {path: %s}},", n, host)
		n++
	}
	// With the C library that it is linked to.
	add(filepath.Join("/", j.Root, "usr"), "/usr")
	if !strings.HasPrefix(j.Home, "/usr/") {
		add(filepath.Join("/", j.Root, j.Home), j.Home)
	}
	// Debian keeps a JDK's settings in /etc.
	etc, err := filepath.Glob(filepath.Join("/", j.Root, "etc/java-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range etc {
		add(dir, "/etc/"+filepath.Base(dir))
	}
	return mounts, volumes
}

var maxHeapSize = regexp.MustCompile(`MaxHeapSize\s*:?=\s*(\d+)`)

// checkHeap compares the heap that a JVM prints with the record of its pod.
func checkHeap(t *testing.T, pod *corev1.Pod, out string) (heap int64, promised string) {
	t.Helper()
	promised = recordOf(t, pod).Features["jvm"].Containers["app"].Facts[mutate.FactHeap]
	want, err := resource.ParseQuantity(promised)
	if err != nil {
		t.Fatalf("%s: the record names the heap %q: %v", pod.Name, promised, err)
	}
	m := maxHeapSize.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("%s prints no MaxHeapSize:\n%s", pod.Name, out)
	}
	heap, err = strconv.ParseInt(m[1], 10, 64)
	// A JVM rounds up to the alignment of its heap, which is at most 2 MiB here, and
	// the record to a whole MiB.
	if diff := heap - want.Value(); err != nil || diff < -(1<<20) || diff > 3<<20 {
		t.Errorf("%s: MaxHeapSize is %s, the record names %s", pod.Name, m[1], promised)
	}
	return heap, promised
}

// wantPrinted is what the agents print in their order, and then the application.
func wantPrinted(agents *v1alpha1.AgentFeature, inject, pod string) []string {
	if inject == "none" {
		return []string{"main loaded"}
	}
	root := agents.MountPath("uav") + "/uavmof"
	return []string{
		"uav = " + root, "root = true", "root writable = false", "UAV_MOF_ROOT = " + root, "IS_ULTRON = true",
		"JAppID = " + pod, "JAppIDPolicy = custom", "JAppGroup = shop", "NetCardIndex = 0",
		"uavmof.metapath writable = true", "invokechain.logroot writable = true", "ivcdat.logroot writable = true", "uem.logroot writable = true",
		"otel = null", "OTEL_SERVICE_NAME = " + pod, "main loaded",
	}
}

// printed returns the lines that are not of the list of flags.
func printed(out string) []string {
	var lines []string
	for line := range strings.Lines(out) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != '[' && !strings.Contains(line, "{") {
			lines = append(lines, line)
		}
	}
	return lines
}

// recordOf reads what the webhook wrote about a pod.
func recordOf(t *testing.T, pod *corev1.Pod) *mutate.Status {
	t.Helper()
	status, err := mutate.ParseStatus(pod.Annotations[wellknown.StatusAnnotation])
	if err != nil || status == nil {
		t.Fatalf("%s: the record is %q, %v", pod.Name, pod.Annotations[wellknown.StatusAnnotation], err)
	}
	return status
}
