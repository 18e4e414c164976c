// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/jvm"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
	"github.com/evenkeel/evenkeel/webhooks/satoken"
)

// observer makes the webhook's chain, and sees of each run what its reports do
// not tell.
type observer struct {
	// divisions are how the memory limits of the containers were divided, by
	// container.
	divisions map[string]jvm.Division
	// asked says that it mattered which rights RBAC gives to the pod's ServiceAccount.
	asked bool
	// rights answers that. Where it is nil, evidence is the answer; empty for none.
	rights   satoken.Rights
	evidence string
}

// chain returns the chain for a configuration that is defaulted and valid.
func (o *observer) chain(cfg *v1alpha1.AdmissionConfiguration) *mutate.Chain {
	chain := webhooks.NewClusterChain(cfg, webhooks.Cluster{Rights: o})
	for i, link := range chain.Links {
		if m, ok := link.Mutator.(*jvm.Mutator); ok {
			chain.Links[i].Mutator = &dividing{m, o}
		}
	}
	return chain
}

// forget makes the observer ready for the next pod.
func (o *observer) forget() { o.divisions, o.asked = nil, false }

// Grant implements satoken.Rights.
func (o *observer) Grant(namespace, serviceAccount string, skip func(roleKind, role, group string) bool) (evidence string, ok, synced bool) {
	o.asked = true
	if o.rights != nil {
		return o.rights.Grant(namespace, serviceAccount, skip)
	}
	return o.evidence, o.evidence != "", true
}

// dividing is the jvm feature, observed.
type dividing struct {
	*jvm.Mutator
	observer *observer
}

// Mutate implements mutate.Mutator.
func (d *dividing) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	// Before the pod changes. The error is the one that Mutate returns as well.
	d.observer.divisions, _ = d.Divisions(req, e.Pod())
	return d.Mutator.Mutate(req, e)
}
