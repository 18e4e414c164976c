// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/standin"
	"github.com/evenkeel/evenkeel/internal/golden"
	"github.com/evenkeel/evenkeel/internal/manifest"
	"github.com/evenkeel/evenkeel/internal/version"
	"github.com/evenkeel/evenkeel/webhooks"
)

const changedFile = "testdata/changed.yaml"

// admitted returns the pod of a file as admission leaves it under configFile.
func admitted(t *testing.T, file string) *corev1.Pod {
	t.Helper()
	cluster, err := standin.New(&standin.Options{Config: configFile, Namespace: "shop", KubernetesVersion: "1.37"}, webhooks.NewChain)
	if err != nil {
		t.Fatal(err)
	}
	var out *corev1.Pod
	eachTemplate(t, file, func(o *manifest.Object, template *manifest.Template) {
		out = cluster.Admit(o, template).Outcomes.Pod
		out.Namespace, out.Name = "shop", "cart"
	})
	return out
}

// server is an API server with one pod. What is nil may not be read, nor may the
// bindings of RBAC.
type server struct {
	pod       *corev1.Pod
	namespace *corev1.Namespace
}

// start starts it and returns a kubeconfig whose context has the namespace shop.
func (s *server) start(t *testing.T) string {
	t.Helper()
	status := func(w http.ResponseWriter, code int, reason metav1.StatusReason) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status: metav1.StatusFailure, Reason: reason, Code: int32(code), Message: "no"})
	}
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var object any
		switch r.URL.Path {
		case "/api/v1/namespaces/shop/pods/cart":
			if s.pod == nil {
				status(w, http.StatusForbidden, metav1.StatusReasonForbidden)
				return
			}
			pod := *s.pod
			pod.APIVersion, pod.Kind = "v1", "Pod"
			object = pod
		case "/api/v1/namespaces/shop":
			if s.namespace == nil {
				status(w, http.StatusForbidden, metav1.StatusReasonForbidden)
				return
			}
			object = s.namespace
		case "/version":
			object = map[string]string{"major": "1", "minor": "37", "gitVersion": "v1.37.2"}
		case "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "/apis/rbac.authorization.k8s.io/v1/rolebindings":
			status(w, http.StatusForbidden, metav1.StatusReasonForbidden)
			return
		default:
			status(w, http.StatusNotFound, metav1.StatusReasonNotFound)
			return
		}
		if err := json.NewEncoder(w).Encode(object); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(listener.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: %q}}]
users: [{name: test, user: {}}]
contexts: [{name: test, context: {cluster: test, user: test, namespace: shop}}]
`, listener.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func shop(labels map[string]string) *corev1.Namespace {
	return &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: labels}}
}

var enabled = map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled}

// checkLive explains the pod cart and compares with a golden, in which the server's
// address and the version of Evenkeel do not vary.
func checkLive(t *testing.T, s *server, name string, args ...string) {
	t.Helper()
	out := mustExplain(t, append([]string{"cart", "--kubeconfig", s.start(t)}, args...)...)
	address, _, _ := strings.Cut(out, ": Pod ")
	out = strings.ReplaceAll(strings.Replace(out, address, "SERVER", 1), "Evenkeel "+version.Version, "Evenkeel VERSION")
	golden.Check(t, "testdata/golden/live-"+name+".txt", []byte(out))
}

func TestExplainLivePod(t *testing.T) {
	const file = "testdata/live.input.yaml"
	t.Run("the configuration of the record", func(t *testing.T) {
		checkLive(t, &server{admitted(t, file), shop(enabled)}, "same", "--config", configFile)
	})
	t.Run("another configuration", func(t *testing.T) {
		checkLive(t, &server{admitted(t, file), shop(enabled)}, "changed", "--config", changedFile)
	})
	t.Run("no configuration", func(t *testing.T) {
		checkLive(t, &server{admitted(t, file), shop(enabled)}, "unknown")
	})
	t.Run("limits that were resized since", func(t *testing.T) {
		pod := admitted(t, file)
		pod.Spec.Containers[0].Resources.Limits[corev1.ResourceMemory] = resource.MustParse("4Gi")
		checkLive(t, &server{pod, shop(enabled)}, "resized", "--config", configFile)
	})
	t.Run("flags that somebody took out", func(t *testing.T) {
		pod := admitted(t, file)
		pod.Spec.Containers[0].Env = nil
		checkLive(t, &server{pod, shop(enabled)}, "flags-gone", "--config", configFile)
	})
	t.Run("a namespace that may not be read", func(t *testing.T) {
		checkLive(t, &server{pod: admitted(t, file)}, "namespace-unknown", "--config", configFile)
	})
	t.Run("a namespace that is no longer enabled", func(t *testing.T) {
		checkLive(t, &server{admitted(t, file), shop(nil)}, "disabled", "--config", configFile)
	})
	t.Run("a token that RBAC kept", func(t *testing.T) {
		pod := admitted(t, file)
		pod.Spec.AutomountServiceAccountToken = nil
		pod.Annotations[wellknown.StatusAnnotation] = strings.Replace(pod.Annotations[wellknown.StatusAnnotation],
			`"satoken":{"reason":"TokenNotNeeded","facts":"rule=TokenNotNeeded token=removed"}`,
			`"satoken":{"outcome":"skipped","reason":"TokenRBAC","detail":"RoleBinding shop/leader","facts":{"evidence":"RoleBinding shop/leader","rule":"TokenRBAC","token":"kept"}}`, 1)
		checkLive(t, &server{pod, shop(enabled)}, "rbac", "--config", configFile)
	})
	t.Run("a pod whose author wants no token himself", func(t *testing.T) {
		pod := admitted(t, file)
		pod.Annotations[wellknown.StatusAnnotation] = strings.Replace(pod.Annotations[wellknown.StatusAnnotation],
			"rule=TokenNotNeeded token=removed", "automount=author rule=TokenNotNeeded token=removed", 1)
		checkLive(t, &server{pod, shop(enabled)}, "automount", "--config", configFile)
	})
	t.Run("a record that was cut short", func(t *testing.T) {
		pod := admitted(t, file)
		pod.Annotations[wellknown.StatusAnnotation] = `{"version":"v0","config":"old","features":{"jvm":{"containers":{"app":"options=#1:x"}},"pidlimit":{},"satoken":{"reason":"TokenDeclared"}},"truncated":true}`
		checkLive(t, &server{pod, shop(enabled)}, "truncated", "--config", configFile)
	})
	t.Run("a record that cannot be read", func(t *testing.T) {
		pod := admitted(t, file)
		pod.Annotations[wellknown.StatusAnnotation] = "{"
		checkLive(t, &server{pod, shop(enabled)}, "unreadable", "--config", configFile)
	})
	bare := func() *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "cart"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}}}
	}
	t.Run("no record", func(t *testing.T) { checkLive(t, &server{bare(), shop(enabled)}, "no-record") })
	t.Run("no record, nor would there be one", func(t *testing.T) {
		checkLive(t, &server{bare(), shop(nil)}, "not-selected")
	})
	t.Run("no record, but there would be one", func(t *testing.T) {
		checkLive(t, &server{bare(), shop(enabled)}, "no-record-yet", "--config", configFile)
	})
	t.Run("as YAML", func(t *testing.T) {
		out := mustExplain(t, "pod/cart", "-n", "shop", "--kubeconfig", (&server{admitted(t, file), shop(enabled)}).start(t), "--config", changedFile, "-o", "yaml")
		for _, want := range []string{"differences:\n", "recorded: \"2048\"\n", "now: \"1024\"\n", "what: pids\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("the output lacks %q:\n%s", want, out)
			}
		}
	})
}

// A pod of 60 containers as the whole chain leaves it: that its record is cut short is
// said first, nothing is made of what the record does not say, and -f has the rest.
func TestExplainShortRecord(t *testing.T) {
	const containers = 60
	var manifest strings.Builder
	manifest.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: cart, namespace: shop}\nspec:\n  containers:\n")
	for i := range containers - 1 {
		fmt.Fprintf(&manifest, "  - {name: worker-%02d, image: registry.example/worker, resources: {limits: {memory: %dMi}}}\n", i, 1024+i)
	}
	// One with a reason, which the record has no room for.
	manifest.WriteString("  - {name: large, image: registry.example/worker, resources: {limits: {memory: 1Gi}, requests: {ephemeral-storage: 20Gi}}}\n")
	file := filepath.Join(t.TempDir(), "cart.yaml")
	if err := os.WriteFile(file, []byte(manifest.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	kubeconfig := (&server{admitted(t, file), shop(enabled)}).start(t)
	smaller := filepath.Join(t.TempDir(), "smaller.yaml")
	content, err := os.ReadFile(configFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(smaller, append(content, "  storage: {defaultTier: small}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		want string
		rows int
	}{
		"the configuration of the record": {args: []string{"--config", configFile}, want: "would do the same today, as far as the record tells.\n", rows: 1},
		"another configuration":           {args: []string{"--config", smaller}, want: "storage  storage limit  10Gi  ->  2Gi\n", rows: containers - 1},
		"no configuration":                {want: "not known: the budget, and what would be done today: name the configuration that is in force with --config\n", rows: 1},
	} {
		t.Run(name, func(t *testing.T) {
			out := mustExplain(t, append([]string{"cart", "--kubeconfig", kubeconfig}, tc.args...)...)
			const cut = "numbers and reasons are not in it; to see them, explain the manifest that the pod is made of, with evenkeel explain -f FILE -n shop\n"
			for want, rows := range map[string]int{cut: 1, tc.want: tc.rows, "  ->  ": strings.Count(tc.want, "->") * tc.rows} {
				if got := strings.Count(out, want); got != rows {
					t.Errorf("it says %d times %q, want %d", got, want, rows)
				}
			}
			recorded, _, _ := strings.Cut(out, "today")
			if strings.Contains(recorded, "nothing: ") || strings.Contains(recorded, "no longer in") {
				t.Error("it takes what the record does not say for nothing, or the flags for gone")
			}
			if t.Failed() {
				t.Logf("%.4000s", out)
			}
		})
	}
	out := mustExplain(t, "-f", file, "-n", "shop", "--config", configFile)
	for _, want := range []string{"pids  ", "heap           ", "storage limit"} {
		if got := strings.Count(out, want); got != containers {
			t.Errorf("explain -f has %q for %d containers of %d", want, got, containers)
		}
	}
}

func TestExplainLiveFails(t *testing.T) {
	for name, tc := range map[string]struct {
		server   *server
		pod      string
		wantCode int
		want     string
	}{
		"no such pod": {server: &server{}, pod: "none", wantCode: exit.BadInput,
			want: "there is no pod none in namespace shop of SERVER; name another, or its namespace with -n"},
		"not allowed": {server: &server{}, pod: "cart", wantCode: exit.Failure,
			want: "reading pod shop/cart: not allowed; docs/explain.md has the rights that are needed: no"},
	} {
		t.Run(name, func(t *testing.T) {
			kubeconfig := tc.server.start(t)
			out, err := execute(t, "", tc.pod, "--kubeconfig", kubeconfig)
			if err == nil || exit.CodeOf(err) != tc.wantCode || out != "" {
				t.Fatalf("error %v, exit code %d, output %q; want %d and none", err, exit.CodeOf(err), out, tc.wantCode)
			}
			content, readErr := os.ReadFile(kubeconfig)
			if readErr != nil {
				t.Fatal(readErr)
			}
			_, address, _ := strings.Cut(string(content), `server: "`)
			address, _, _ = strings.Cut(address, `"`)
			if got := strings.Replace(err.Error(), address, "SERVER", 1); got != tc.want {
				t.Errorf("error %q, want %q", got, tc.want)
			}
		})
	}
	t.Run("a server that is not there", func(t *testing.T) {
		kubeconfig := (&server{}).start(t)
		content, err := os.ReadFile(kubeconfig)
		if err != nil {
			t.Fatal(err)
		}
		_, address, _ := strings.Cut(string(content), `server: "`)
		address, _, _ = strings.Cut(address, `"`)
		if err := os.WriteFile(kubeconfig, []byte(strings.Replace(string(content), address, "http://127.0.0.1:1", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := execute(t, "", "cart", "--kubeconfig", kubeconfig)
		if exit.CodeOf(err) != exit.Failure || out != "" || !strings.HasPrefix(err.Error(), "reading pod shop/cart: ") {
			t.Errorf("error %v, output %q", err, out)
		}
	})
}
