// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

const (
	configHead = "apiVersion: config.evenkeel.io/v1alpha1\nkind: AdmissionConfiguration\n"
	allOff     = "features: {agent: {mode: \"Off\"}, jvm: {mode: \"Off\"}, pidlimit: {mode: \"Off\"}, satoken: {mode: \"Off\"}, storage: {mode: \"Off\"}}\n"
)

var server = version.MustParseGeneric("v1.37.2")

// newJudge returns a Judge for a configuration file, given without its head.
func newJudge(t *testing.T, config string) *Judge {
	t.Helper()
	cfg, err := v1alpha1.LoadAdmissionConfiguration("test.yaml", []byte(configHead+config))
	if err != nil {
		t.Fatal(err)
	}
	return NewJudge(cfg, "evenkeel-system", server)
}

var enabled = map[string]string{"evenkeel.io/injection": "enabled"}

// admitted returns the pod as the webhook under this judge's configuration
// leaves it.
func admitted(t *testing.T, j *Judge, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	out := webhooks.NewChain(j.config).Run(mutate.Request{
		Namespace: pod.Namespace, NamespaceLabels: enabled, Workload: mutate.WorkloadOf(pod), ServerVersion: server,
	}, pod)
	if out.Denied != "" {
		t.Fatalf("the pod is refused: %s", out.Denied)
	}
	return out.Pod
}

func newPod(annotations map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "checkout", Annotations: annotations},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}},
	}
}

func TestJudgeFindsMissingMutations(t *testing.T) {
	shipped := newJudge(t, "")
	tests := map[string]struct {
		judge  *Judge
		pod    *corev1.Pod
		labels map[string]string
		// want lists the problems as "code: part of the message".
		want         []string
		wantSelected bool
		wantReason   mutate.Code
	}{
		"a treated pod is as it should be": {
			pod:          admitted(t, shipped, newPod(nil)),
			wantSelected: true,
		},
		"an untreated pod": {
			pod:          newPod(nil),
			wantSelected: true,
			want:         []string{"RecordMissing: no annotation evenkeel.io/status"},
		},
		"a record that is no JSON": {
			pod:          newPod(map[string]string{"evenkeel.io/status": "done"}),
			wantSelected: true,
			want:         []string{"RecordMissing: cannot be read"},
		},
		"an untreated pod in a namespace that is not enabled": {
			pod:        newPod(nil),
			labels:     map[string]string{},
			wantReason: mutate.CodeNamespaceNotEnabled,
		},
		"an untreated pod where all features are off": {
			judge:        newJudge(t, allOff),
			pod:          newPod(nil),
			wantSelected: true,
		},
		"a treated pod that was changed afterwards": {
			pod: func() *corev1.Pod {
				pod := admitted(t, shipped, newPod(nil))
				pod.Annotations["pids.evenkeel.io/limits"] = `{"app":7}`
				return pod
			}(),
			wantSelected: true,
			want:         []string{"ChangePending: replace /metadata/annotations/pids.evenkeel.io~1limits"},
		},
		"a pod that was treated under another configuration": {
			judge:        newJudge(t, "features: {pidlimit: {mode: \"Off\"}}\n"),
			pod:          admitted(t, shipped, newPod(nil)),
			wantSelected: true,
			want:         []string{"ChangePending: replace /metadata/annotations/evenkeel.io~1status"},
		},
		"a feature that failed": {
			pod:          admitted(t, shipped, newPod(map[string]string{"pids.evenkeel.io/tier": "huge"})),
			wantSelected: true,
			want:         []string{`FeatureFailed: feature pidlimit failed: annotation pids.evenkeel.io/tier: no tier "huge"`},
		},
		"a pod that would be refused now": {
			judge:        newJudge(t, "features: {pidlimit: {onError: Deny}}\n"),
			pod:          admitted(t, shipped, newPod(map[string]string{"pids.evenkeel.io/tier": "huge"})),
			wantSelected: true,
			want:         []string{"FeatureFailed: ", "ChangePending: admission would refuse the pod: pidlimit"},
		},
		"an agent in the record that nothing loads": {
			judge: newJudge(t, allOff),
			pod: newPod(map[string]string{"evenkeel.io/status": `{"version":"v1","config":"c","features":{"agent":{"outcome":"done","containers":` +
				`{"app":{"outcome":"done","facts":{"agents":"uav","options":"-javaagent:/evenkeel/uav.jar"}}}}}}`}),
			wantSelected: true,
			// A record that no feature stands behind would be written over.
			want: []string{"AgentMissing: agent uav was injected into container app", "ChangePending: replace /metadata/annotations/evenkeel.io~1status"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			judge, labels := tc.judge, tc.labels
			if judge == nil {
				judge = shipped
			}
			if labels == nil {
				labels = enabled
			}
			status, err := mutate.ParseStatus(tc.pod.Annotations["evenkeel.io/status"])
			selected, reason, problems := judge.judge(tc.pod, status, err, labels)
			if selected != tc.wantSelected || reason != tc.wantReason {
				t.Errorf("judge() = %v, %q, want %v, %q", selected, reason, tc.wantSelected, tc.wantReason)
			}
			if len(problems) != len(tc.want) {
				t.Fatalf("judge() found %v, want %v", problems, tc.want)
			}
			for i, want := range tc.want {
				code, text, _ := strings.Cut(want, ": ")
				if string(problems[i].Code) != code || !strings.Contains(problems[i].Message, text) {
					t.Errorf("problem %d is %s: %s, want %s", i, problems[i].Code, problems[i].Message, want)
				}
			}
		})
	}
}

// A build of another version leaves another version in the record, which is no
// missing mutation.
func TestJudgeIgnoresTheVersion(t *testing.T) {
	judge := newJudge(t, "")
	chain := webhooks.NewChain(judge.config)
	chain.Version = "v9.9.9"
	pod := chain.Run(mutate.Request{Namespace: "shop", NamespaceLabels: enabled, ServerVersion: server}, newPod(nil)).Pod
	status, err := mutate.ParseStatus(pod.Annotations["evenkeel.io/status"])
	if err != nil || status.Version != "v9.9.9" {
		t.Fatalf("ParseStatus() = %+v, %v", status, err)
	}
	if _, _, problems := judge.judge(pod, status, nil, enabled); len(problems) > 0 {
		t.Errorf("judge() found %v", problems)
	}
}
