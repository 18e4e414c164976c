// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pidlimit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/mutatortest"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
	"github.com/evenkeel/evenkeel/webhooks/pidlimit"
)

func TestPidLimitGoldens(t *testing.T) {
	cfg := v1alpha1.AdmissionConfiguration{}
	cfg.Features.PidLimit.WorkloadTiers = map[string]string{"Job": "small"}
	cfg.SetDefaults()
	mutatortest.RunGoldens(t, nil, pidlimit.New(&cfg.Features.PidLimit))
}

func TestPidLimitDeniesUnknownTier(t *testing.T) {
	tests := map[string]struct {
		annotations map[string]string
		want        string
	}{
		"of the pod": {
			annotations: map[string]string{wellknown.PidsTierAnnotation: "Small"},
			want:        `pidlimit: annotation pids.evenkeel.io/tier: no tier "Small"; choose one of small, medium, large, xlarge, or remove the annotation`,
		},
		"empty": {
			annotations: map[string]string{wellknown.PidsTierAnnotation: ""},
			want:        `pidlimit: annotation pids.evenkeel.io/tier: no tier ""; choose one of small, medium, large, xlarge, or remove the annotation`,
		},
		"of one container, where the pod's is right": {
			annotations: map[string]string{wellknown.PidsTierAnnotation: "small", wellknown.PidsTierAnnotation + ".app": "4096"},
			want:        `pidlimit: annotation pids.evenkeel.io/tier.app: no tier "4096"; choose one of small, medium, large, xlarge, or remove the annotation`,
		},
		"long and with line breaks": {
			annotations: map[string]string{wellknown.PidsTierAnnotation: "\n" + strings.Repeat("x", 9999)},
			want: `pidlimit: annotation pids.evenkeel.io/tier: no tier "\n` + strings.Repeat("x", 39) +
				`"...; choose one of small, medium, large, xlarge, or remove the annotation`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "p", Annotations: tc.annotations},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}},
			}
			out := mutatortest.NewChain(v1alpha1.OnErrorDeny, newMutator()).Run(mutatortest.DefaultRequest(), pod)
			if diff := cmp.Diff(tc.want, out.Denied); diff != "" {
				t.Errorf("Denied (-want +got):\n%s", diff)
			}
		})
	}
}

// A user must not get past the tiers by writing the numbers or the record.
func FuzzPidLimit(f *testing.F) {
	f.Add("", "", "", "")
	f.Add("small", "large", `{"app":16384}`, "")
	f.Add("medium", "", `{"app":2048,"sidecar":2048}`, `{"features":{"pidlimit":{"outcome":"done","reason":"LimitsOverwritten"}}}`)
	f.Add("huge", "small", "{", "not JSON")
	f.Fuzz(func(t *testing.T, tier, appTier, limits, status string) {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "shop", Annotations: map[string]string{}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{
				{Name: "app", Image: "registry.example/app:1"}, {Name: "sidecar", Image: "registry.example/sidecar:1"}}},
		}
		for key, value := range map[string]string{
			wellknown.PidsTierAnnotation:          tier,
			wellknown.PidsTierAnnotation + ".app": appTier,
			wellknown.PidsLimitsAnnotation:        limits,
			wellknown.StatusAnnotation:            status,
		} {
			if value != "" {
				pod.Annotations[key] = value
			}
		}
		raw, err := json.Marshal(pod)
		if err != nil {
			t.Skip("not text that JSON can hold")
		}
		out := mutatortest.Check(t, mutatortest.NewChain(v1alpha1.OnErrorDeny, newMutator()), mutatortest.DefaultRequest(), raw)
		if out.Denied != "" {
			return
		}
		var got map[string]int64
		if err := json.Unmarshal([]byte(out.Pod.Annotations[wellknown.PidsLimitsAnnotation]), &got); err != nil {
			t.Fatalf("reading the limits: %v", err)
		}
		tiers := map[string]int64{"small": 512, "": 2048, "medium": 2048, "large": 4096, "xlarge": 16384}
		want := map[string]int64{"app": tiers[tier], "sidecar": tiers[tier]}
		if appTier != "" {
			want["app"] = tiers[appTier]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limits (-want +got):\n%s", diff)
		}
	})
}

func newMutator() mutate.Mutator {
	cfg := v1alpha1.AdmissionConfiguration{}
	cfg.SetDefaults()
	return pidlimit.New(&cfg.Features.PidLimit)
}
