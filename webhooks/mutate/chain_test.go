// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// feature is a mutator that a test makes up.
type feature struct {
	name  string
	paths []string
	do    func(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error)
}

func (f feature) Name() string    { return f.name }
func (f feature) Paths() []string { return f.paths }
func (f feature) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	return f.do(req, e)
}

// sets returns a feature that sets an annotation and may do so.
func sets(name string) feature {
	return feature{name: name, paths: []string{"/metadata/annotations/*"},
		do: func(_ *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
			e.SetAnnotation(name, "set")
			return &mutate.Report{}, nil
		}}
}

// outOfRange panics as a programming error does.
func outOfRange(errs ...error) error { return errs[0] }

// then returns the feature with more work at its end.
func (f feature) then(do func(req *mutate.Request, e *podspec.Editor) error) feature {
	first := f.do
	f.do = func(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
		report, err := first(req, e)
		if err == nil {
			err = do(req, e)
		}
		return report, err
	}
	return f
}

func policy(mode v1alpha1.Mode, onError v1alpha1.OnError) *v1alpha1.Policy {
	return &v1alpha1.Policy{Mode: mode, OnError: onError}
}

func chainOf(links ...mutate.Link) *mutate.Chain {
	return &mutate.Chain{Version: "v0", ConfigHash: "abc", Links: links}
}

var (
	admit   = policy(v1alpha1.ModeEnforce, v1alpha1.OnErrorAdmit)
	deny    = policy(v1alpha1.ModeEnforce, v1alpha1.OnErrorDeny)
	observe = policy(v1alpha1.ModeObserve, v1alpha1.OnErrorDeny)
	off     = policy(v1alpha1.ModeOff, v1alpha1.OnErrorDeny)
)

func TestChainOutcomes(t *testing.T) {
	fails := sets("b").then(func(*mutate.Request, *podspec.Editor) error { return errors.New("annotation b: no") })
	panics := sets("b").then(func(*mutate.Request, *podspec.Editor) error {
		return outOfRange()
	})
	strays := sets("b").then(func(_ *mutate.Request, e *podspec.Editor) error { e.SetAutomountServiceAccountToken(false); return nil })
	nothing := feature{name: "b", do: func(*mutate.Request, *podspec.Editor) (*mutate.Report, error) { return nil, nil }}
	const internal = "failed inside Evenkeel; the webhook's log has the cause"

	tests := map[string]struct {
		second feature
		policy *v1alpha1.Policy
		// wantB says that b's change is in the pod, wantRecord what is recorded of b.
		wantB        bool
		wantOutcome  mutate.Outcome
		wantCode     mutate.Code
		wantRecord   mutate.Outcome
		wantDenied   string
		wantWarnings []string
	}{
		"done": {second: sets("b"), policy: admit, wantB: true, wantOutcome: mutate.Done, wantRecord: mutate.Done},
		"off":  {second: sets("b"), policy: off, wantOutcome: mutate.Skipped, wantCode: mutate.CodeOff},
		"observed": {second: sets("b"), policy: observe,
			wantOutcome: mutate.Observed, wantCode: mutate.CodeObserve},
		"fails under Admit": {second: fails, policy: admit,
			wantOutcome: mutate.Failed, wantCode: mutate.CodeError, wantRecord: mutate.Failed,
			wantWarnings: []string{"evenkeel b: annotation b: no"}},
		"fails under Deny": {second: fails, policy: deny,
			wantOutcome: mutate.Failed, wantCode: mutate.CodeError, wantDenied: "b: annotation b: no",
			wantWarnings: []string{"evenkeel b: annotation b: no"}},
		"fails while observed": {second: fails, policy: observe,
			wantOutcome: mutate.Failed, wantCode: mutate.CodeError,
			wantWarnings: []string{"evenkeel b: annotation b: no"}},
		"fails while off": {second: fails, policy: off, wantOutcome: mutate.Skipped, wantCode: mutate.CodeOff},
		"panics under Admit": {second: panics, policy: admit,
			wantOutcome: mutate.Failed, wantCode: mutate.CodeInternal, wantRecord: mutate.Failed,
			wantWarnings: []string{"evenkeel b: " + internal}},
		"panics under Deny": {second: panics, policy: deny,
			wantOutcome: mutate.Failed, wantCode: mutate.CodeInternal, wantDenied: "b: " + internal,
			wantWarnings: []string{"evenkeel b: " + internal}},
		"changes what it did not declare, under Admit": {second: strays, policy: admit,
			wantOutcome: mutate.Failed, wantCode: mutate.CodeInternal, wantRecord: mutate.Failed,
			wantWarnings: []string{"evenkeel b: " + internal}},
		"changes what it did not declare, under Deny": {second: strays, policy: deny,
			wantOutcome: mutate.Failed, wantCode: mutate.CodeInternal, wantDenied: "b: " + internal,
			wantWarnings: []string{"evenkeel b: " + internal}},
		"reports nothing": {second: nothing, policy: admit,
			wantOutcome: mutate.Failed, wantCode: mutate.CodeInternal, wantRecord: mutate.Failed,
			wantWarnings: []string{"evenkeel b: " + internal}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			chain := chainOf(mutate.Link{Mutator: sets("a"), Policy: admit},
				mutate.Link{Mutator: tc.second, Policy: tc.policy}, mutate.Link{Mutator: sets("c"), Policy: admit})
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
			out := chain.Run(mutate.Request{Namespace: "shop"}, pod)

			if len(pod.Annotations) > 0 {
				t.Errorf("the pod that was given in changed: %v", pod.Annotations)
			}
			if diff := cmp.Diff(tc.wantDenied, out.Denied); diff != "" {
				t.Errorf("Denied (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.wantWarnings, out.Warnings()); diff != "" {
				t.Errorf("Warnings (-want +got):\n%s", diff)
			}
			if got := out.Features[1].Report.Pod; got.Outcome != tc.wantOutcome || got.Code != tc.wantCode {
				t.Errorf("outcome %s, code %q; want %s, %q", got.Outcome, got.Code, tc.wantOutcome, tc.wantCode)
			}
			if tc.wantDenied != "" {
				if len(out.Operations) > 0 || len(out.Features) != 2 {
					t.Errorf("after a refusal: %d operations and %d features, want none and 2", len(out.Operations), len(out.Features))
				}
				return
			}
			wantAnnotations := map[string]bool{"a": true, "b": tc.wantB, "c": true, wellknown.StatusAnnotation: true}
			for key, want := range wantAnnotations {
				if _, got := out.Pod.Annotations[key]; got != want {
					t.Errorf("annotation %s is there: %v, want %v", key, got, want)
				}
			}
			if out.Pod.Spec.AutomountServiceAccountToken != nil {
				t.Errorf("an undeclared change was made")
			}
			status, err := mutate.ParseStatus(out.Pod.Annotations[wellknown.StatusAnnotation])
			if err != nil {
				t.Fatalf("the record cannot be read: %v", err)
			}
			if got := status.Features["b"].Outcome; got != tc.wantRecord {
				t.Errorf("recorded outcome %q, want %q", got, tc.wantRecord)
			}
			if again := chain.Run(mutate.Request{Namespace: "shop"}, out.Pod); len(again.Operations) > 0 {
				t.Errorf("a second pass changes the pod: %v", again.Operations)
			}
		})
	}
}

func TestChainLeavesNoRecordWhereNothingIsEnforced(t *testing.T) {
	out := chainOf(mutate.Link{Mutator: sets("a"), Policy: observe}, mutate.Link{Mutator: sets("b"), Policy: off}).
		Run(mutate.Request{}, &corev1.Pod{})
	if len(out.Operations) > 0 {
		t.Errorf("operations %v, want none", out.Operations)
	}
	if out.Features[0].Changes != 2 {
		t.Errorf("%d changes observed, want 2: the map and the annotation in it", out.Features[0].Changes)
	}
}

func TestChainFollowsNamespacePolicy(t *testing.T) {
	p := policy(v1alpha1.ModeEnforce, v1alpha1.OnErrorAdmit)
	p.Namespaces = []v1alpha1.NamespacePolicy{
		{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"stage": "test"}}, Mode: v1alpha1.ModeOff}}
	chain := chainOf(mutate.Link{Mutator: sets("a"), Policy: p})
	for stage, want := range map[string]int{"test": 0, "production": 1} {
		out := chain.Run(mutate.Request{NamespaceLabels: map[string]string{"stage": stage}}, &corev1.Pod{})
		if len(out.Operations) != want {
			t.Errorf("stage %s: %d operations, want %d", stage, len(out.Operations), want)
		}
	}
}

func TestChainTakesBackReservationsOfFailedMutator(t *testing.T) {
	reserve := func(bytes int64) func(*mutate.Request, *podspec.Editor) error {
		return func(req *mutate.Request, _ *podspec.Editor) error {
			req.Reserve("app", mutate.Reservation{What: "test", Bytes: bytes})
			return nil
		}
	}
	fails := sets("b").then(reserve(2)).then(func(*mutate.Request, *podspec.Editor) error { return errors.New("no") })
	var got []mutate.Reservation
	last := sets("c").then(func(req *mutate.Request, _ *podspec.Editor) error { got = req.Reservations("app"); return nil })
	chainOf(
		mutate.Link{Mutator: sets("a").then(reserve(1)), Policy: admit},
		mutate.Link{Mutator: fails, Policy: admit},
		// What is only observed is not in the container either.
		mutate.Link{Mutator: sets("d").then(reserve(4)), Policy: observe},
		mutate.Link{Mutator: last, Policy: admit},
	).Run(mutate.Request{}, &corev1.Pod{})
	if diff := cmp.Diff([]mutate.Reservation{{What: "test", Bytes: 1}}, got); diff != "" {
		t.Errorf("reservations (-want +got):\n%s", diff)
	}
}

func TestChainReadsPreviousRecord(t *testing.T) {
	tests := map[string]struct {
		annotation string
		want       mutate.Code
		wantOK     bool
	}{
		"none":           {},
		"not JSON":       {annotation: "yes"},
		"other features": {annotation: `{"features":{"z":{"outcome":"done"}}}`},
		"of the feature": {annotation: `{"features":{"a":{"outcome":"skipped","reason":"Because"}}}`, want: "Because", wantOK: true},
		"null features":  {annotation: `{"features":null}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{}}}
			if tc.annotation != "" {
				pod.Annotations[wellknown.StatusAnnotation] = tc.annotation
			}
			ran := false
			a := sets("a").then(func(req *mutate.Request, _ *podspec.Editor) error {
				ran = true
				if got, ok := req.Previous("a"); got.Reason != tc.want || ok != tc.wantOK {
					t.Errorf("Previous = %q, %v; want %q, %v", got.Reason, ok, tc.want, tc.wantOK)
				}
				return nil
			})
			chainOf(mutate.Link{Mutator: a, Policy: admit}).Run(mutate.Request{}, pod)
			if !ran {
				t.Error("the mutator did not run")
			}
		})
	}
}

func TestWarningsAreBoundedText(t *testing.T) {
	detail := "flag\x00 -X\n" + strings.Repeat("ü", 300)
	a := feature{name: "a", do: func(*mutate.Request, *podspec.Editor) (*mutate.Report, error) {
		r := &mutate.Report{}
		r.SetContainer("app", mutate.Result{Outcome: mutate.Skipped, Code: mutate.CodeUnknownContainer, Detail: detail})
		r.SetContainer("gone", mutate.Result{Outcome: mutate.Skipped, Code: mutate.CodeUnknownContainer})
		r.SetContainer("init", mutate.Result{Outcome: mutate.Skipped, Code: mutate.CodeUnknownContainer})
		r.SetContainer("quiet", mutate.Result{Outcome: mutate.Skipped, Code: mutate.CodeOff})
		return r, nil
	}}
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: "init"}},
		Containers:     []corev1.Container{{Name: "quiet"}, {Name: "app"}},
	}}
	warnings := chainOf(mutate.Link{Mutator: a, Policy: admit}).Run(mutate.Request{}, pod).Warnings()
	if len(warnings) != 2 {
		t.Fatalf("%d warnings, want 2: %q", len(warnings), warnings)
	}
	if want := "evenkeel a, container init: " + mutate.CodeUnknownContainer.Sentence(); warnings[0] != want {
		t.Errorf("first warning %q, want %q", warnings[0], want)
	}
	w := warnings[1]
	if len(w) > 240 || !utf8.ValidString(w) || strings.ContainsAny(w, "\x00\n") || !strings.HasSuffix(w, "...") {
		t.Errorf("a warning of %d bytes that is not bounded plain text: %q", len(w), w)
	}
}

func TestCodesHaveSentences(t *testing.T) {
	for _, c := range []mutate.Code{
		mutate.CodeOff, mutate.CodeObserve, mutate.CodeError, mutate.CodeInternal,
		mutate.CodeExcludedNamespace, mutate.CodeMirrorPod, mutate.CodeWindows, mutate.CodePodDisabled,
		mutate.CodeNamespaceNotEnabled, mutate.CodeInjectionValue,
		mutate.CodeLimitsOverwritten, mutate.CodeUnknownContainer,
		mutate.CodeTokenExplicit, mutate.CodeTokenReason, mutate.CodeTokenServiceAccount, mutate.CodeTokenVault,
		mutate.CodeTokenNotNeeded, mutate.CodeTokenDeclared, mutate.CodeTokenKeepUseless,
	} {
		if s := c.Sentence(); s == string(c) || strings.HasSuffix(s, ".") {
			t.Errorf("code %s: sentence %q, want a clause without a full stop", c, s)
		}
	}
	if got := mutate.Code("Unheard").Sentence(); got != "Unheard" {
		t.Errorf("an unknown code reads %q, want itself", got)
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"small":                 `"small"`,
		"":                      `""`,
		"a\n\"b\"":              `"a\n\"b\""`,
		strings.Repeat("ü", 40): `"` + strings.Repeat("ü", 40) + `"`,
		strings.Repeat("ü", 41): `"` + strings.Repeat("ü", 40) + `"...`,
	} {
		if got := mutate.Quote(in); got != want {
			t.Errorf("Quote(%q) = %s, want %s", in, got, want)
		}
	}
}

// A wrong annotation must not be a way out of a limit.
func TestChainFallsBack(t *testing.T) {
	limited := falling{feature: sets("a").then(func(*mutate.Request, *podspec.Editor) error { return errors.New("annotation a: wrong") })}
	pod := &corev1.Pod{}
	for name, tc := range map[string]struct {
		policy     *v1alpha1.Policy
		wantLimit  string
		wantDenied bool
	}{
		"where the pod is admitted":         {policy: policy(v1alpha1.ModeEnforce, v1alpha1.OnErrorAdmit), wantLimit: "default"},
		"not where the pod is refused":      {policy: policy(v1alpha1.ModeEnforce, v1alpha1.OnErrorDeny), wantDenied: true},
		"not where the pod is only watched": {policy: policy(v1alpha1.ModeObserve, v1alpha1.OnErrorAdmit)},
	} {
		t.Run(name, func(t *testing.T) {
			got := chainOf(mutate.Link{Mutator: limited, Policy: tc.policy}).Run(mutate.Request{}, pod)
			if got.Pod.Annotations["limit"] != tc.wantLimit || (got.Denied != "") != tc.wantDenied {
				t.Errorf("annotations %v, denied %q; want limit %q, denied %v", got.Pod.Annotations, got.Denied, tc.wantLimit, tc.wantDenied)
			}
			if report := got.Features[0].Report; report.Pod.Outcome != mutate.Failed || report.Pod.Detail != "annotation a: wrong" {
				t.Errorf("reported %+v, want the failure with its reason", report.Pod)
			} else if report.Pod.Facts["limit"] != tc.wantLimit {
				t.Errorf("reported the facts %v, want what the pod got", report.Pod.Facts)
			}
		})
	}
}

// A record is what the nodes and the policies of the API server go by.
func TestChainWritesForgedRecordsOver(t *testing.T) {
	forged := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"evenkeel.io/status": `{"features":{"pidlimit":{}}}`}}}
	for name, tc := range map[string]struct {
		pod  *corev1.Pod
		want string
	}{
		"a forged one": {pod: forged, want: `{"version":"v0","config":"c","features":{}}`},
		"none":         {pod: &corev1.Pod{}},
	} {
		t.Run(name, func(t *testing.T) {
			chain := chainOf(mutate.Link{Mutator: sets("a"), Policy: policy(v1alpha1.ModeObserve, v1alpha1.OnErrorAdmit)})
			chain.Version, chain.ConfigHash = "v0", "c"
			out := chain.Run(mutate.Request{}, tc.pod)
			if got := out.Pod.Annotations["evenkeel.io/status"]; got != tc.want {
				t.Errorf("where no feature is enforced the record is %s; want %s", got, tc.want)
			}
			if again := chain.Run(mutate.Request{}, out.Pod); len(again.Operations) > 0 {
				t.Errorf("a second pass records %v", again.Operations)
			}
		})
	}
}

// falling is a feature that sets a limit whatever becomes of its work.
type falling struct{ feature }

func (f falling) Paths() []string { return append(f.feature.Paths(), "/metadata/annotations/limit") }

func (f falling) Fallback(_ *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	e.SetAnnotation("limit", "default")
	return &mutate.Report{Pod: mutate.Result{Facts: map[string]string{"limit": "default"}}}, nil
}
