// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package explain_test asks `evenkeel explain` about pods that the real webhook has
// admitted at a real API server, with the rights that docs/explain.md names and no
// others.
package explain_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/cli"
	"github.com/evenkeel/evenkeel/internal/cli/explain"
	"github.com/evenkeel/evenkeel/test/integration/program"
	"github.com/evenkeel/evenkeel/test/integration/rights"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

func TestExplainAsksACluster(t *testing.T) {
	p := program.Start(t, filepath.Join(program.Bin(t), "evenkeel"), "playground", "-f", "testdata/objects.yaml", "--hosts-per-rack", "1")
	config, err := clientcmd.BuildConfigFromFlags("", p.Await(t, "kubeconfig: "))
	if err != nil {
		t.Fatal(err)
	}
	p.Await(t, "Up until Ctrl-C.")
	client := kubernetes.NewForConfigOrDie(config)
	rules := rights.Documented(t, "explain.md")
	user := newUser(t, client, config, "explainer", rules)
	cart := podOf(t, client, "shop", "cart")

	t.Run("the record, with the budget of the shipped configuration", func(t *testing.T) { checkRecord(t, user, cart) })
	t.Run("another configuration", func(t *testing.T) { checkChanged(t, user, cart) })
	leader := podOf(t, client, "shop", "leader")
	t.Run("the binding that keeps a token", func(t *testing.T) { checkBinding(t, user, leader) })
	t.Run("without the rights that it can do without", func(t *testing.T) {
		poor := newUser(t, client, config, "poor", slices.DeleteFunc(slices.Clone(rules), func(r rbacv1.PolicyRule) bool {
			return !slices.Contains(r.Resources, "pods")
		}))
		pod := explainPod(t, poor, leader).Pods[0]
		for _, want := range []string{"labels of the namespace", "RBAC"} {
			if pod.Record == nil || !slices.ContainsFunc(pod.Unknown, func(u string) bool { return strings.Contains(u, want) }) {
				t.Errorf("record %v; not known: %q, want something of %s", pod.Record, pod.Unknown, want)
			}
		}
	})
	t.Run("without the right to read pods", func(t *testing.T) {
		none := newUser(t, client, config, "none", nil)
		out, errOut, code := run(t, "explain", cart.Name, "-n", cart.Namespace, "--kubeconfig", none)
		if code != 1 || out != "" || !strings.HasPrefix(errOut, "evenkeel explain: reading pod shop/"+cart.Name+": not allowed; docs/explain.md has the rights") {
			t.Errorf("exit code %d, output %q, error %q", code, out, errOut)
		}
	})
	t.Run("a pod that was left alone", func(t *testing.T) {
		pod := explainPod(t, user, podOf(t, client, "unlabelled", "other")).Pods[0]
		if pod.Record != nil || pod.Selected || pod.Selection == nil || pod.Selection.Code != mutate.CodeNamespaceNotEnabled {
			t.Errorf("record %v, selected %t, selection %v; want none, because of the namespace", pod.Record, pod.Selected, pod.Selection)
		}
	})
}

// checkRecord holds what is told of a pod against the pod.
func checkRecord(t *testing.T, kubeconfig string, stored *corev1.Pod) {
	t.Helper()
	d := explainPod(t, kubeconfig, stored)
	pod := d.Pods[0]
	if pod.Record == nil || pod.Record.Config != d.Configuration.Hash {
		t.Fatalf("the record is %v; want one of the shipped configuration, %s", pod.Record, d.Configuration.Hash)
	}
	if pod.Now == nil || len(pod.Now.Differences) > 0 {
		t.Errorf("today it would be otherwise: %+v", pod.Now)
	}
	token := feature(t, pod.Features, "satoken")
	if got := token.Facts; token.Reasons[0].Code != mutate.CodeTokenReason || got[mutate.FactToken] != "kept" || got[mutate.FactEvidence] != "calls-kubernetes-api" {
		t.Errorf("the token: %+v", token)
	}
	app := pod.Containers[0].Features
	if got := feature(t, app, "pidlimit").Facts[mutate.FactPids]; !strings.Contains(stored.Annotations[wellknown.PidsLimitsAnnotation], `"app":`+got) || got == "" {
		t.Errorf("told %q pids; the pod has %s", got, stored.Annotations[wellknown.PidsLimitsAnnotation])
	}
	heap := feature(t, app, "jvm")
	value := ""
	for _, e := range stored.Spec.Containers[0].Env {
		if e.Name == heap.Variable {
			value = e.Value
		}
	}
	if want := strings.Join(heap.Flags, " ") + " -Dmine=1"; len(heap.Flags) < 3 || value != want {
		t.Errorf("the pod has %s=%q, told %q", heap.Variable, value, want)
	}
	// The LimitRange's default.
	if heap.Budget == nil || heap.Budget.Limit != 768<<20 {
		t.Fatalf("the budget is %+v, want one of 768Mi", heap.Budget)
	}
	sum := int64(0)
	for _, part := range heap.Budget.Parts {
		sum += part.Bytes
	}
	if sum != heap.Budget.Limit {
		t.Errorf("the parts add up to %d of %d", sum, heap.Budget.Limit)
	}
	table, errOut, code := run(t, "explain", stored.Name, "-n", stored.Namespace, "--kubeconfig", kubeconfig)
	if code != 0 || errOut != "" || !strings.Contains(table, "would do the same today.") {
		t.Errorf("exit code %d, error %q, table:\n%s", code, errOut, table)
	}
}

// checkChanged asks what a configuration with another tier would do.
func checkChanged(t *testing.T, kubeconfig string, stored *corev1.Pod) {
	t.Helper()
	pod := explainPod(t, kubeconfig, stored, "--config", "testdata/changed.yaml").Pods[0]
	was := feature(t, pod.Containers[0].Features, "pidlimit").Facts[mutate.FactPids]
	want := []explain.Difference{{Container: "app", Feature: "pidlimit", What: mutate.FactPids, Recorded: was, Now: "1024"}}
	if diff := cmp.Diff(want, pod.Now.Differences); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}

// checkBinding asks about a pod whose ServiceAccount has rights. What the webhook
// knew of the binding when it admitted the pod, made in the same moment, is not
// what is tested here.
func checkBinding(t *testing.T, kubeconfig string, stored *corev1.Pod) {
	t.Helper()
	pod := explainPod(t, kubeconfig, stored).Pods[0]
	token := feature(t, pod.Now.Features, "satoken")
	const binding = "RoleBinding/shop/leases:ClusterRole/edit"
	if len(token.Reasons) == 0 || token.Reasons[0].Code != mutate.CodeTokenRBAC || token.Facts[mutate.FactEvidence] != binding {
		t.Errorf("the token: %+v, want it kept because of %s", token, binding)
	}
	if i := slices.IndexFunc(pod.Unknown, func(u string) bool { return strings.Contains(u, "RBAC") }); i >= 0 {
		t.Errorf("not known: %s", pod.Unknown[i])
	}
}

func feature(t *testing.T, features []explain.Feature, name string) explain.Feature {
	t.Helper()
	for _, f := range features {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("nothing is told of %s: %+v", name, features)
	return explain.Feature{}
}

// run runs the command line.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = cli.Run(t.Context(), append([]string{"evenkeel"}, args...), strings.NewReader(""), &out, &errOut)
	return out.String(), errOut.String(), code
}

func explainPod(t *testing.T, kubeconfig string, pod *corev1.Pod, more ...string) *explain.Document {
	t.Helper()
	out, errOut, code := run(t, append([]string{"explain", pod.Name, "-n", pod.Namespace, "--kubeconfig", kubeconfig, "-o", "json"}, more...)...)
	if code != 0 || errOut != "" {
		t.Fatalf("exit code %d: %s", code, errOut)
	}
	d := &explain.Document{}
	if err := json.Unmarshal([]byte(out), d); err != nil {
		t.Fatal(err)
	}
	return d
}

// podOf returns the only pod of an application.
func podOf(t *testing.T, client kubernetes.Interface, namespace, app string) *corev1.Pod {
	t.Helper()
	pods, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		t.Fatal(err)
	}
	if len(pods.Items) != 1 {
		t.Fatalf("%d pods of %s/%s, want 1", len(pods.Items), namespace, app)
	}
	return &pods.Items[0]
}

// newUser returns the kubeconfig of a new ServiceAccount with these rights and no
// others.
func newUser(t *testing.T, client kubernetes.Interface, config *rest.Config, name string, rules []rbacv1.PolicyRule) string {
	t.Helper()
	const namespace = metav1.NamespaceDefault
	create := metav1.CreateOptions{}
	meta := metav1.ObjectMeta{Name: name}
	if _, err := client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: meta}, create); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, create); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}},
	}, create); err != nil {
		t.Fatal(err)
	}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), name, &authenticationv1.TokenRequest{}, create)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters["c"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData, CertificateAuthority: config.CAFile}
	kubeconfig.AuthInfos["u"] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	kubeconfig.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	kubeconfig.CurrentContext = "x"
	file := filepath.Join(t.TempDir(), fmt.Sprintf("%s.kubeconfig", name))
	if err := clientcmd.WriteToFile(*kubeconfig, file); err != nil {
		t.Fatal(err)
	}
	return file
}
