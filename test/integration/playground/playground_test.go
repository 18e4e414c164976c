// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package playground_test holds what `evenkeel playground` says against what the
// API server has stored.
package playground_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"

	"github.com/evenkeel/evenkeel/internal/cli/playground/report"
	"github.com/evenkeel/evenkeel/test/integration/program"
)

// TestPlaygroundTellsWhatIsStored starts the playground as a user does who stays,
// and compares its document with the API server's objects.
func TestPlaygroundTellsWhatIsStored(t *testing.T) {
	p := program.Start(t, filepath.Join(program.Bin(t), "evenkeel"), "playground", "-o", "json", "--hosts-per-rack", "2")
	kubeconfig := p.Await(t, "kubeconfig: ")
	logs := p.Await(t, "logs: ")
	p.Await(t, "Up until Ctrl-C.")

	content := p.Stdout()
	checkSchema(t, content)
	var doc report.Document
	if err := json.Unmarshal(content, &doc); err != nil {
		t.Fatal(err)
	}
	if !doc.OK || len(doc.Problems) > 0 {
		t.Errorf("not all is well: %v", report.Lines(doc.Problems))
	}
	checkStored(t, &doc, kubeconfig)
	checkReserved(t, kubeconfig)
	checkSpread(t, &doc)

	runDir := filepath.Dir(logs)
	processes := program.Children(t, runDir)
	if err := p.Cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := p.ExitCode(t); code != 0 {
		t.Errorf("exit code is %d after Ctrl-C, want 0", code)
	}
	program.CheckGone(t, processes)
	if _, err := os.Stat(runDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the run directory %s is left: %v", runDir, err)
	}
}

func checkSchema(t *testing.T, content []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatalf("the standard output is not one JSON document: %v", err)
	}
	schema := &spec.Schema{}
	if err := json.Unmarshal(report.Schema, schema); err != nil {
		t.Fatal(err)
	}
	if err := validate.AgainstSchema(schema, value, strfmt.Default); err != nil {
		t.Errorf("the document does not fit its schema: %v", err)
	}
}

// checkStored compares each pod of the document with the pod that is stored.
func checkStored(t *testing.T, doc *report.Document, kubeconfig string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	list, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != len(doc.Pods) {
		t.Errorf("%d pods are stored, %d in the document", len(list.Items), len(doc.Pods))
	}
	stored := map[string]*corev1.Pod{}
	for i := range list.Items {
		stored[list.Items[i].Namespace+"/"+list.Items[i].Name] = &list.Items[i]
	}
	seen := map[string]bool{}
	for _, got := range doc.Pods {
		pod := stored[got.Namespace+"/"+got.Name]
		if pod == nil {
			t.Errorf("pod %s/%s is not stored", got.Namespace, got.Name)
			continue
		}
		comparePod(t, got, pod)
		node, err := client.CoreV1().Nodes().Get(t.Context(), pod.Spec.NodeName, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for label, value := range map[string]string{
			"topology.kubernetes.io/zone": got.Zone, "topology.evenkeel.io/rack": got.Rack, "topology.evenkeel.io/host": got.Host,
		} {
			if node.Labels[label] != value {
				t.Errorf("pod %s: %s is %q, the label %s of its node %q", got.Name, label, value, label, node.Labels[label])
			}
		}
		seen[got.Workload.Kind+"/"+got.Workload.Name] = true
	}
	for _, want := range []string{"Deployment/checkout", "Deployment/pricing", "Deployment/rates-watcher", "StatefulSet/ledger", "Job/statements-today"} {
		if !seen[want] {
			t.Errorf("no pod of the example %s is in the document", want)
		}
	}
}

// checkReserved tries what docs/pids.md says that only the webhook writes: on a pod
// that it leaves alone, and on one that is there.
func checkReserved(t *testing.T, kubeconfig string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	dryRun := []string{metav1.DryRunAll}
	const refusal = "ValidatingAdmissionPolicy 'reserved-annotations.evenkeel.io'"
	for annotation, refused := range map[string]bool{"pids.evenkeel.io/limits": true, "evenkeel.io/status": true, "pids.evenkeel.io/other": false} {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "forged", Labels: map[string]string{"evenkeel.io/injection": "disabled"}, Annotations: map[string]string{annotation: `{"app":16384}`}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "registry.example.com/forged"}}},
		}
		_, err := client.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{DryRun: dryRun})
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), refusal) {
			t.Errorf("a pod with a forged annotation %s: error %v, want a refusal: %v", annotation, err, refused)
		}
	}
	list, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{Limit: 1})
	if err != nil || len(list.Items) == 0 {
		t.Fatalf("no pod to change: %v", err)
	}
	pod := &list.Items[0]
	pod.Annotations["pids.evenkeel.io/limits"] = `{"app":16384}`
	if _, err := client.CoreV1().Pods(pod.Namespace).Update(t.Context(), pod, metav1.UpdateOptions{DryRun: dryRun}); err == nil || !strings.Contains(err.Error(), refusal) {
		t.Errorf("the limits of pod %s/%s may be changed: %v", pod.Namespace, pod.Name, err)
	}
}

// comparePod compares the facts with the pod's own text, without the code that
// found them.
func comparePod(t *testing.T, got report.Pod, pod *corev1.Pod) {
	t.Helper()
	name := pod.Namespace + "/" + pod.Name
	if got.Node == "" || got.Node != pod.Spec.NodeName {
		t.Errorf("%s: node %q, stored %q", name, got.Node, pod.Spec.NodeName)
	}
	spec, err := json.Marshal(pod.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if token := strings.Contains(string(spec), `"serviceAccountToken"`); token != got.Token.Mounted {
		t.Errorf("%s: token mounted %v, in the stored spec %v", name, got.Token.Mounted, token)
	}
	if !got.Admission.Selected || pod.Annotations["evenkeel.io/status"] == "" {
		t.Errorf("%s: selected %v, status %q", name, got.Admission.Selected, pod.Annotations["evenkeel.io/status"])
	}
	var limits map[string]int64
	if err := json.Unmarshal([]byte(pod.Annotations["pids.evenkeel.io/limits"]), &limits); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for _, c := range got.Containers {
		i := 0
		for i < len(pod.Spec.Containers) && pod.Spec.Containers[i].Name != c.Name {
			i++
		}
		if i == len(pod.Spec.Containers) {
			t.Errorf("%s has no container %s", name, c.Name)
			continue
		}
		words := strings.Join(pod.Spec.Containers[i].Command, " ")
		for _, env := range pod.Spec.Containers[i].Env {
			words += " " + env.Value
		}
		flags := 0
		for word := range strings.FieldsSeq(words) {
			if strings.HasPrefix(word, "-Xmx") || strings.Contains(word, "RAMPercentage=") {
				flags++
			}
		}
		if flags != len(c.HeapFlags) {
			t.Errorf("%s %s: %d heap flags in %q, %v in the document", name, c.Name, flags, words, c.HeapFlags)
		}
		for _, f := range c.HeapFlags {
			if !strings.Contains(words, f.Flag) {
				t.Errorf("%s %s: heap flag %s is not in %q", name, c.Name, f.Flag, words)
			}
		}
		if n := strings.Count(words, "-javaagent:"); n != len(c.JavaAgents) {
			t.Errorf("%s %s: %d agents in %q, %v in the document", name, c.Name, n, words, c.JavaAgents)
		}
		for _, a := range c.JavaAgents {
			if !strings.Contains(words, "-javaagent:"+a.Jar) {
				t.Errorf("%s %s: agent %s is not in %q", name, c.Name, a.Jar, words)
			}
		}
		if c.Pids.Limit == 0 || c.Pids.Limit != limits[c.Name] {
			t.Errorf("%s %s: pids %d, annotation %d", name, c.Name, c.Pids.Limit, limits[c.Name])
		}
	}
	// What the examples are there to show.
	app := got.Containers[0]
	switch got.Workload.Name {
	case "checkout":
		if len(app.JavaAgents) != 1 || app.JavaAgents[0].Name != "uav" || app.Pids.Tier != "large" || got.Token.Mounted {
			t.Errorf("%s: agents %v, tier %q, token %v; want uav, large and no token", name, app.JavaAgents, app.Pids.Tier, got.Token.Mounted)
		}
	case "pricing":
		if len(app.HeapFlags) != 1 || app.HeapFlags[0] != (report.Flag{Flag: "-Xmx600m", From: "command"}) || len(app.JavaAgents) != 1 {
			t.Errorf("%s: heap flags %v, agents %v; want the user's own and one agent", name, app.HeapFlags, app.JavaAgents)
		}
	case "rates-watcher":
		if !got.Token.Mounted {
			t.Errorf("%s: the token is gone; want it kept", name)
		}
	}
}

// checkSpread compares the spread of the largest workload with its pods' nodes.
func checkSpread(t *testing.T, doc *report.Document) {
	t.Helper()
	hosts := map[string]int{}
	for _, pod := range doc.Pods {
		if pod.Workload.Name == "checkout" {
			hosts[pod.Host]++
		}
	}
	for _, w := range doc.Workloads {
		if w.Name != "checkout" {
			continue
		}
		if w.Replicas.Placed != 12 || w.Spread.Host.Used != len(hosts) || w.Spread.Host.Worst != hosts[w.Spread.Host.WorstDomain] {
			t.Errorf("checkout: %+v on hosts %v", w, hosts)
		}
		if w.Spread.Zone.Worst != w.Spread.Zone.Ideal || w.Spread.Host.Worst != w.Spread.Host.Ideal {
			t.Errorf("checkout is not spread evenly: %+v", w.Spread)
		}
		return
	}
	t.Error("checkout is not among the workloads")
}

// TestPlaygroundEndsWhenAProcessDies has the tables printed, and then kills the
// scheduler.
func TestPlaygroundEndsWhenAProcessDies(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	p := program.Start(t, filepath.Join(program.Bin(t), "evenkeel"), "playground", "--dir", dir, "--zones", "2", "--racks-per-zone", "2", "--hosts-per-rack", "2")
	p.Await(t, "NAMESPACE ")
	p.Await(t, "POD ")
	p.Await(t, "Up until Ctrl-C.")
	processes := program.Children(t, dir)
	if err := syscall.Kill(processes["evenkeel-scheduler"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := p.ExitCode(t); code != 1 {
		t.Errorf("exit code is %d, want 1", code)
	}
	log := filepath.Join(dir, "logs", "evenkeel-scheduler.log")
	if out := p.Printed(); !strings.Contains(out, "evenkeel-scheduler ended unexpectedly (signal: killed)") || !strings.Contains(out, "see "+log) {
		t.Error("it does not say that the scheduler ended, or where its log is")
	}
	if _, err := os.Stat(log); err != nil {
		t.Error(err)
	}
	program.CheckGone(t, processes)
}

const unplaceable = `apiVersion: apps/v1
kind: Deployment
metadata: {name: huge, namespace: team}
spec:
  selector: {matchLabels: {app: huge}}
  template:
    metadata: {labels: {app: huge}}
    spec: {containers: [{name: app, image: registry.example.com/huge, resources: {requests: {cpu: "1000"}}}]}
`

func TestPlaygroundNamesPendingPods(t *testing.T) {
	file := filepath.Join(t.TempDir(), "huge.yaml")
	if err := os.WriteFile(file, []byte(unplaceable), 0o644); err != nil {
		t.Fatal(err)
	}
	p := program.Start(t, filepath.Join(program.Bin(t), "evenkeel"), "playground", "--once", "--timeout", "20s", "-f", file, "--dir", filepath.Join(t.TempDir(), "run"), "--zones", "1", "--racks-per-zone", "1", "--hosts-per-rack", "1")
	if code := p.ExitCode(t); code != 1 {
		t.Errorf("exit code is %d, want 1", code)
	}
	out := p.Printed()
	for _, want := range []string{"Pod team/huge-", "0/1 nodes are available: 1 Insufficient cpu", "(PodPending)", "not all is well: 1 x PodPending"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

const besideDefault = `apiVersion: apps/v1
kind: Deployment
metadata: {name: beside, namespace: team}
spec:
  replicas: 3
  selector: {matchLabels: {app: beside}}
  template:
    metadata: {labels: {app: beside}}
    spec:
      schedulerName: evenkeel-scheduler
      containers:
      - name: app
        image: registry.example.com/beside
        resources: {limits: {memory: 48Mi}}
`

// Pods that name the scheduler as manifests/overlays/beside-default teaches are
// placed, what their author can mend is told, and that is no failure.
func TestPlaygroundServesPodsThatNameTheScheduler(t *testing.T) {
	file, dir := filepath.Join(t.TempDir(), "beside.yaml"), filepath.Join(t.TempDir(), "run")
	if err := os.WriteFile(file, []byte(besideDefault), 0o644); err != nil {
		t.Fatal(err)
	}
	p := program.Start(t, filepath.Join(program.Bin(t), "evenkeel"), "playground", "--once", "-f", file, "--dir", dir, "--zones", "1", "--racks-per-zone", "1", "--hosts-per-rack", "3")
	if code := p.ExitCode(t); code != 0 {
		t.Errorf("exit code is %d, want 0", code)
	}
	out := p.Printed()
	for _, want := range []string{"pods running: 3 of 3", "\nWarning: jvm for container app in 3 pods of Deployment team/beside: ", "(LimitTooSmall)"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	log, err := os.ReadFile(filepath.Join(dir, "logs", "evenkeel-scheduler.log"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(log), "missing content for CA bundle") {
		t.Error("the scheduler complains that the API server trusts no front proxy")
	}
}
