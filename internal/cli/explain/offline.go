// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/input"
	"github.com/evenkeel/evenkeel/internal/cli/standin"
	"github.com/evenkeel/evenkeel/internal/manifest"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// offline explains the pods of files.
type offline struct {
	cluster  *standin.Cluster
	observer *observer
}

// explainFiles explains the pods of the files that -f names.
func explainFiles(ctx context.Context, names []string, stdin io.Reader, o *standin.Options) (*Document, error) {
	e := &offline{observer: &observer{}}
	var err error
	if e.cluster, err = standin.New(o, e.observer.chain); err != nil {
		return nil, exit.Bad(err)
	}
	sources, err := input.Read(ctx, names, stdin)
	if err != nil {
		return nil, err
	}
	out := &Document{Kubernetes: e.cluster.Version(), Assumptions: e.cluster.String(), Pods: []*Pod{}}
	out.Configuration.Name, out.Configuration.Hash = e.cluster.Configuration()
	var files []string
	for _, s := range sources {
		files = append(files, s.Name)
		documents, err := manifest.Parse(s.Name, s.Content)
		if err != nil {
			return nil, exit.Bad(err)
		}
		for _, d := range documents {
			pods, err := e.document(d)
			if err != nil {
				return nil, exit.Bad(err)
			}
			out.Pods = append(out.Pods, pods...)
		}
	}
	if len(out.Pods) == 0 {
		return nil, exit.Badf("%s: there is no pod and no workload with a pod template in it", strings.Join(files, ", "))
	}
	return out, nil
}

// document explains the pods of one document.
func (e *offline) document(d *manifest.Document) ([]*Pod, error) {
	objects, err := d.Objects()
	if err != nil {
		return nil, err
	}
	var out []*Pod
	for _, o := range objects {
		template, err := o.Template()
		if err != nil {
			return nil, err
		}
		p := &Pod{Source: fmt.Sprintf("%s, document %d", d.File, d.Number), Object: o.String()}
		switch {
		case template != nil:
			e.pod(p, o, template)
		case o.Retired():
			p.Note = "left alone: no supported Kubernetes serves apiVersion " + o.APIVersion
		default:
			continue
		}
		out = append(out, p)
	}
	return out, nil
}

// pod explains the pod of an object.
func (e *offline) pod(p *Pod, o *manifest.Object, template *manifest.Template) {
	e.observer.forget()
	a := e.cluster.Admit(o, template)
	p.Namespace, p.NamespaceLabels, p.Limits = a.Namespace, a.Labels, podLimits(template.Pod)
	if a.Outcomes != nil {
		p.Explanation = outcome(a.Outcomes, template.Pod, e.observer)
		p.Unknown = e.unknown(template.Pod, a.Namespace)
	}
	p.Selected, p.Selection = a.Selected, selection(a.Code)
}

// outcome says what a run of the chain made of a pod.
func outcome(o *mutate.Outcomes, before *corev1.Pod, seen *observer) Explanation {
	e := explained(o.Features, before, o.Pod, seen.divisions)
	e.Refused = o.Denied
	return e
}

func selection(code mutate.Code) *Reason {
	if code == "" {
		return nil
	}
	r := newReason(code, "")
	return &r
}

// unknown lists what only a cluster knows, as far as it matters for this pod.
func (e *offline) unknown(pod *corev1.Pod, namespace string) []string {
	var out []string
	if e.observer.asked {
		out = append(out, rbacUnknown(pod, namespace))
	}
	var without []string
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		var missing []string
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if _, ok := c.Resources.Limits[name]; !ok {
				missing = append(missing, string(name))
			}
		}
		if len(missing) > 0 {
			without = append(without, c.Name+" ("+strings.Join(missing, ", ")+")")
		}
	}
	if len(without) > 0 {
		out = append(out, fmt.Sprintf("whether a LimitRange of namespace %s gives limits to %s; admission goes by what the pod then has",
			namespace, strings.Join(without, ", ")))
	}
	return out
}

// rbacUnknown says that the rights of a pod's ServiceAccount are not known.
func rbacUnknown(pod *corev1.Pod, namespace string) string {
	name := pod.Spec.ServiceAccountName
	if name == "" {
		name = "default"
	}
	return fmt.Sprintf("whether RBAC gives rights to the ServiceAccount %s/%s; if it does, the token is kept [%s]", namespace, name, mutate.CodeTokenRBAC)
}
