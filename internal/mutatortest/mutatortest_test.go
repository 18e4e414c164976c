// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutatortest_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// TestCheckFindsBrokenPromises runs mutators that each break one promise.
func TestCheckFindsBrokenPromises(t *testing.T) {
	pod := `{"metadata":{"name":"p"},"spec":{
		"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},
		"volumes":[{"name":"v","emptyDir":{}}],
		"containers":[{"name":"app","image":"i","env":[{"name":"A","value":"1"}],
			"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}`
	calls := 0
	for name, tc := range map[string]struct {
		mutate func(*podspec.Editor)
		want   string
	}{
		"keeps them all": {func(e *podspec.Editor) { e.SetEnv("app", "A", "2") }, ""},
		"panics":         {func(*podspec.Editor) { panic("no") }, "fault of its own: internal error: panic in test: no"},
		"changes what it does not declare": {func(e *podspec.Editor) { e.SetAutomountServiceAccountToken(false) },
			"not among the declared paths"},
		"adds on every pass": {func(e *podspec.Editor) {
			e.SetEnv("app", "A", e.Container("app").Env[0].Value+"x")
		}, "a second pass changes the pod"},
		"depends on more than the pod": {func(e *podspec.Editor) { calls++; e.SetEnv("app", "A", fmt.Sprint(calls)) },
			"a second pass changes the pod"},
		"changes the pod outside the patch": {func(e *podspec.Editor) { e.Pod().Spec.Containers[0].Env[0].Value = "2" },
			"not the pod that the mutators left"},
		"replaces a user's volume": {func(e *podspec.Editor) {
			e.SetVolume(corev1.Volume{Name: "v"}, func(v corev1.Volume) bool { return v.EmptyDir == nil })
		}, "unknown field of spec/volumes/v is lost"},
		"makes the pod invalid": {func(e *podspec.Editor) {
			e.AddVolumeMount("app", corev1.VolumeMount{Name: "none", MountPath: "/x"})
		}, "API server would refuse"},
		"makes the pod less restricted": {func(e *podspec.Editor) {
			e.SetInitContainer(corev1.Container{Name: "evenkeel-x", Image: "i"}, nil)
		}, "Pod Security would forbid"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := &recorder{TB: t}
			rec.run(func() {
				mutatortest.Check(rec, mutatortest.NewChain(v1alpha1.OnErrorAdmit, broken(tc.mutate)), mutatortest.DefaultRequest(), []byte(pod))
			})
			got := strings.Join(rec.failures, "\n")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("Check reports %q; want %q", got, tc.want)
			}
		})
	}
}

// broken is a mutator that does what it is told.
type broken func(*podspec.Editor)

func (broken) Name() string { return "test" }
func (broken) Paths() []string {
	return []string{"/spec/volumes/*", "/spec/initContainers/*", "/spec/containers/*/env/*/value", "/spec/containers/*/volumeMounts/*"}
}
func (b broken) Mutate(_ *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	b(e)
	return &mutate.Report{}, nil
}

// recorder is a test that notes its failures.
type recorder struct {
	testing.TB
	failures []string
}

type fatal struct{}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(fatal{})
}

// run runs f until its end or a fatal failure.
func (r *recorder) run(f func()) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(fatal); !ok {
				panic(p)
			}
		}
	}()
	f()
}
