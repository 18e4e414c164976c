// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestMutatorTakesFieldsAndLabels fills in what is not known before the pod runs,
// and leaves out what refers to a variable that it may not set.
func TestMutatorTakesFieldsAndLabels(t *testing.T) {
	m := agent.New(feature(t, `{catalogue: [{name: apm, image: IMAGE, jar: a.jar,
		jvmOptions: ["-Dteam={{label.example.com/team}}", "-Dnone={{label.none}}"],
		env: [{name: APM_POD, field: metadata.name}, {name: APM_ID, value: "{{kind}}/{{workload}}/$(APM_POD)"}]}]}`))
	pod := asking("apm")
	pod.Labels = map[string]string{"example.com/team": "a b"}
	out := check(t, mutatortest.DefaultRequest(), pod, m)
	want := []corev1.EnvVar{
		{Name: "APM_POD", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}},
		{Name: "APM_ID", Value: "pod/cart/$(APM_POD)"},
		{Name: "JAVA_TOOL_OPTIONS", Value: "-javaagent:/evenkeel/apm/a.jar -Dteam=a_b -Dnone="},
	}
	if diff := cmp.Diff(want, out.Pod.Spec.Containers[0].Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}

	// It goes again, and what the user has set meanwhile stays.
	out.Pod.Spec.Containers[0].Env[0].ValueFrom.FieldRef.FieldPath = "metadata.uid"
	out.Pod.Annotations["agent.evenkeel.io/inject"] = "none"
	out = check(t, mutatortest.DefaultRequest(), out.Pod, m)
	if env := out.Pod.Spec.Containers[0].Env; len(env) != 1 || env[0].Name != "APM_POD" {
		t.Errorf("environment is %v; want the user's APM_POD alone", env)
	}
}

// TestMutatorSetsVariablesBehindEnvFrom says that what an envFrom brings counts,
// and what it does not bring is set all the same.
func TestMutatorSetsVariablesBehindEnvFrom(t *testing.T) {
	m := agent.New(feature(t, `{catalogue: [{name: apm, image: IMAGE, jar: a.jar,
		env: [{name: APM_POD, field: metadata.name}, {name: APM_ID, value: "{{workload}}/$(APM_POD)"}]}]}`))
	pod := asking("apm")
	pod.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{Prefix: "APM_", ConfigMapRef: &corev1.ConfigMapEnvSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: "c"}}}}
	out := check(t, mutatortest.DefaultRequest(), pod, m)
	for name, tc := range map[string]struct {
		data map[string]string
		want string
	}{
		"brings nothing of it": {data: map[string]string{"OTHER": "x"}, want: "cart/cart-0"},
		"brings one":           {data: map[string]string{"ID": "theirs"}, want: "theirs"},
		"brings the other":     {data: map[string]string{"POD": "a"}, want: "cart/a"},
	} {
		t.Run(name, func(t *testing.T) {
			env, err := mutatortest.ResolveEnv(&out.Pod.Spec.Containers[0], mutatortest.Objects{
				ConfigMaps: map[string]map[string]string{"c": tc.data}, Fields: map[string]string{"metadata.name": "cart-0"}})
			if err != nil {
				t.Fatal(err)
			}
			if env["APM_ID"] != tc.want {
				t.Errorf("APM_ID is %q; want %q", env["APM_ID"], tc.want)
			}
		})
	}

	// It goes as it came.
	out.Pod.Annotations["agent.evenkeel.io/inject"] = "none"
	if out = check(t, mutatortest.DefaultRequest(), out.Pod, m); len(out.Pod.Spec.Containers[0].Env) > 0 {
		t.Errorf("environment is %v; want none", out.Pod.Spec.Containers[0].Env)
	}
}

// TestMutatorLeavesItsVariablesToTheAgentOfAnother says what stays when another
// injector brings the same agent after an earlier pass: what it found set and
// therefore did not set, but nothing that names a folder which goes.
func TestMutatorLeavesItsVariablesToTheAgentOfAnother(t *testing.T) {
	m := agent.New(feature(t, `{catalogue: [{name: apm, image: IMAGE, jar: a.jar, writable: [{name: log, sizeLimit: 1Mi}],
		env: [{name: APM_SERVICE, value: "{{workload}}"}, {name: APM_HOME, value: "{{mount}}"}, {name: APM_LOG, value: "{{dir.log}}/x"}]}]}`))
	out := check(t, mutatortest.DefaultRequest(), asking("apm"), m)
	c := &out.Pod.Spec.Containers[0]
	for i := range c.Env {
		if c.Env[i].Name == "JAVA_TOOL_OPTIONS" {
			c.Env[i].Value += " -javaagent:/other/a.jar"
		}
	}
	out = check(t, mutatortest.DefaultRequest(), out.Pod, m)
	want := []corev1.EnvVar{{Name: "APM_SERVICE", Value: "cart"}, {Name: "JAVA_TOOL_OPTIONS", Value: "-javaagent:/other/a.jar"}}
	if diff := cmp.Diff(want, out.Pod.Spec.Containers[0].Env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if got := toldOf(out, "app"); got.Code != mutate.CodeAgentPresent {
		t.Errorf("it is told %+v; want that the agent is there", got)
	}

	// They are still ours, and go with the wish for the agent.
	out.Pod.Annotations["agent.evenkeel.io/inject"] = "none"
	out = check(t, mutatortest.DefaultRequest(), out.Pod, m)
	if env := out.Pod.Spec.Containers[0].Env; len(env) != 1 {
		t.Errorf("environment is %v; want the options alone", env)
	}

	// A user who starts the agent himself is not given any.
	pod := asking("apm")
	pod.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: "-javaagent:/other/a.jar"}}
	out = check(t, mutatortest.DefaultRequest(), pod, m)
	if env := out.Pod.Spec.Containers[0].Env; len(env) != 1 {
		t.Errorf("environment is %v; want the user's options alone", env)
	}
}

// TestMutatorGivesAVariableToTheFirstAgent has two agents want the same one.
func TestMutatorGivesAVariableToTheFirstAgent(t *testing.T) {
	m := agent.New(feature(t, `{catalogue: [{name: log, image: IMAGE, jar: b.jar, order: 2, env: [{name: HOME_OF, value: "{{mount}}"}]},
		{name: apm, image: IMAGE, jar: a.jar, order: 1, env: [{name: HOME_OF, value: "{{mount}}"}]}]}`))
	out := check(t, mutatortest.DefaultRequest(), asking("log,apm"), m)
	if got, _ := podspec.LookupEnv(&out.Pod.Spec.Containers[0], "HOME_OF"); got != "/evenkeel/apm" {
		t.Errorf("HOME_OF is %q; want the first agent's", got)
	}
}

// TestMutatorPutsVariablesInOrderAnew has the catalogue change after an earlier
// pass: a variable refers to one that is new, and to one that stood below it.
func TestMutatorPutsVariablesInOrderAnew(t *testing.T) {
	before := agent.New(feature(t, `{catalogue: [{name: apm, image: IMAGE, jar: a.jar,
		env: [{name: APM_ID, value: "{{workload}}"}, {name: APM_AT, value: x}, {name: APM_NODE, field: spec.nodeName}, {name: APM_ALL, value: "$(APM_ID)"}]}]}`))
	after := agent.New(feature(t, `{catalogue: [{name: apm, image: IMAGE, jar: a.jar,
		env: [{name: APM_POD, field: metadata.name}, {name: APM_NODE, field: spec.nodeName}, {name: APM_AT, value: "$(APM_NODE)"},
			{name: APM_ID, value: "$(APM_POD)/$(APM_NODE)"}, {name: APM_ALL, value: "$(APM_ID)"}]}]}`))
	out := check(t, mutatortest.DefaultRequest(), asking("apm"), before)
	// Not by check, for which an entry that is set anew has lost what is not known of
	// it.
	out = mutatortest.NewChain(v1alpha1.OnErrorAdmit, after).Run(mutatortest.DefaultRequest(), out.Pod)
	out = check(t, mutatortest.DefaultRequest(), out.Pod, after)
	env, err := mutatortest.ResolveEnv(&out.Pod.Spec.Containers[0], mutatortest.Objects{
		Fields: map[string]string{"metadata.name": "cart-0", "spec.nodeName": "n1"}})
	if err != nil {
		t.Fatal(err)
	}
	for variable, want := range map[string]string{"APM_AT": "n1", "APM_ID": "cart-0/n1", "APM_ALL": "cart-0/n1"} {
		if env[variable] != want {
			t.Errorf("%s is %q; want %q", variable, env[variable], want)
		}
	}
}

// TestMutatorSparesCommandsWithTheChannel says when a command that names the
// variable of the options keeps the agent out.
func TestMutatorSparesCommandsWithTheChannel(t *testing.T) {
	m := agent.New(feature(t, `{catalogue: [{name: apm, image: IMAGE, jar: a.jar}]}`))
	for command, want := range map[string]mutate.Code{
		"java $JAVA_TOOL_OPTIONS -jar a.jar": mutate.CodeAgentTwice,
		"$(JAVA_TOOL_OPTIONS)":               mutate.CodeOptionsInCommand,
		"java $JAVA_OPTS -jar a.jar":         "",
	} {
		pod := asking("apm")
		pod.Spec.Containers[0].Command = []string{"sh", "-c", command}
		got := check(t, mutatortest.DefaultRequest(), pod, m).Features[0].Report.Containers["app"]
		if got.Code != want {
			t.Errorf("with %q it is told %q; want %q", command, got.Code, want)
		}
		leftOut := ""
		if want != "" {
			leftOut = "apm:" + string(want)
		}
		if got.Facts[mutate.FactLeftOut] != leftOut {
			t.Errorf("with %q the record says that %q is left out; want %q", command, got.Facts[mutate.FactLeftOut], leftOut)
		}
	}
}
