// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestWebhooksCommute takes pods through admission with Evenkeel among four
// injectors, in each of the 120 orders. Wherever Evenkeel stands among them, the
// pod must come to the same. (The four do not commute with each other: Vault mounts
// its secrets into the init containers of those before it. So each of their 24
// orders is a case of its own.)
//
// One thing is decided by who comes first: OpenTelemetry's operator leaves a
// container alone whose JAVA_TOOL_OPTIONS has a valueFrom, and is not asked again.
// After Evenkeel, which merges such options, it sees a literal and injects. Both
// pods are right, and each is the same wherever else Evenkeel stands.
//
// The same means what an API server and a kubelet make of it:
//
//   - Volumes and mounts are sets, by name and by path: no order of theirs means
//     anything.
//   - A container's environment is what a kubelet resolves it to, in the order in
//     which it stands there. JVM options are compared word by word.
//   - Containers are compared by name, and their order with that which the injectors
//     alone make of the pod: Evenkeel must not have moved any.
//   - Init containers run one after the other, so their order is compared in the same
//     way. Evenkeel's own among them only copy files of their image to a volume of
//     theirs, which no other init container reads, so they may stand anywhere; and
//     mounts that others add to them, as Vault does, are no part of them.
//   - All else is compared as it is.
func TestWebhooksCommute(t *testing.T) {
	chain := shippedChain(t)
	const annotations = "vault.hashicorp.com/agent-inject: 'true', instrumentation.opentelemetry.io/container-names: app"
	for name, tc := range map[string]struct {
		server string
		native bool
		// valueFrom says that the pod's options have one.
		valueFrom bool
		pod       string
	}{
		"a plain service":      {pod: "metadata: {name: app, annotations: {" + annotations + "}}\nspec: {containers: [{name: app, image: i}]}"},
		"with limits":          {pod: limited("", "")},
		"with options":         {pod: limited("", "env: [{name: JAVA_TOOL_OPTIONS, value: -Da.a=1}, {name: B, value: b}]")},
		"with a heap":          {pod: limited("", "env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx300m}]")},
		"with a reference":     {pod: limited("", "env: [{name: B, value: b}, {name: JAVA_TOOL_OPTIONS, value: -Da.a=$(B)}]")},
		"with a valueFrom":     {valueFrom: true, pod: limited("", "env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: c, key: k, optional: true}}}]")},
		"with Istio's sidecar": {native: true, pod: limited("agent.evenkeel.io/inject: uav", "")},
		"with an agent":        {pod: limited("agent.evenkeel.io/inject: uav, agent.evenkeel.io/jdk: '8'", "")},
		"with a copied agent":  {server: "1.35.0", pod: limited("agent.evenkeel.io/inject: uav, agent.evenkeel.io/jdk: '8'", "")},
		"with copied agents and Istio's sidecar": {server: "1.35.0", native: true,
			pod: limited("agent.evenkeel.io/inject: 'uav,skywalking', agent.evenkeel.io/jdk: '8'", "env: [{name: JAVA_TOOL_OPTIONS, value: -Da.a=1}]")},
		"with a heap dump":         {pod: limited("jvm.evenkeel.io/heap-dump: 'on'", "")},
		"with the launcher's":      {pod: limited("jvm.evenkeel.io/channel: JDK_JAVA_OPTIONS", "env: [{name: JDK_JAVA_OPTIONS, value: -Da.a=1}]")},
		"with an init container":   {pod: strings.Replace(limited("", ""), "containers:", "initContainers: [{name: migrate, image: m}], containers:", 1)},
		"with the pod's limits":    {pod: strings.Replace(limited("", ""), "containers:", "resources: {limits: {memory: 4Gi, cpu: 8}}, containers:", 1)},
		"under a wrong annotation": {pod: limited("jvm.evenkeel.io/heap-percent: '120'", "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := &corev1.Pod{}
			if err := yaml.UnmarshalStrict([]byte(tc.pod), pod); err != nil {
				t.Fatalf("%v\n%s", err, tc.pod)
			}
			server := "1.37.2"
			if tc.server != "" {
				server = tc.server
			}
			ours := func(p *corev1.Pod) error {
				*p = *chain.Run(request(p, server), p).Pod
				return nil
			}
			mesh := istio
			if tc.native {
				mesh = istioNative
			}
			all := []webhook{{"evenkeel", true, ours}, {"istio", false, mesh}, {"linkerd", false, linkerd},
				{"vault", false, vault}, {"opentelemetry", false, opentelemetry}}

			type former struct {
				pod   *same
				order string
			}
			formers, alone := map[string]former{}, map[string]*corev1.Pod{}
			for order := range permutations(all) {
				names := namesOf(order)
				after, err := create(pod, order)
				if err != nil {
					t.Fatalf("in the order %s: %v", names, err)
				}
				if errs := mutatortest.Validate(after); len(errs) > 0 {
					t.Fatalf("in the order %s the API server would refuse the pod: %v", names, errs.ToAggregate())
				}
				if again := chain.Run(request(after, server), after); len(again.Operations) > 0 {
					t.Fatalf("in the order %s another call changes the pod: %v", names, again.Operations)
				}
				others := namesOf(withoutOurs(order))
				if alone[others] == nil {
					if alone[others], err = create(pod, withoutOurs(order)); err != nil {
						t.Fatal(err)
					}
				}
				before := strings.Index(names, "evenkeel") < strings.Index(names, "opentelemetry")
				noOTel := tc.valueFrom && !before
				if tc.valueFrom && before {
					others += ", after Evenkeel"
				} else {
					checkNothingMoved(t, alone[others], after, names)
				}
				got := sameOf(t, after)
				if got.Containers["istio-proxy"].Rest == "" && got.Containers["init istio-proxy"].Rest == "" || got.Containers["linkerd-proxy"].Rest == "" ||
					got.Containers["vault-agent"].Rest == "" || got.Volumes["opentelemetry-auto-instrumentation-java"] == "" != noOTel {
					t.Fatalf("in the order %s an injector has not done its work: %v", names, got.Containers)
				}
				if f, ok := formers[others]; !ok {
					formers[others] = former{got, names}
				} else if !reflect.DeepEqual(f.pod, got) {
					t.Fatalf("the order %s and the order %s make two pods (-former +latter):\n%s", f.order, names, cmp.Diff(f.pod, got))
				}
			}
			if len(alone) != 24 {
				t.Errorf("there are %d orders of the injectors", len(alone))
			}
		})
	}
}

// limited returns a pod with limits, more annotations and more fields.
func limited(annotations, fields string) string {
	if annotations != "" {
		annotations = ", " + annotations
	}
	if fields != "" {
		fields = ", " + fields
	}
	return "metadata: {name: app, annotations: {vault.hashicorp.com/agent-inject: 'true', instrumentation.opentelemetry.io/container-names: app" + annotations + "}}\n" +
		"spec: {containers: [{name: app, image: i, resources: {limits: {memory: 2Gi, cpu: 2}}" + fields + "}]}"
}

func request(pod *corev1.Pod, server string) mutate.Request {
	return mutate.Request{Namespace: "shop", NamespaceLabels: injected, Workload: mutate.WorkloadOf(pod), ServerVersion: version.MustParseSemantic(server)}
}

// permutations yields every order of the webhooks.
func permutations(all []webhook) func(yield func([]webhook) bool) {
	return func(yield func([]webhook) bool) {
		var next func(chosen, left []webhook) bool
		next = func(chosen, left []webhook) bool {
			if len(left) == 0 {
				return yield(slices.Clone(chosen))
			}
			for i := range left {
				if !next(append(slices.Clone(chosen), left[i]), slices.Delete(slices.Clone(left), i, i+1)) {
					return false
				}
			}
			return true
		}
		next(nil, all)
	}
}

func namesOf(order []webhook) string {
	var names []string
	for _, w := range order {
		names = append(names, w.name)
	}
	return strings.Join(names, ", ")
}

// checkNothingMoved holds the order of containers to what the injectors alone
// make of the pod.
func checkNothingMoved(t *testing.T, without, after *corev1.Pod, order string) {
	t.Helper()
	names := func(list []corev1.Container) []string {
		var out []string
		for _, c := range list {
			if !isOurs(c.Name) {
				out = append(out, c.Name)
			}
		}
		return out
	}
	if diff := cmp.Diff(names(without.Spec.Containers), names(after.Spec.Containers)); diff != "" {
		t.Fatalf("in the order %s containers have moved:\n%s", order, diff)
	}
	if diff := cmp.Diff(names(without.Spec.InitContainers), names(after.Spec.InitContainers)); diff != "" {
		t.Fatalf("in the order %s init containers have moved:\n%s", order, diff)
	}
}

func withoutOurs(order []webhook) []webhook {
	return slices.DeleteFunc(slices.Clone(order), func(w webhook) bool { return w.name == "evenkeel" })
}

func isOurs(name string) bool { return strings.HasPrefix(name, "evenkeel-") }

// same is a pod as far as it means something.
type same struct {
	Labels, Annotations map[string]string
	Containers          map[string]sameContainer
	Volumes             map[string]string
	// Rest of the pod, as JSON.
	Rest string
}

type sameContainer struct {
	Env, Mounts map[string]string
	Rest        string
}

func sameOf(t *testing.T, pod *corev1.Pod) *same {
	t.Helper()
	pod = pod.DeepCopy()
	out := &same{Labels: pod.Labels, Annotations: pod.Annotations, Containers: map[string]sameContainer{}, Volumes: map[string]string{}}
	for i, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for _, c := range list {
			sc := sameContainer{Env: resolved(t, &c), Mounts: map[string]string{}}
			for _, m := range c.VolumeMounts {
				if !isOurs(c.Name) || isOurs(m.Name) {
					sc.Mounts[m.MountPath] = asJSON(t, m)
				}
			}
			c.Env, c.VolumeMounts = nil, nil
			sc.Rest = asJSON(t, c)
			key := c.Name
			if i > 0 {
				key = "init " + key
			}
			out.Containers[key] = sc
		}
	}
	for _, v := range pod.Spec.Volumes {
		out.Volumes[v.Name] = asJSON(t, v)
	}
	pod.Labels, pod.Annotations, pod.Spec.Containers, pod.Spec.InitContainers, pod.Spec.Volumes = nil, nil, nil, nil, nil
	out.Rest = asJSON(t, pod)
	return out
}

// resolved returns the environment of a container as a kubelet resolves it: each
// reference by the entries above its own, and what is not in the pod by its source.
func resolved(t *testing.T, c *corev1.Container) map[string]string {
	t.Helper()
	env := map[string]string{}
	mapping := expansion.MappingFuncFor(env)
	for _, e := range c.Env {
		value := expansion.Expand(e.Value, mapping)
		if e.ValueFrom != nil {
			value = asJSON(t, e.ValueFrom)
		}
		env[e.Name] = value
	}
	for _, name := range []string{wellknown.JavaToolOptions, wellknown.JDKJavaOptions} {
		if value, ok := env[name]; ok {
			env[name] = strings.Join(strings.Fields(value), " ")
		}
	}
	return env
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestOneAgentFromTwoSides has a pod ask both Evenkeel and the OpenTelemetry
// operator for that agent. It must start once, and it is the operator's, which
// cannot be asked to take it back. Its variables are then the operator's where
// that comes first; the other way round it has found Evenkeel's and set none.
func TestOneAgentFromTwoSides(t *testing.T) {
	chain := shippedChain(t)
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(limited("agent.evenkeel.io/inject: otel", "")), pod); err != nil {
		t.Fatal(err)
	}
	ours := webhook{"evenkeel", true, func(p *corev1.Pod) error {
		*p = *chain.Run(request(p, "1.37.2"), p).Pod
		return nil
	}}
	operator := webhook{"opentelemetry", false, opentelemetry}
	for _, order := range [][]webhook{{ours, operator}, {operator, ours}} {
		after, err := create(pod, order)
		if err != nil {
			t.Fatal(err)
		}
		env := resolved(t, &after.Spec.Containers[0])
		for _, name := range []string{"OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_RESOURCE_ATTRIBUTES"} {
			if env[name] == "" {
				t.Errorf("in the order %s the agent has no %s", namesOf(order), name)
			}
		}
		value := env[wellknown.JavaToolOptions]
		if strings.Count(value, "-javaagent:") != 1 || !strings.Contains(value, "/otel-auto-instrumentation-java-app/javaagent.jar") {
			t.Errorf("in the order %s the options are %q", namesOf(order), value)
		}
		if i := slices.IndexFunc(after.Spec.Volumes, func(v corev1.Volume) bool { return isOurs(v.Name) }); i >= 0 {
			t.Errorf("in the order %s the volume %s is left", namesOf(order), after.Spec.Volumes[i].Name)
		}
		again := chain.Run(request(after, "1.37.2"), after)
		if len(again.Operations) > 0 {
			t.Errorf("in the order %s another call changes the pod: %v", namesOf(order), again.Operations)
		}
		warnings := again.Warnings()
		if !strings.Contains(strings.Join(warnings, "\n"), "starts this agent itself") {
			t.Errorf("in the order %s the user is told %q", namesOf(order), warnings)
		}
	}
}
