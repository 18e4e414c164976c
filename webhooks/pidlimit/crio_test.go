// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pidlimit_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
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

const (
	current = "unified-cgroup.crio.io/app"
	legacy  = "io.kubernetes.cri-o.UnifiedCgroup.app"
	// 2048 and 4096 in base64.
	medium = "pids.max=MjA0OA=="
	large  = "pids.max=NDA5Ng=="
)

func TestPidLimitWritesCRIOAnnotations(t *testing.T) {
	tests := map[string]struct {
		mode        v1alpha1.CRIOAnnotations
		annotations map[string]string
		want        map[string]string
		wantCode    mutate.Code
		wantDetail  string
	}{
		"off":           {mode: v1alpha1.CRIOOff, want: map[string]string{}},
		"off, a user's": {mode: v1alpha1.CRIOOff, annotations: map[string]string{current: "pids.max=1"}, want: map[string]string{current: "pids.max=1"}},
		"current":       {mode: v1alpha1.CRIOCurrent, want: map[string]string{current: medium}},
		"legacy":        {mode: v1alpha1.CRIOLegacy, want: map[string]string{legacy: medium}},
		"both":          {mode: v1alpha1.CRIOBoth, want: map[string]string{current: medium, legacy: medium}},
		"a tier": {
			mode: v1alpha1.CRIOCurrent, annotations: map[string]string{wellknown.PidsTierAnnotation + ".app": "large"},
			want: map[string]string{current: large},
		},
		"other keys stay": {
			mode: v1alpha1.CRIOCurrent, annotations: map[string]string{current: "memory.high=7000000;memory.low=MTAwMDA="},
			want: map[string]string{current: "memory.high=7000000;memory.low=MTAwMDA=;" + medium},
		},
		"a user's limit goes, wherever it stands": {
			mode: v1alpha1.CRIOBoth, annotations: map[string]string{current: "pids.max=max;memory.high=7", legacy: "memory.high=7;pids.max=MTYz;pids.max=9"},
			want: map[string]string{current: "memory.high=7;" + medium, legacy: "memory.high=7;" + medium}, wantCode: mutate.CodeCRIOOverwritten,
			wantDetail: "io.kubernetes.cri-o.UnifiedCgroup.<container>",
		},
		"a user has the same number": {mode: v1alpha1.CRIOCurrent, annotations: map[string]string{current: medium}, want: map[string]string{current: medium}},
		"a key that begins alike": {
			mode: v1alpha1.CRIOCurrent, annotations: map[string]string{current: "pids.max.imum=7"}, want: map[string]string{current: "pids.max.imum=7;" + medium},
		},
		"the mode was another one": {
			mode: v1alpha1.CRIOCurrent, annotations: map[string]string{
				legacy: large, current: "memory.high=7;" + large,
				wellknown.StatusAnnotation: `{"features":{"pidlimit":{"containers":{"app":{"facts":{"tier":"large","pids":"4096","crio":"current,legacy"}}}}}}`},
			want: map[string]string{current: "memory.high=7;" + medium},
		},
		"the mode was another one, beside other keys": {
			mode: v1alpha1.CRIOCurrent, annotations: map[string]string{
				legacy:                     "memory.high=7;" + large,
				wellknown.StatusAnnotation: `{"features":{"pidlimit":{"containers":{"app":{"facts":{"tier":"large","pids":"4096","crio":"legacy"}}}}}}`},
			want: map[string]string{current: medium, legacy: "memory.high=7"},
		},
		"it is off, on a copy of a pod from before": {
			mode: v1alpha1.CRIOOff, annotations: map[string]string{
				current: large, legacy: "memory.high=7;" + large,
				wellknown.StatusAnnotation: `{"features":{"pidlimit":{"containers":{"app":{"facts":{"tier":"large","pids":"4096","crio":"current,legacy"}}}}}}`},
			want: map[string]string{legacy: "memory.high=7"},
		},
		"it is off, on a copy whose number the user has changed": {
			mode: v1alpha1.CRIOOff, annotations: map[string]string{
				current:                    "pids.max=MTYz",
				wellknown.StatusAnnotation: `{"features":{"pidlimit":{"containers":{"app":{"facts":{"tier":"large","pids":"4096","crio":"current"}}}}}}`},
			want: map[string]string{current: "pids.max=MTYz"},
		},
		"it is off, and the user has the same number": {
			mode: v1alpha1.CRIOOff, annotations: map[string]string{current: medium}, want: map[string]string{current: medium},
		},
		"another mode, and the user has the same number": {
			mode: v1alpha1.CRIOCurrent, annotations: map[string]string{legacy: medium}, want: map[string]string{current: medium, legacy: medium},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			out := checkCRIO(t, tc.mode, "app", tc.annotations)
			got := map[string]string{}
			for key, value := range out.Pod.Annotations {
				if strings.Contains(key, "cri-o") || strings.Contains(key, "crio.io") {
					got[key] = value
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
			if r := out.Features[0].Report.Containers["app"]; r.Code != tc.wantCode || r.Detail != tc.wantDetail {
				t.Errorf("code %q, detail %q; want %q, %q", r.Code, r.Detail, tc.wantCode, tc.wantDetail)
			}
		})
	}
}

// The older annotation has the container's name in the part that may have no more
// than 63 characters.
func TestPidLimitSkipsNamesTooLongForCRIO(t *testing.T) {
	for name, want := range map[string]mutate.Code{
		strings.Repeat("a", 29): "",
		strings.Repeat("a", 30): mutate.CodeCRIOName,
		strings.Repeat("a", 63): mutate.CodeCRIOName,
	} {
		out := checkCRIO(t, v1alpha1.CRIOBoth, name, nil)
		wantDetail := ""
		if want != "" {
			wantDetail = "io.kubernetes.cri-o.UnifiedCgroup.<container>"
		}
		if r := out.Features[0].Report.Containers[name]; r.Code != want || r.Detail != wantDetail {
			t.Errorf("a name of %d characters: code %q, detail %q; want %q, %q", len(name), r.Code, r.Detail, want, wantDetail)
		}
		if out.Pod.Annotations["unified-cgroup.crio.io/"+name] != medium {
			t.Errorf("a name of %d characters: the current annotation is not there", len(name))
		}
	}
}

// CRI-O takes whatever can be read as base64 for base64, as it does here; a number
// of four digits can.
func TestCRIOReadsEveryNumber(t *testing.T) {
	read := func(value string) string {
		if decoded, err := base64.StdEncoding.DecodeString(value); err == nil {
			return string(decoded)
		}
		return value
	}
	if read("2048") == "2048" {
		t.Fatal("a plain number is read as it stands: the encoding is not needed")
	}
	for _, pids := range []int64{128, 999, 1000, 2048, 4096, 9999, 16384} {
		cfg := v1alpha1.AdmissionConfiguration{}
		cfg.Features.PidLimit = v1alpha1.PidLimitFeature{Tiers: map[string]int64{"medium": pids}, CRIO: v1alpha1.CRIOCurrent}
		cfg.SetDefaults()
		pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}}}
		out := mutatortest.NewChain(v1alpha1.OnErrorDeny, pidlimit.New(&cfg.Features.PidLimit)).Run(mutatortest.DefaultRequest(), pod)
		_, value, _ := strings.Cut(out.Pod.Annotations[current], "=")
		want, err := json.Marshal(pids)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(value); got != string(want) {
			t.Errorf("CRI-O reads %q of %s, want %s", got, out.Pod.Annotations[current], want)
		}
	}
}

func TestPidLimitUserLimits(t *testing.T) {
	const complaint = "annotation pids.evenkeel.io/limits: only Evenkeel writes it; remove it, and choose a tier with pids.evenkeel.io/tier"
	tests := map[string]struct {
		annotations map[string]string
		onError     v1alpha1.OnError
		wantDenied  string
		wantCode    mutate.Code
		wantLimits  string
	}{
		"refused":                 {annotations: map[string]string{wellknown.PidsLimitsAnnotation: `{"app":16384}`}, onError: v1alpha1.OnErrorDeny, wantDenied: "pidlimit: " + complaint, wantCode: mutate.CodeError, wantLimits: `{"app":16384}`},
		"even if it is the right": {annotations: map[string]string{wellknown.PidsLimitsAnnotation: `{"app":2048}`}, onError: v1alpha1.OnErrorDeny, wantDenied: "pidlimit: " + complaint, wantCode: mutate.CodeError, wantLimits: `{"app":2048}`},
		"corrected, with the tier that was chosen": {
			annotations: map[string]string{wellknown.PidsLimitsAnnotation: `{"app":16384}`, wellknown.PidsTierAnnotation: "small"},
			onError:     v1alpha1.OnErrorAdmit, wantCode: mutate.CodeError, wantLimits: `{"app":512}`,
		},
		"a copy of a live pod": {
			annotations: map[string]string{wellknown.PidsLimitsAnnotation: `{"app":512}`, wellknown.StatusAnnotation: `{"features":{"pidlimit":{"outcome":"done"}}}`},
			onError:     v1alpha1.OnErrorDeny, wantLimits: `{"app":2048}`,
		},
		"none": {onError: v1alpha1.OnErrorDeny, wantLimits: `{"app":2048}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := v1alpha1.AdmissionConfiguration{}
			cfg.Features.PidLimit.UserLimits = v1alpha1.UserLimitsError
			cfg.SetDefaults()
			out := mutatortest.Check(t, mutatortest.NewChain(tc.onError, pidlimit.New(&cfg.Features.PidLimit)), mutatortest.DefaultRequest(), rawPod(t, "app", tc.annotations))
			got := out.Features[0].Report.Pod.Code
			if out.Denied != tc.wantDenied || got != tc.wantCode || out.Pod.Annotations[wellknown.PidsLimitsAnnotation] != tc.wantLimits {
				t.Errorf("denied %q, code %q, limits %s; want %q, %q, %s", out.Denied, got, out.Pod.Annotations[wellknown.PidsLimitsAnnotation],
					tc.wantDenied, tc.wantCode, tc.wantLimits)
			}
		})
	}
}

func checkCRIO(t *testing.T, mode v1alpha1.CRIOAnnotations, container string, annotations map[string]string) *mutate.Outcomes {
	t.Helper()
	cfg := v1alpha1.AdmissionConfiguration{}
	cfg.Features.PidLimit.CRIO = mode
	cfg.SetDefaults()
	chain := mutatortest.NewChain(v1alpha1.OnErrorDeny, pidlimit.New(&cfg.Features.PidLimit))
	return mutatortest.Check(t, chain, mutatortest.DefaultRequest(), rawPod(t, container, annotations))
}

func rawPod(t *testing.T, container string, annotations map[string]string) []byte {
	t.Helper()
	raw, err := json.Marshal(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "shop", Annotations: maps.Clone(annotations)},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: container, Image: "registry.example/app:1"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
