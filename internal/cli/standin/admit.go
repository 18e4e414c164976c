// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package standin

import (
	"github.com/evenkeel/evenkeel/internal/manifest"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Admission is what admission would do to the pod of an object.
type Admission struct {
	// Namespace of the pod, and its labels.
	Namespace string
	Labels    map[string]string
	// Selected says whether admission looks at the pod. Code says why not, or what
	// else there is to say of its selection.
	Selected bool
	Code     mutate.Code
	// Outcomes is nil when the pod is not selected.
	Outcomes *mutate.Outcomes
}

// Admit does with the pod of an object what the webhook would do.
func (c *Cluster) Admit(o *manifest.Object, t *manifest.Template) *Admission {
	a := &Admission{Namespace: o.Namespace}
	if a.Namespace == "" {
		a.Namespace = c.namespace
	}
	a.Labels = c.labelsOf(a.Namespace)
	if a.Selected, a.Code = mutate.Selected(c.excluded, a.Namespace, a.Labels, t.Pod); !a.Selected {
		return a
	}
	a.Outcomes = c.chain.Run(mutate.Request{
		Namespace: a.Namespace, NamespaceLabels: a.Labels, Workload: workloadOf(o, t), ServerVersion: c.version,
	}, t.Pod)
	return a
}

// workloadOf returns what the pods of an object are replicas of.
func workloadOf(o *manifest.Object, t *manifest.Template) mutate.Workload {
	if t.Bare {
		return mutate.WorkloadOf(t.Pod)
	}
	name := o.Name
	if name == "" {
		name = o.GenerateName
	}
	return mutate.Workload{Kind: o.Kind, Name: name}
}
