// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"unicode"

	"gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
)

// Link is a mutator with the outcome that is declared for it.
type Link struct {
	Mutator Mutator
	Policy  *v1alpha1.Policy
}

// Chain runs mutators in order over a pod. It is safe for concurrent use.
type Chain struct {
	// Links in the order in which they run.
	Links []Link
	// Version and ConfigHash go into the status annotation.
	Version, ConfigHash string
}

// Outcomes is what the chain did to one pod.
type Outcomes struct {
	// Pod after the changes.
	Pod *corev1.Pod
	// Operations is the JSON Patch from the pod that was given to Pod.
	Operations []jsonpatch.Operation
	// Features holds what each mutator did, in order.
	Features []FeatureOutcome
	// Denied says why the pod must be refused: one sentence, or empty.
	Denied string
}

// FeatureOutcome is what one mutator did to one pod.
type FeatureOutcome struct {
	// Name of the feature.
	Name string
	// Report of the mutator; for a feature that is off or failed, the chain's own.
	Report *Report
	// Changes is the number of edits that the patch was made of, or in Observe mode
	// would have been.
	Changes int
	// Err is the error that the mutator returned or the panic that it raised, for
	// the log. It is nil unless the outcome is Failed.
	Err error
	// Stack of a panic, for the log.
	Stack []byte
}

// errInternal marks a fault of Evenkeel's own, whose text is for the log and not
// for the user.
var errInternal = errors.New("internal error")

// Run runs the chain over a pod, which it does not change. The edits of a
// mutator that fails are thrown away; if its feature's outcome is Deny, Run
// stops there and Outcomes.Denied is set, otherwise the pod gets the mutator's
// Fallback, if it has one.
func (c *Chain) Run(req Request, pod *corev1.Pod) *Outcomes {
	// A record that cannot be read is no record: it is written anew below.
	req.previous, _ = ParseStatus(pod.Annotations[wellknown.StatusAnnotation])

	out := &Outcomes{}
	status := Status{Version: c.Version, Config: c.ConfigHash, Features: map[string]FeatureStatus{}}
	w := newWork(req, pod)
	for _, link := range c.Links {
		name := link.Mutator.Name()
		mode, onError := link.Policy.For(req.NamespaceLabels)
		if mode == v1alpha1.ModeOff {
			out.Features = append(out.Features, FeatureOutcome{Name: name, Report: podReport(Skipped, CodeOff, "")})
			continue
		}
		if mode == v1alpha1.ModeObserve {
			feature := run(link.Mutator, link.Mutator.Mutate, w.req.trial(), w.editor.Clone())
			if feature.Err == nil && feature.Changes > 0 {
				feature.Report.Pod.Outcome, feature.Report.Pod.Code = Observed, CodeObserve
			}
			out.Features = append(out.Features, feature)
			continue
		}
		feature := w.do(link.Mutator, link.Mutator.Mutate)
		if feature.Err != nil && onError == v1alpha1.OnErrorDeny {
			out.Denied = fmt.Sprintf("%s: %s", name, feature.Report.Pod.Detail)
			out.Features = append(out.Features, feature)
			out.Pod = pod
			return out
		}
		if fallback, ok := link.Mutator.(Fallback); ok && feature.Err != nil && !errors.Is(feature.Err, errInternal) {
			feature.fallBack(w, link.Mutator, fallback)
		}
		status.setFeature(name, feature.Report)
		out.Features = append(out.Features, feature)
	}
	// A pod for which no feature may change anything is not annotated either, unless
	// its author has: a record that no feature stands behind is written over.
	if _, forged := pod.Annotations[wellknown.StatusAnnotation]; len(status.Features) > 0 || forged {
		w.editor.SetAnnotation(wellknown.StatusAnnotation, status.String())
	}
	out.Pod, out.Operations = w.editor.Pod(), w.editor.Patch()
	return out
}

// fallBack gives the pod what a mutator that failed has for that case, and adds
// to its report what the pod and its containers got.
func (f *FeatureOutcome) fallBack(w *work, m Mutator, fallback Fallback) {
	outcome := w.do(m, fallback.Fallback)
	if outcome.Err != nil {
		f.Err = errors.Join(f.Err, outcome.Err)
		f.Stack = outcome.Stack
		return
	}
	f.Report.Containers, f.Report.Pod.Facts, f.Changes = outcome.Report.Containers, outcome.Report.Pod.Facts, outcome.Changes
}

// mutation is what a mutator does to a pod: its Mutate or its Fallback.
type mutation func(*Request, *podspec.Editor) (*Report, error)

// work is a pod on its way through the chain.
type work struct {
	given  Request
	pod    *corev1.Pod
	req    Request
	editor *podspec.Editor
	// done are the mutations whose edits are in the editor, in order.
	done []mutation
}

func newWork(req Request, pod *corev1.Pod) *work {
	return &work{given: req, pod: pod, req: *req.trial(), editor: podspec.NewEditor(pod)}
}

// do makes one mutation. If it fails, nothing of it stays: the work begins anew
// and what was done before is done again. Mutations are pure, so it comes out the
// same; they seldom fail, so this costs less than a copy of the pod for each.
func (w *work) do(m Mutator, mutate mutation) FeatureOutcome {
	feature := run(m, mutate, &w.req, w.editor)
	if feature.Err == nil {
		w.done = append(w.done, mutate)
		return feature
	}
	w.req, w.editor = *w.given.trial(), podspec.NewEditor(w.pod)
	for _, again := range w.done {
		// It did not fail before.
		_, _ = again(&w.req, w.editor)
	}
	return feature
}

// run calls a mutator and turns whatever goes wrong into a failed outcome.
func run(m Mutator, mutate mutation, req *Request, e *podspec.Editor) (f FeatureOutcome) {
	f.Name = m.Name()
	before := len(e.Operations())
	defer func() {
		if p := recover(); p != nil {
			f.Stack = debug.Stack()
			f.Err = fmt.Errorf("%w: panic in %s: %v", errInternal, f.Name, p)
			f.Report = podReport(Failed, CodeInternal, CodeInternal.Sentence())
		}
	}()
	report, err := mutate(req, e)
	if err == nil {
		ops := e.Operations()[before:]
		f.Changes = len(ops)
		if err := checkPaths(ops, m.Paths()); err != nil {
			f.Err = fmt.Errorf("%w: %s: %w", errInternal, f.Name, err)
			f.Report = podReport(Failed, CodeInternal, CodeInternal.Sentence())
			return f
		}
		if report.Pod.Outcome == "" {
			report.Pod.Outcome = Done
		}
		f.Report = report
		return f
	}
	f.Err = err
	f.Report = podReport(Failed, CodeError, err.Error())
	return f
}

func podReport(o Outcome, c Code, detail string) *Report {
	return &Report{Pod: Result{Outcome: o, Code: c, Detail: detail}}
}

// Warnings returns what the user should be told, one short line each: skips that
// the user can mend, and failures.
func (o *Outcomes) Warnings() []string {
	var out []string
	for _, f := range o.Features {
		if f.Report.Pod.Code.Warn() {
			out = append(out, warning(f.Name, "", f.Report.Pod))
		}
		for _, c := range containerNames(f.Report, o.Pod) {
			if r := f.Report.Containers[c]; r.Code.Warn() {
				out = append(out, warning(f.Name, c, r))
			}
		}
	}
	return out
}

// maxWarningBytes keeps a warning within what the API server passes on whole:
// it warns against more than 120 characters and cuts off after 4096 in all.
const maxWarningBytes = 240

func warning(feature, container string, r Result) string {
	text := "evenkeel " + feature
	if container != "" {
		text += ", container " + container
	}
	text += ": "
	switch {
	case r.Detail == "":
		text += r.Code.Sentence()
	case r.Outcome == Failed:
		text += r.Detail
	default:
		text += r.Code.Sentence() + " (" + r.Detail + ")"
	}
	// The API server drops a warning that has control characters or is not UTF-8.
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if len(text) > maxWarningBytes {
		// A character may have been cut in two.
		text = strings.ToValidUTF8(text[:maxWarningBytes-3], "") + "..."
	}
	return text
}

// containerNames returns the names of the containers in the report, in the
// order in which the pod has them.
func containerNames(r *Report, pod *corev1.Pod) []string {
	var names []string
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, c := range list {
			if _, ok := r.Containers[c.Name]; ok {
				names = append(names, c.Name)
			}
		}
	}
	return names
}
