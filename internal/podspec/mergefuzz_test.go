// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
)

// FuzzMergeOptionsWherever merges options into containers with any mix of
// sources, replaces them and takes them out again.
func FuzzMergeOptionsWherever(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		shape := make([]byte, 64)
		for i := range shape {
			shape[i] = byte(random.Uint32())
		}
		f.Add(shape, "-Xmx1g", "-Xa -Xb", "-Xc")
	}
	for _, text := range []string{`-Da="open`, `'`, "\t-Da\n-Db ", "$(", "$(A)$(A)", strings.Repeat("-Dx=y ", 34000), strings.Repeat("$(", 3000), "-Xa -Xb -Xa"} {
		f.Add([]byte{1, 0, 0, 2, 0}, text, "-Xa", "-Xb")
		f.Add([]byte{3, 0, 1, 0, 0, 2, 0, 0, 2, 0, 0, 2}, text, "-Xa", "-Xb -Xc")
	}
	f.Fuzz(func(t *testing.T, shape []byte, text, first, second string) {
		first, second = words(first), words(second)
		if first == "" || second == "" || !utf8.ValidString(text+first+second) || strings.ContainsAny(first+second, "$'\"\x00") ||
			strings.Contains(text, "EVENKEEL_") || strings.Contains(text, "\x00") {
			t.Skip()
		}
		d := mutatortest.NewDraw(shape)
		before := podOf(t, "{}")
		before.Spec.Containers[0] = d.Container(text)
		// Options that are the user's too cannot be told from his.
		for _, env := range before.Spec.Containers[0].Env {
			if v := " " + words(env.Value) + " "; strings.Contains(v, " "+first+" ") || strings.Contains(v, " "+second+" ") {
				t.Skip()
			}
		}
		raw, err := json.Marshal(before)
		if err != nil {
			t.Fatal(err)
		}

		e := podspec.NewEditor(before)
		e.MergeOptions("app", channel, "", first)
		one := e.Pod()
		checkMerged(t, before, one, first, objects)
		checkPatch(t, raw, e)
		if len(mutatortest.Validate(before)) == 0 {
			if errs := mutatortest.Validate(one); len(errs) > 0 {
				t.Errorf("the API server would refuse the pod: %v", errs.ToAggregate())
			}
		}
		was, is := podspec.LookupUnseen(&before.Spec.Containers[0], channel), podspec.LookupUnseen(&one.Spec.Containers[0], channel)
		if !slices.Equal(was.Sources, is.Sources) || was.Named != is.Named {
			t.Errorf("unseen are %+v; before the merge %+v", is, was)
		}

		again := podspec.NewEditor(one)
		again.DropPrivate("app", channel)
		again.MergeOptions("app", channel, first, first)
		if ops := again.Operations(); len(ops) > 0 {
			t.Errorf("merging again changes the pod: %v\n%q", ops, short(one.Spec.Containers[0].Env))
		}
		other := podspec.NewEditor(one)
		other.MergeOptions("app", channel, first, second)
		checkMerged(t, before, other.Pod(), second, objects)

		back := podspec.NewEditor(other.Pod())
		back.MergeOptions("app", channel, second, "")
		checkTakenOut(t, before, back.Pod())
		if t.Failed() {
			t.Logf("of %q, envFrom %v", short(before.Spec.Containers[0].Env), before.Spec.Containers[0].EnvFrom)
			t.Logf("one %q", short(one.Spec.Containers[0].Env))
		}
	})
}

// A pod's text may be all open references, which a kubelet reads in quadratic
// time. Admission must not.
func BenchmarkMergeOptionsOpenReferences(b *testing.B) {
	for _, size := range []int{2_000, 20_000, 200_000} {
		pod := podOf(b, "{}")
		pod.Spec.Containers[0].Env = []corev1.EnvVar{
			{Name: channel, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
			{Name: "A", Value: channel + strings.Repeat("$(", size/2)},
		}
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				merged(b, pod, "", ours)
			}
		})
	}
}

// checkTakenOut holds the environment to what it was, save white space around
// the user's options, and an empty variable that may be gone.
func checkTakenOut(t *testing.T, before, after *corev1.Pod) {
	t.Helper()
	normal := func(pod *corev1.Pod) []string {
		c := pod.Spec.Containers[0].DeepCopy()
		c.Env = slices.DeleteFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == channel && e.ValueFrom == nil && words(e.Value) == "" })
		for i := range c.Env {
			if c.Env[i].Name == channel {
				c.Env[i].Value = words(c.Env[i].Value)
			}
		}
		return short(c.Env)
	}
	if was, is := normal(before), normal(after); !slices.Equal(was, is) {
		t.Errorf("taken out, the environment is\n%q; it was\n%q", is, was)
	}
}
