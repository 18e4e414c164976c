// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/kubernetes/pkg/capabilities"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/golden"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// want is what a pod of the corpus must come to, in short; the golden file beside
// it has the whole.
type want struct {
	// server is the API server's version; empty stands for 1.37.2.
	server string
	// unselected is why the pod is left alone altogether.
	unselected mutate.Code
	// restricted says that the pod passes Pod Security's restricted before.
	restricted bool
	// jvm is what becomes of each container that the jvm feature looks at: "heap" if
	// it gets one, and the reason code if there is one.
	jvm map[string]string
	// agents are those that containers get, in their order.
	agents map[string]string
	// token is what becomes of the ServiceAccount's token: removed or kept.
	token string
	// failed names features that could not do what the pod asks for.
	failed []string
	// warnings are parts of what the user is told, one for each.
	warnings []string
	// options is the beginning and the end of a container's JVM options, with "..."
	// between.
	options map[string]string
}

func TestMain(m *testing.M) {
	// As clusters are installed: --allow-privileged.
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
	os.Exit(m.Run())
}

// injected is the namespace's labels.
var injected = map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled}

func TestCorpus(t *testing.T) {
	chain := shippedChain(t)
	inputs, err := filepath.Glob("testdata/*.input.yaml")
	if err != nil || len(inputs) < 40 {
		t.Fatalf("there are %d pods in testdata (error: %v); the corpus has at least 40", len(inputs), err)
	}
	names, goldens := []string{}, map[string]bool{}
	for _, input := range inputs {
		name := strings.TrimSuffix(filepath.Base(input), ".input.yaml")
		names = append(names, name)
		output := filepath.Join("testdata", name+".output.yaml")
		goldens[output] = true
		t.Run(name, func(t *testing.T) {
			tc, ok := corpus[name]
			if !ok {
				t.Fatalf("%s has no expectation", input)
			}
			before := readPod(t, input)
			mountToken(before)
			raw, err := json.Marshal(before)
			if err != nil {
				t.Fatal(err)
			}
			if errs := mutatortest.Validate(before); len(errs) > 0 {
				t.Fatalf("the API server would refuse this pod: %v", errs.ToAggregate())
			}
			if got := mutatortest.Restricted(before) == ""; got != tc.restricted {
				t.Errorf("restricted is %v: %s", got, mutatortest.Restricted(before))
			}
			selected, code := mutate.Selected(nil, "shop", injected, before)
			if !selected {
				if code != tc.unselected {
					t.Errorf("it is left alone for %q; want %q", code, tc.unselected)
				}
				golden.Check(t, output, []byte("leftAlone: "+string(code)+"\n"))
				return
			}
			req := mutate.Request{Namespace: "shop", NamespaceLabels: injected, Workload: mutate.WorkloadOf(before),
				ServerVersion: version.MustParseSemantic("1.37.2")}
			if tc.server != "" {
				req.ServerVersion = version.MustParseSemantic(tc.server)
			}
			// Validity, Pod Security, a second pass and unknown fields are its business.
			out := mutatortest.Check(t, chain, req, raw)
			tc.check(t, out)
			checkUserKept(t, before, out.Pod)
			golden.Check(t, output, render(t, out))

			// Where agents are copied by init containers, all of it must hold as well.
			req.ServerVersion = version.MustParseSemantic("1.34.0")
			checkUserKept(t, before, mutatortest.Check(t, chain, req, raw).Pod)
		})
	}
	slices.Sort(names)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(corpus)), names); diff != "" {
		t.Errorf("expectations and pods (-expected +in testdata):\n%s", diff)
	}
	stale, err := filepath.Glob("testdata/*.output.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range stale {
		if !goldens[file] {
			t.Errorf("%s has no input: remove it", file)
		}
	}
}

// readPod reads a pod of the corpus, which says first what it is.
func readPod(t *testing.T, file string) *corev1.Pod {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(content, []byte("apiVersion:"))
	if !bytes.HasPrefix(head, []byte("# ")) || !bytes.Contains(head, []byte("Expected:")) {
		t.Errorf("%s: it must begin with a comment on its shape and on what is expected", file)
	}
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict(content, pod); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return pod
}

// check holds the outcome to the expectation.
func (w want) check(t *testing.T, out *mutate.Outcomes) {
	t.Helper()
	got := want{server: w.server, restricted: w.restricted}
	for _, f := range out.Features {
		if f.Report.Pod.Outcome == mutate.Failed {
			got.failed = append(got.failed, f.Name)
		}
		switch f.Name {
		case "jvm":
			got.jvm = map[string]string{}
			for name, r := range f.Report.Containers {
				words := []string{string(r.Code)}
				if r.Facts[mutate.FactHeapPercent] != "" {
					words = []string{"heap", string(r.Code)}
				}
				got.jvm[name] = strings.TrimSpace(strings.Join(words, " "))
			}
		case "agent":
			for name, r := range f.Report.Containers {
				if agents := r.Facts[mutate.FactAgents]; agents != "" {
					if got.agents == nil {
						got.agents = map[string]string{}
					}
					got.agents[name] = agents
				}
			}
		case "satoken":
			got.token = f.Report.Pod.Facts[mutate.FactToken]
		}
	}
	got.warnings, got.options = w.warnings, w.options
	if diff := cmp.Diff(w, got, cmp.AllowUnexported(want{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
	warnings := out.Warnings()
	if len(warnings) != len(w.warnings) {
		t.Errorf("%d warnings; want %d: %q", len(warnings), len(w.warnings), warnings)
	}
	for i, part := range w.warnings {
		if i < len(warnings) && !strings.Contains(warnings[i], part) {
			t.Errorf("the warning is %q; want one with %q", warnings[i], part)
		}
	}
	for where, want := range w.options {
		container, channel, _ := strings.Cut(where, " ")
		begin, end, _ := strings.Cut(want, "...")
		value := lookup(out.Pod, container, channel)
		if !strings.HasPrefix(value, begin) || !strings.HasSuffix(value, end) {
			t.Errorf("%s is %q; want %q", where, value, want)
		}
	}
}

// containersOf returns all containers of a pod by their names.
func containersOf(pod *corev1.Pod) map[string]corev1.Container {
	out := map[string]corev1.Container{}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, c := range list {
			out[c.Name] = c
		}
	}
	return out
}

// lookup returns the literal value of a container's variable.
func lookup(pod *corev1.Pod, container, name string) string {
	value := ""
	for _, env := range containersOf(pod)[container].Env {
		if env.Name == name {
			value = env.Value
		}
	}
	return value
}

// channels are the variables to which options are added.
var channels = []string{wellknown.JavaToolOptions, wellknown.JDKJavaOptions, "CATALINA_OPTS"}

// checkUserKept holds the pod to all that its user wrote: containers in their
// order with images, commands, limits, mounts and variables, of which those that
// carry options may have gained some in front.
func checkUserKept(t *testing.T, before, after *corev1.Pod) {
	t.Helper()
	now := containersOf(after)
	for name, old := range containersOf(before) {
		c, ok := now[name]
		if !ok {
			t.Errorf("the container %s is gone", name)
			continue
		}
		for what, pair := range map[string][2]any{
			"image": {old.Image, c.Image}, "command": {old.Command, c.Command}, "args": {old.Args, c.Args},
			"limits":   {old.Resources.Limits, userResources(old.Resources.Limits, c.Resources.Limits)},
			"requests": {old.Resources.Requests, userResources(old.Resources.Requests, c.Resources.Requests)}, "ports": {old.Ports, c.Ports}, "envFrom": {old.EnvFrom, c.EnvFrom},
			"securityContext": {old.SecurityContext, c.SecurityContext}, "restartPolicy": {old.RestartPolicy, c.RestartPolicy},
		} {
			if diff := cmp.Diff(pair[0], pair[1], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("container %s: %s has changed (-before +after):\n%s", name, what, diff)
			}
		}
		for _, env := range old.Env {
			if env.ValueFrom != nil && slices.Contains(channels, env.Name) {
				// It goes on under a private name; test/jvm shows what the JVM sees.
				continue
			}
			value := lookup(after, name, env.Name)
			if env.ValueFrom == nil && value != env.Value && (!slices.Contains(channels, env.Name) || !strings.HasSuffix(value, env.Value)) {
				t.Errorf("container %s: the variable %s was %q and is %q", name, env.Name, env.Value, value)
			}
			if env.ValueFrom != nil && !slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return cmp.Equal(e, env) }) {
				t.Errorf("container %s: the variable %s is lost", name, env.Name)
			}
		}
		for _, m := range old.VolumeMounts {
			if m.MountPath != tokenPath && !slices.ContainsFunc(c.VolumeMounts, func(o corev1.VolumeMount) bool { return cmp.Equal(o, m) }) {
				t.Errorf("container %s: the mount %s is lost", name, m.MountPath)
			}
		}
	}
	for _, v := range before.Spec.Volumes {
		i := slices.IndexFunc(after.Spec.Volumes, func(o corev1.Volume) bool { return o.Name == v.Name })
		if i < 0 && v.Name == tokenVolumeName {
			continue
		}
		if i < 0 {
			t.Errorf("the volume %s is gone", v.Name)
			continue
		}
		now := after.Spec.Volumes[i].DeepCopy()
		if v.EmptyDir != nil && v.EmptyDir.SizeLimit == nil && now.EmptyDir != nil {
			// A bound where the user set none is what the storage feature is for.
			now.EmptyDir.SizeLimit = nil
		}
		if diff := cmp.Diff(&v, now); diff != "" {
			t.Errorf("the volume %s has changed (-before +after):\n%s", v.Name, diff)
		}
	}
	order := func(list []corev1.Container) []string {
		var names []string
		for _, c := range list {
			if !strings.HasPrefix(c.Name, "evenkeel-") {
				names = append(names, c.Name)
			}
		}
		return names
	}
	if diff := cmp.Diff(order(before.Spec.InitContainers), order(after.Spec.InitContainers)); diff != "" {
		t.Errorf("the order of the init containers has changed:\n%s", diff)
	}
	if diff := cmp.Diff(order(before.Spec.Containers), order(after.Spec.Containers)); diff != "" {
		t.Errorf("the order of the containers has changed:\n%s", diff)
	}
}

// userResources returns what a container has now of resources, without the
// ephemeral storage that the storage feature adds where the user said nothing of
// it.
func userResources(before, now corev1.ResourceList) corev1.ResourceList {
	out := now.DeepCopy()
	if _, ok := before[corev1.ResourceEphemeralStorage]; !ok {
		delete(out, corev1.ResourceEphemeralStorage)
	}
	return out
}

// render writes the pod and, as a second document, what the features say of it.
func render(t *testing.T, out *mutate.Outcomes) []byte {
	t.Helper()
	type result struct {
		Outcome mutate.Outcome    `json:"outcome"`
		Code    mutate.Code       `json:"code,omitempty"`
		Detail  string            `json:"detail,omitempty"`
		Facts   map[string]string `json:"facts,omitempty"`
	}
	of := func(r mutate.Result) result { return result{r.Outcome, r.Code, r.Detail, r.Facts} }
	type feature struct {
		Pod        result            `json:"pod"`
		Containers map[string]result `json:"containers,omitempty"`
	}
	report := struct {
		Warnings []string           `json:"warnings"`
		Features map[string]feature `json:"features"`
	}{append([]string{}, out.Warnings()...), map[string]feature{}}
	for _, f := range out.Features {
		r := feature{Pod: of(f.Report.Pod), Containers: map[string]result{}}
		for name, c := range f.Report.Containers {
			r.Containers[name] = of(c)
		}
		report.Features[f.Name] = r
	}
	pod, err := yaml.Marshal(out.Pod)
	if err != nil {
		t.Fatal(err)
	}
	second, err := yaml.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{pod, second}, []byte("---\n"))
}
