// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package trim_test asks a real API server what `evenkeel trim` asks a cluster,
// with the rights that docs/trim.md names and no others.
package trim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/internal/cli"
	"github.com/evenkeel/evenkeel/internal/controlplane"
	"github.com/evenkeel/evenkeel/test/integration/rights"
)

// TestTrimAsksACluster starts a control plane once. Its pods are never placed:
// what counts is what they declare.
func TestTrimAsksACluster(t *testing.T) {
	cp, err := controlplane.Start(t.Context(), controlplane.Options{
		WithoutControllerManager: true, WithoutKwok: true,
		// Its controller is not there to make the account.
		APIServerFlags: map[string]string{"disable-admission-plugins": "ServiceAccount"},
		Progress:       func(line string) { t.Log(line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cp.Stop(); err != nil {
			t.Error(err)
		}
	})
	client := kubernetes.NewForConfigOrDie(cp.Config())
	user := newUser(t, cp, client, rights.Documented(t, "trim.md"))

	fill(t, client)
	t.Run("everything is listed with the documented rights", func(t *testing.T) { checkEverything(t, user) })
	t.Run("a dump of the same cluster says the same", func(t *testing.T) { checkDump(t, cp, user) })
	t.Run("a right that is missing is missing evidence", func(t *testing.T) { checkForbidden(t, cp, client) })
	t.Run("without the pods nothing is said", func(t *testing.T) { checkPodsForbidden(t, cp, client) })
	t.Run("more objects than a page holds are all counted", func(t *testing.T) { checkPages(t, client, user) })
	t.Run("a server that is not there is named", func(t *testing.T) { checkUnreachable(t, user) })
}

func must[T any](object T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return object
	}
}

// fill makes a small cluster: soft taints and delayed volumes are used, devices
// are not.
func fill(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	ctx, create := t.Context(), metav1.CreateOptions{}
	for _, name := range []string{"shop", "pay"} {
		must(client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, create))(t)
	}
	for i := range 3 {
		node := st.MakeNode().Name(fmt.Sprintf("n%d", i)).Obj()
		if i == 2 {
			node.Spec.Taints = []corev1.Taint{{Key: "leaving", Effect: corev1.TaintEffectPreferNoSchedule}}
		}
		must(client.CoreV1().Nodes().Create(ctx, node, create))(t)
	}
	must(client.StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: "local"}, Provisioner: "example.com/local",
		VolumeBindingMode: ptr.To(storagev1.VolumeBindingWaitForFirstConsumer)}, create))(t)
	must(client.CoreV1().PersistentVolumeClaims("shop").Create(ctx, st.MakePersistentVolumeClaim().Name("data").Namespace("shop").
		StorageClassName(ptr.To("local")).AccessModes([]corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}).
		Resources(corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}).Obj(), create))(t)
	for _, pod := range []*corev1.Pod{
		st.MakePod().Namespace("shop").Name("db").Container("db").PVC("data").Obj(),
		st.MakePod().Namespace("pay").Name("web").Container("web").PodAntiAffinityExists("app", "kubernetes.io/hostname", st.PodAntiAffinityWithRequiredReq).Obj(),
		st.MakePod().Namespace("pay").Name("edge").ContainerPort([]corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}}).Obj(),
	} {
		must(client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, create))(t)
	}
}

var users int

// newUser returns the kubeconfig of a new user with these rights and no others.
func newUser(t *testing.T, cp *controlplane.ControlPlane, client kubernetes.Interface, rules []rbacv1.PolicyRule) string {
	t.Helper()
	users++
	name := fmt.Sprintf("trimmer-%d", users)
	user, err := cp.AddUser(name)
	if err != nil {
		t.Fatal(err)
	}
	must(client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}, metav1.CreateOptions{}))(t)
	must(client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	}, metav1.CreateOptions{}))(t)
	return user.Kubeconfig
}

// document is what the tests read of -o json.
type document struct {
	Objects []struct {
		Kind  string
		Count int
	}
	Missing []struct{ Kind, Reason string }
	Plugins []struct {
		Plugin, Part, Verdict string
		Evidence              []struct {
			What     string
			Count    int
			Examples []string
		}
	}
	Changes []struct{ Plugin, Reason string }
}

// verdicts of the parts that rank nodes, and the examples of all others that are
// used.
func (d document) verdicts() map[string]string {
	out := map[string]string{}
	for _, p := range d.Plugins {
		if p.Part == "scores" {
			out[p.Plugin] = p.Verdict
		}
	}
	return out
}

func (d document) count(kind string) int {
	for _, o := range d.Objects {
		if o.Kind == kind {
			return o.Count
		}
	}
	return -1
}

// trim runs the verb.
func trim(t *testing.T, args ...string) (string, string, int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := cli.Run(t.Context(), append([]string{"evenkeel", "trim"}, args...), strings.NewReader(""), &out, &errOut)
	return out.String(), errOut.String(), code
}

func trimJSON(t *testing.T, args ...string) document {
	t.Helper()
	out, errOut, code := trim(t, append(args, "-o", "json")...)
	if code != 0 || errOut != "" {
		t.Fatalf("exit code %d: %s", code, errOut)
	}
	var d document
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func checkEverything(t *testing.T, kubeconfig string) {
	d := trimJSON(t, "--kubeconfig", kubeconfig)
	if len(d.Missing) > 0 {
		t.Errorf("missing: %v", d.Missing)
	}
	want := map[string]string{
		"TaintToleration": "keep", "VolumeBinding": "keep", "DynamicResources": "mayGo", "NodeResourcesBalancedAllocation": "mayGo",
		"ImageLocality": "mayGo", "NodeResourcesFit": "keep", "NodeAffinity": "keep", "PodTopologySpread": "replaced",
	}
	if diff := cmp.Diff(want, d.verdicts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	evidence := map[string][]string{}
	for _, p := range d.Plugins {
		for _, e := range p.Evidence {
			evidence[p.Plugin+" "+p.Part] = append(evidence[p.Plugin+" "+p.Part], e.Examples...)
		}
	}
	for part, want := range map[string][]string{
		"NodePorts ": {"pay/edge"}, "InterPodAffinity ": {"pay/web"}, "VolumeBinding ": {"shop/db"},
		"VolumeBinding scores": {"shop/data"}, "TaintToleration scores": {"n2"},
	} {
		if diff := cmp.Diff(want, evidence[part]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", part, diff)
		}
	}
}

// checkDump gives what kubectl prints to -f.
func checkDump(t *testing.T, cp *controlplane.ControlPlane, kubeconfig string) {
	live := trimJSON(t, "--kubeconfig", kubeconfig)
	for _, format := range []string{"yaml", "json"} {
		kubectl := exec.CommandContext(t.Context(), cp.Binaries().Kubectl, "--kubeconfig", cp.Kubeconfig(), "get", "-A", "-o", format,
			"nodes,pods,svc,pvc,pv,sc,deploy,rs,sts,ds,jobs,cronjobs,rc,priorityclasses,deviceclasses,resourceclaims,resourceclaimtemplates")
		text, err := kubectl.Output()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "dump")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		dump := trimJSON(t, "-f", file, "--listed", "svc,pv,deploy,rs,sts,ds,jobs,cronjobs,rc,deviceclasses,resourceclaims,resourceclaimtemplates")
		if diff := cmp.Diff(live, dump); diff != "" {
			t.Errorf("%s (-live +dump):\n%s", format, diff)
		}
	}
}

// without returns the rules without a resource.
func without(rules []rbacv1.PolicyRule, resource string) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	for _, r := range rules {
		r := *r.DeepCopy()
		var rest []string
		for _, name := range r.Resources {
			if name != resource {
				rest = append(rest, name)
			}
		}
		r.Resources = rest
		out = append(out, r)
	}
	return out
}

func checkForbidden(t *testing.T, cp *controlplane.ControlPlane, client kubernetes.Interface) {
	kubeconfig := newUser(t, cp, client, without(rights.Documented(t, "trim.md"), "deviceclasses"))
	d := trimJSON(t, "--kubeconfig", kubeconfig)
	if len(d.Missing) != 1 || d.Missing[0].Kind != "DeviceClass" || d.Missing[0].Reason != "not allowed to list them" {
		t.Errorf("missing: %v, want the DeviceClasses", d.Missing)
	}
	if got := d.verdicts()["DynamicResources"]; got != "keep" {
		t.Errorf("the verdict about DynamicResources is %q without knowing the classes, want keep", got)
	}
}

func checkPodsForbidden(t *testing.T, cp *controlplane.ControlPlane, client kubernetes.Interface) {
	kubeconfig := newUser(t, cp, client, without(rights.Documented(t, "trim.md"), "pods"))
	out, errOut, code := trim(t, "--kubeconfig", kubeconfig)
	if code != 1 || out != "" || !strings.HasPrefix(errOut, "evenkeel trim: listing pods: not allowed; docs/trim.md has the rights that are needed") {
		t.Errorf("exit code %d, output %q, error %q", code, out, errOut)
	}
}

// checkPages makes more DeviceClasses than one request returns: they are the
// cheapest objects.
func checkPages(t *testing.T, client kubernetes.Interface, kubeconfig string) {
	const more = 1001
	for i := range more {
		must(client.ResourceV1().DeviceClasses().Create(t.Context(), &resourcev1.DeviceClass{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("class-%04d.example.com", i)}}, metav1.CreateOptions{}))(t)
	}
	d := trimJSON(t, "--kubeconfig", kubeconfig)
	if got := d.count("DeviceClass"); got != more {
		t.Errorf("%d DeviceClasses were counted, want %d", got, more)
	}
	if got := d.verdicts()["DynamicResources"]; got != "keep" {
		t.Errorf("the verdict about DynamicResources is %q with %d classes, want keep", got, more)
	}
}

func checkUnreachable(t *testing.T, kubeconfig string) {
	text, err := os.ReadFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text = regexp.MustCompile(`server: \S+`).ReplaceAll(text, []byte("server: https://127.0.0.1:1"))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, errOut, code := trim(t, "--kubeconfig", file)
	if code != 1 || out != "" || !strings.HasPrefix(errOut, "evenkeel trim: listing nodes: ") || strings.Count(errOut, "\n") != 1 {
		t.Errorf("exit code %d, output %q, error %q", code, out, errOut)
	}
}
