// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/standin"
	"github.com/evenkeel/evenkeel/internal/version"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
	"github.com/evenkeel/evenkeel/webhooks/satoken"
)

// explainLive explains a pod of a cluster.
func explainLive(ctx context.Context, o *liveOptions) (*Document, error) {
	cfg, name, err := standin.LoadConfiguration(o.config)
	if err != nil {
		return nil, exit.Bad(err)
	}
	f, err := o.find(ctx)
	if err != nil {
		return nil, err
	}
	out := &Document{Configuration: Configuration{Name: name, Hash: cfg.Hash()}}
	if f.version != nil {
		out.Kubernetes = fmt.Sprintf("%d.%d", f.version.Major(), f.version.Minor())
	}
	p := &Pod{
		Source: f.server, Object: "Pod " + f.pod.Namespace + "/" + f.pod.Name,
		Namespace: f.pod.Namespace, NamespaceLabels: f.labels, Limits: podLimits(f.pod),
	}
	l := &live{found: f, cfg: cfg, given: o.config != "", observer: &observer{}}
	if err := l.explain(ctx, p); err != nil {
		return nil, err
	}
	out.Pods = []*Pod{p}
	return out, nil
}

// live explains one pod of a cluster.
type live struct {
	*found
	cfg *v1alpha1.AdmissionConfiguration
	// given says that the user named the configuration.
	given    bool
	observer *observer
	chain    *mutate.Chain
}

func (l *live) explain(ctx context.Context, p *Pod) error {
	l.chain = l.observer.chain(l.cfg)
	status, err := mutate.ParseStatus(l.pod.Annotations[wellknown.StatusAnnotation])
	if err != nil {
		p.Unknown = append(p.Unknown, "what was done when the pod was admitted, because the annotation "+wellknown.StatusAnnotation+" cannot be read")
	}
	if status != nil {
		p.Record = &Record{Version: status.Version, Config: status.Config, Truncated: status.Truncated}
		p.Explanation = explained(l.recorded(status), l.pod, l.pod, nil)
		if status.Truncated {
			p.cutShort()
		}
	} else if err == nil {
		p.Note = "without a record: no feature was in force for the pod when it was created"
	}
	known := status != nil && status.Config == l.cfg.Hash()
	if !l.given && !known {
		if status != nil {
			p.Unknown = append(p.Unknown, "the budget, and what would be done today: name the configuration that is in force with --config")
		} else {
			p.Selected, p.Selection = l.selected()
		}
		return nil
	}
	if p.Now, err = l.now(ctx, p, status); err != nil {
		return err
	}
	if status == nil {
		p.Selected = p.Now.Selected
		return nil
	}
	p.Now.Differences = differences(&p.Explanation, &p.Now.Explanation, status.Truncated)
	if known {
		takeBudgets(&p.Explanation, &p.Now.Explanation)
	}
	return nil
}

// cutShort says what the explanation of a record that was cut short lacks. What such
// a record does not say of a container is not known: it is not nothing.
func (p *Pod) cutShort() {
	p.Note = "the record is cut short, because it would have been too long: most details, numbers and reasons are not in it; " +
		"to see them, explain the manifest that the pod is made of, with evenkeel explain -f FILE -n " + p.Namespace
	for i := range p.Containers {
		c := &p.Containers[i]
		c.Features = slices.DeleteFunc(c.Features, func(f Feature) bool { return f.Outcome == "" })
	}
}

// selected says whether admission would look at the pod today.
func (l *live) selected() (bool, *Reason) {
	if l.labels == nil {
		ok, code := mutate.MaySelect(l.cfg.ExcludedNamespaces, l.pod.Namespace, l.pod)
		return ok, selection(code)
	}
	ok, code := mutate.Selected(l.cfg.ExcludedNamespaces, l.pod.Namespace, l.labels, l.pod)
	return ok, selection(code)
}

// now runs the chain over the pod as it is. It adds to p what is not known.
func (l *live) now(ctx context.Context, p *Pod, status *mutate.Status) (*Now, error) {
	out := &Now{Version: version.Version, Differences: []Difference{}}
	selected, reason := l.selected()
	if l.labels == nil {
		p.Unknown = append(p.Unknown, "the labels of the namespace, which may not be read: exceptions of the configuration by namespace are not seen")
	}
	if selected {
		outcomes, err := l.run(ctx, p, asCreated(l.pod, status), status)
		if err != nil {
			return nil, err
		}
		out.Explanation = outcome(outcomes, l.pod, l.observer)
	}
	out.Selected, out.Selection = selected, reason
	return out, nil
}

// run runs the chain, with the rights that RBAC gives if they matter. Where these
// may not be read, what the record says of them is taken to hold.
func (l *live) run(ctx context.Context, p *Pod, pod *corev1.Pod, status *mutate.Status) (*mutate.Outcomes, error) {
	request := mutate.Request{
		Namespace: pod.Namespace, NamespaceLabels: l.labels, Workload: mutate.WorkloadOf(pod), ServerVersion: l.version,
	}
	outcomes := l.chain.Run(request, pod)
	if !l.observer.asked {
		return outcomes, nil
	}
	rights, err := l.rights(ctx)
	if err != nil {
		return nil, err
	}
	rbac := recordedReason(status, satoken.Name, mutate.CodeTokenRBAC)
	switch {
	case rights != nil:
		l.observer.rights = rights
	case rbac != nil:
		l.observer.evidence = cmp.Or(rbac.Facts[mutate.FactEvidence], rbac.Detail, "a binding that the record does not name")
		p.Unknown = append(p.Unknown, "whether RBAC still gives the rights of the record to the ServiceAccount, because the bindings may not be read")
	default:
		p.Unknown = append(p.Unknown, rbacUnknown(pod, pod.Namespace))
		return outcomes, nil
	}
	return l.chain.Run(request, pod), nil
}

// asCreated returns the pod as admission would see it if it were created today.
// What features have put in they know again by the record; a token that was taken
// is the exception, so the field is taken back, unless it is the author's own.
func asCreated(pod *corev1.Pod, status *mutate.Status) *corev1.Pod {
	automount := pod.Spec.AutomountServiceAccountToken
	taken := recordedReason(status, satoken.Name, mutate.CodeTokenNotNeeded)
	if automount == nil || *automount || taken == nil || taken.Facts[mutate.FactAutomount] != "" {
		return pod
	}
	out := pod.DeepCopy()
	out.Spec.AutomountServiceAccountToken = nil
	return out
}

// recordedReason returns the record of a feature if it has this reason.
func recordedReason(status *mutate.Status, feature string, code mutate.Code) *mutate.FeatureStatus {
	if status == nil {
		return nil
	}
	f, ok := status.Features[feature]
	if !ok || f.Reason != code {
		return nil
	}
	return &f
}

// recorded returns a record as the reports that it was made of, in the order in
// which features run. The flags are those that are still in the pod.
func (l *live) recorded(status *mutate.Status) []mutate.FeatureOutcome {
	order := map[string]int{}
	for i, link := range l.chain.Links {
		order[link.Mutator.Name()] = i - len(l.chain.Links)
	}
	names := slices.SortedFunc(maps.Keys(status.Features), func(a, b string) int {
		return cmp.Or(cmp.Compare(order[a], order[b]), cmp.Compare(a, b))
	})
	var out []mutate.FeatureOutcome
	for _, name := range names {
		f := status.Features[name]
		report := &mutate.Report{Pod: mutate.Result{Outcome: f.Outcome, Code: f.Reason, Detail: f.Detail, Facts: f.Facts}}
		for container, c := range f.Containers {
			facts := maps.Clone(c.Facts)
			if options := l.optionsOf(container, c); options != "" {
				facts[mutate.FactOptions] = options
			}
			report.SetContainer(container, mutate.Result{Outcome: c.Outcome, Code: c.Reason, Detail: c.Detail, Facts: facts})
		}
		out = append(out, mutate.FeatureOutcome{Name: name, Report: report})
	}
	return out
}

// optionsOf returns the options of a record as they stand in the container.
func (l *live) optionsOf(name string, c mutate.ContainerStatus) string {
	for _, list := range [][]corev1.Container{l.pod.Spec.InitContainers, l.pod.Spec.Containers} {
		for i := range list {
			if list[i].Name == name {
				options, _ := c.Options(&list[i])
				return options
			}
		}
	}
	return ""
}
