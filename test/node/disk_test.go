// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/node/machine"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// tiny is a tier that a test can fill, the smallest that a configuration may have.
const (
	tiny     = "tiny"
	tinySize = "64Mi"
)

// ownStorage is the shipped configuration with tiny as the default tier.
func ownStorage(f v1alpha1.StorageFeature) v1alpha1.StorageFeature {
	size := resource.MustParse(tinySize)
	f.Tiers = maps.Clone(f.Tiers)
	f.Tiers[tiny] = v1alpha1.StorageTier{Container: &size, EmptyDir: &size}
	f.DefaultTier = tiny
	return f
}

// disk has pods write more than the limits that the webhook gave them.
func disk(t *testing.T, cluster *machine.Cluster, runtime *machine.Containerd) {
	t.Helper()
	// More than twice what the tier allows.
	const written = 150 << 20
	writer := func(name, annotations, container, spec, folder string) string {
		return strings.Replace(podManifest(name, annotations, container, "  restartPolicy: Never\n"+spec),
			`[sleep, "100000"]`, fmt.Sprintf(`[sh, -c, "dd if=/dev/zero of=%s/fill bs=1048576 count=%d; sleep 100000"]`, folder, written>>20), 1)
	}
	cluster.Apply(t, podManifest("modest", "", "", ""))
	// These write as much, and may.
	cluster.Apply(t, writer("roomy", wellknown.StorageTierAnnotation+": large", "", "", "/tmp"))
	cluster.Apply(t, writer("own", "", ", resources: {limits: {ephemeral-storage: 1Gi}}", "", "/tmp"))
	for name, limit := range map[string]string{"modest": tinySize, "roomy": "20Gi", "own": "1Gi"} {
		pod := cluster.WaitRunning(t, "shop", name)
		if got := pod.Spec.Containers[0].Resources.Limits.StorageEphemeral().String(); got != limit {
			t.Errorf("%s: the limit is %s, want %s", name, got, limit)
		}
		if name == "modest" {
			continue
		}
		machine.WaitFor(t, name+" to have written", func() error {
			out, err := runtime.ContainerOf(t, pod, "app").Exec(t, "wc", "-c", "/tmp/fill")
			if err != nil || !strings.HasPrefix(out, fmt.Sprint(written, " ")) {
				return fmt.Errorf("the file has %s, %w", out, err)
			}
			return nil
		})
	}

	cluster.Apply(t, writer("greedy", "", "", "", "/tmp"))
	cluster.Apply(t, writer("hoarder", "", ", volumeMounts: [{name: scratch, mountPath: /scratch}]", "  volumes: [{name: scratch, emptyDir: {}}]", "/scratch"))
	for name, what := range map[string]string{"greedy": "ephemeral local storage", "hoarder": `EmptyDir volume "scratch"`} {
		pod := cluster.WaitEnded(t, "shop", name)
		if pod.Status.Reason != "Evicted" || !strings.Contains(pod.Status.Message, what) || !strings.Contains(pod.Status.Message, `"`+tinySize+`"`) &&
			!strings.Contains(pod.Status.Message, "containers "+tinySize) {
			t.Errorf("%s has ended as %s: %s", name, pod.Status.Reason, pod.Status.Message)
		}
		if tier := recordOf(t, pod).Features["storage"].Containers["app"].Facts[mutate.FactTier]; tier != tiny {
			t.Errorf("%s: the record names the tier %q", name, tier)
		}
		saw("cluster: %s: %s", name, pod.Status.Message)
	}
	pods, err := cluster.Client.CoreV1().Pods("shop").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var neighbours []string
	for _, p := range pods.Items {
		if p.Name == "greedy" || p.Name == "hoarder" {
			continue
		}
		if p.Status.Phase != corev1.PodRunning || p.Status.ContainerStatuses[0].RestartCount != 0 {
			t.Errorf("the neighbour %s is %s: %s", p.Name, p.Status.Phase, p.Status.Message)
		}
		neighbours = append(neighbours, p.Name)
	}
	for _, name := range []string{"modest", "roomy", "own"} {
		if !slices.Contains(neighbours, name) {
			t.Errorf("the neighbour %s is gone", name)
		}
	}
	saw("cluster: pods that write past the limit of the tier, into their own files or into an emptyDir, are evicted; %d neighbours run on, among them one of a larger tier and one with a limit of its own that wrote as much", len(neighbours))
}
