// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podsway_test follows pods on their whole way through the real programs:
// created at the API server, changed by evenkeel-webhook, placed by
// evenkeel-scheduler. What is checked is what the API server has stored.
package podsway_test

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/test/integration/program"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

const (
	zones        = 3
	racksPerZone = 4
)

func TestPodsGoTheirWay(t *testing.T) {
	p := program.Start(t, filepath.Join(program.Bin(t), "evenkeel"), "playground",
		"--config", "testdata/config.yaml", "-f", "testdata/objects.yaml", "--hosts-per-rack", "5")
	config, err := clientcmd.BuildConfigFromFlags("", p.Await(t, "kubeconfig: "))
	if err != nil {
		t.Fatal(err)
	}
	p.Await(t, "Up until Ctrl-C.")
	client := kubernetes.NewForConfigOrDie(config)

	web, err := client.CoreV1().Pods("lenient").List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		t.Fatal(err)
	}
	if len(web.Items) != 12 {
		t.Fatalf("the Deployment has %d pods, want 12", len(web.Items))
	}
	t.Run("twelve replicas land apart", func(t *testing.T) { checkApart(t, client, web.Items) })
	t.Run("the heap follows the LimitRange's default", func(t *testing.T) { checkHeap(t, web.Items) })
	t.Run("the token is gone", func(t *testing.T) {
		for i := range web.Items {
			checkNoToken(t, &web.Items[i])
		}
	})
	for _, namespace := range []string{"unlabelled", "kube-system"} {
		t.Run("a pod in "+namespace+" is untouched", func(t *testing.T) { checkUntouched(t, client, namespace) })
	}
	t.Run("a wrong annotation is forgiven where the configuration says so", func(t *testing.T) { checkAdmitted(t, config) })
	t.Run("who resizes a pod is told what its JVM makes of it", func(t *testing.T) { checkResized(t, config, &web.Items[0]) })
	t.Run("a wrong annotation is refused where the configuration says so", func(t *testing.T) { checkDenied(t, client) })
}

// checkApart counts the pods per host, rack and zone by the labels of their nodes.
func checkApart(t *testing.T, client kubernetes.Interface, pods []corev1.Pod) {
	t.Helper()
	perHost, perRack, perZone := map[string]int{}, map[string]int{}, map[string]int{}
	for _, pod := range pods {
		node, err := client.CoreV1().Nodes().Get(t.Context(), pod.Spec.NodeName, metav1.GetOptions{})
		if err != nil {
			t.Fatalf("the node of pod %s: %v", pod.Name, err)
		}
		perHost[node.Labels[wellknown.TopologyHost]]++
		perRack[node.Labels[wellknown.TopologyRack]]++
		perZone[node.Labels[wellknown.TopologyZone]]++
	}
	for level, tc := range map[string]struct {
		counts              map[string]int
		wantDomains, wantIn int
	}{
		"host": {perHost, 12, 1},
		"rack": {perRack, zones * racksPerZone, 1},
		"zone": {perZone, zones, 12 / zones},
	} {
		if len(tc.counts) != tc.wantDomains {
			t.Errorf("the replicas are on %d %ss, want %d: %v", len(tc.counts), level, tc.wantDomains, tc.counts)
		}
		for domain, n := range tc.counts {
			if n != tc.wantIn {
				t.Errorf("%s %s has %d replicas, want %d", level, domain, n, tc.wantIn)
			}
		}
	}
}

func checkHeap(t *testing.T, pods []corev1.Pod) {
	t.Helper()
	for _, pod := range pods {
		limits := pod.Spec.Containers[0].Resources.Limits
		if limits.Memory().String() != "768Mi" || limits.Cpu().String() != "1500m" {
			t.Fatalf("pod %s has the limits %v: the LimitRange's default did not arrive", pod.Name, limits)
		}
		options := env(&pod, wellknown.JavaToolOptions)
		status, err := mutate.ParseStatus(pod.Annotations[wellknown.StatusAnnotation])
		if err != nil || status == nil {
			t.Fatalf("pod %s: status annotation %q: %v", pod.Name, pod.Annotations[wellknown.StatusAnnotation], err)
		}
		facts := status.Features["jvm"].Containers["app"].Facts
		if facts[mutate.FactMemoryLimit] != "768Mi" {
			t.Errorf("pod %s: the heap was computed from %q, want the default limit 768Mi", pod.Name, facts[mutate.FactMemoryLimit])
		}
		percent := facts[mutate.FactHeapPercent]
		for _, want := range []string{
			"-XX:MaxRAMPercentage=" + percent, "-XX:MinRAMPercentage=" + percent,
			// 1500m of CPU are two processors to a JVM.
			"-XX:ActiveProcessorCount=2",
		} {
			if percent == "" || !slices.Contains(strings.Fields(options), want) {
				t.Errorf("pod %s: %s is not in JAVA_TOOL_OPTIONS %q", pod.Name, want, options)
			}
		}
	}
}

func checkNoToken(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	if mount := pod.Spec.AutomountServiceAccountToken; mount == nil || *mount {
		t.Errorf("pod %s: automountServiceAccountToken is not false", pod.Name)
	}
	if v := tokenVolumes(pod); len(v) > 0 {
		t.Errorf("pod %s has the token volumes %v", pod.Name, v)
	}
	for _, c := range pod.Spec.Containers {
		for _, m := range c.VolumeMounts {
			if m.MountPath == "/var/run/secrets/kubernetes.io/serviceaccount" {
				t.Errorf("pod %s: container %s mounts %s at the token's path", pod.Name, c.Name, m.Name)
			}
		}
	}
}

func checkUntouched(t *testing.T, client kubernetes.Interface, namespace string) {
	t.Helper()
	pod := create(t, client, namespace, map[string]string{wellknown.PidsTierAnnotation: "no-such-tier"})
	if len(pod.Annotations) != 1 {
		t.Errorf("the pod has the annotations %v, want its own only", pod.Annotations)
	}
	if e := pod.Spec.Containers[0].Env; len(e) > 0 {
		t.Errorf("the pod has the environment %v, want none", e)
	}
	if pod.Spec.AutomountServiceAccountToken != nil || len(tokenVolumes(pod)) != 1 {
		t.Errorf("the pod has the token volumes %v, want one as ever", tokenVolumes(pod))
	}
}

// checkResized doubles the memory limit of a pod that runs.
func checkResized(t *testing.T, config *rest.Config, pod *corev1.Pod) {
	t.Helper()
	client, warnings := recorded(config)
	pods := client.CoreV1().Pods(pod.Namespace)
	pod, err := pods.Get(t.Context(), pod.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// A kubelet that can resize reports the resources; the simulated one does not.
	for i := range pod.Status.ContainerStatuses {
		pod.Status.ContainerStatuses[i].Resources = &corev1.ResourceRequirements{}
	}
	if pod, err = pods.UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	resources := &pod.Spec.Containers[0].Resources
	limit := resources.Limits[corev1.ResourceMemory]
	limit.Add(limit)
	resources.Limits[corev1.ResourceMemory] = limit
	after, err := pods.UpdateResize(t.Context(), pod.Name, pod, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := after.Spec.Containers[0].Resources.Limits[corev1.ResourceMemory]; got.Cmp(limit) != 0 {
		t.Errorf("the limit is %s, want %s", got.String(), limit.String())
	}
	const want = "evenkeel jvm, container app: the new memory limit restarts the container, whose heap is then "
	if !slices.ContainsFunc(warnings.texts(), func(text string) bool { return strings.HasPrefix(text, want) }) {
		t.Errorf("the user was warned of %q, want %q and the percentages", warnings.texts(), want)
	}
}

func checkAdmitted(t *testing.T, config *rest.Config) {
	t.Helper()
	client, warnings := recorded(config)
	pod := create(t, client, "lenient", map[string]string{
		wellknown.PidsTierAnnotation: "tiny", wellknown.PidsLimitsAnnotation: `{"app":999999}`,
	})
	status, err := mutate.ParseStatus(pod.Annotations[wellknown.StatusAnnotation])
	if err != nil || status == nil {
		t.Fatalf("status annotation %q: %v", pod.Annotations[wellknown.StatusAnnotation], err)
	}
	if got := status.Features["pidlimit"].Outcome; got != mutate.Failed {
		t.Errorf("pidlimit is recorded as %q, want %q", got, mutate.Failed)
	}
	// A wrong tier is no way out of the limit: the default tier's holds.
	if got, want := pod.Annotations[wellknown.PidsLimitsAnnotation], `{"app":2048}`; got != want {
		t.Errorf("the pod has the limits %s, want %s", got, want)
	}
	checkNoToken(t, pod) // The other features did their work.
	if !slices.ContainsFunc(warnings.texts(), says) {
		t.Errorf("the user was warned of %q, want a warning that names the annotation, the value and the tiers", warnings.texts())
	}
}

func checkDenied(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	_, err := client.CoreV1().Pods("strict").Create(t.Context(), newPod(map[string]string{wellknown.PidsTierAnnotation: "tiny"}), metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !says(err.Error()) {
		t.Errorf("error = %v, want a refusal that names the annotation, the value and the tiers", err)
	}
	// A right annotation passes, so it was the tier and nothing else.
	create(t, client, "strict", map[string]string{wellknown.PidsTierAnnotation: "small"})
}

// says reports whether a sentence names what is wrong and what would be right.
func says(sentence string) bool {
	for _, part := range []string{wellknown.PidsTierAnnotation, "tiny", "small", "medium", "large"} {
		if !strings.Contains(sentence, part) {
			return false
		}
	}
	return true
}

func newPod(annotations map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "single-", Annotations: annotations},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "app", Image: "registry.example.com/single:1",
		}}},
	}
}

// create creates a pod and returns it as it was stored.
func create(t *testing.T, client kubernetes.Interface, namespace string, annotations map[string]string) *corev1.Pod {
	t.Helper()
	created, err := client.CoreV1().Pods(namespace).Create(t.Context(), newPod(annotations), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := client.CoreV1().Pods(namespace).Get(t.Context(), created.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// tokenVolumes returns the names of the volumes that hold a ServiceAccount token.
func tokenVolumes(pod *corev1.Pod) []string {
	var names []string
	for _, v := range pod.Spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, s := range v.Projected.Sources {
			if s.ServiceAccountToken != nil {
				names = append(names, v.Name)
			}
		}
	}
	return names
}

func env(pod *corev1.Pod, name string) string {
	for _, e := range pod.Spec.Containers[0].Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

// recorded returns a client and what the API server says to it.
func recorded(config *rest.Config) (*kubernetes.Clientset, *recorder) {
	warnings := &recorder{}
	config = rest.CopyConfig(config)
	config.WarningHandlerWithContext = nil
	config.WarningHandler = warnings
	return kubernetes.NewForConfigOrDie(config), warnings
}

// recorder keeps the warnings that the API server sends along.
type recorder struct {
	mu   sync.Mutex
	said []string
}

func (r *recorder) HandleWarningHeader(_ int, _, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, text)
}

func (r *recorder) texts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.said)
}
