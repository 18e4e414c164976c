// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pids is the adjuster of pid limits: it decides how many processes and
// threads a container may have, and puts that into NRI's messages.
//
// It is pure: what the pod says and the configuration in, decision out. Talking
// to the container runtime and telling people is the parent package's work; what
// number a tier has is the webhook's (webhooks/pidlimit).
package pids

import (
	"fmt"

	"github.com/evenkeel/evenkeel/api/pidlimits"
	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
)

// Reason says why a container has the limit that it has. Reasons are labels of
// metrics: few, stable, and never a user's value.
type Reason string

// Reasons that the Adjuster gives.
const (
	// ReasonAnnotation: the number is the one in the pod's annotation.
	ReasonAnnotation Reason = "Annotation"
	// ReasonDefault: the annotation does not name the container, or is not there; the
	// number is the node's default.
	ReasonDefault Reason = "Default"
	// ReasonInvalid: the annotation, or its number for this container, cannot be
	// used; the number is the node's default, if it has one.
	ReasonInvalid Reason = "InvalidAnnotation"
	// ReasonCeiling: the number in the annotation is above the node's ceiling and was
	// lowered to it.
	ReasonCeiling Reason = "LoweredToCeiling"
	// ReasonNone: nobody asks for a limit.
	ReasonNone Reason = "None"
	// ReasonObserve: the configuration's mode is Observe; nothing is set.
	ReasonObserve Reason = "Observe"
	// ReasonOff: the configuration's mode is Off; nothing is set, nor looked at.
	ReasonOff Reason = "Off"
)

// Reasons are all of the Adjuster's.
var Reasons = []Reason{ReasonAnnotation, ReasonDefault, ReasonInvalid, ReasonCeiling, ReasonNone, ReasonObserve, ReasonOff}

// Decision is what a container gets.
type Decision struct {
	// Wanted is the number that the pod or the node's default asks for; 0 for none.
	Wanted int64
	// Limit is the number to set on the container; 0 to set nothing. It is never
	// outside of 128 to 16384 otherwise.
	Limit int64
	// Reason says why.
	Reason Reason
	// Detail says in a clause what is wrong with the annotation; empty if nothing is.
	Detail string
}

// Adjuster decides by one configuration. It has no state and may be used by
// several goroutines.
type Adjuster struct {
	cfg v1alpha1.NodePids
}

// New returns the Adjuster for a configuration that is defaulted and valid.
func New(cfg v1alpha1.NodePids) *Adjuster { return &Adjuster{cfg: cfg} }

// UpdatesRunning reports whether running containers may be changed at all.
func (a *Adjuster) UpdatesRunning() bool {
	return a.cfg.Mode == v1alpha1.ModeEnforce && a.cfg.Running == v1alpha1.RunningUpdate
}

// Decide decides for a container of a pod with these annotations.
func (a *Adjuster) Decide(namespace string, annotations map[string]string, container string) Decision {
	if a.cfg.Mode == v1alpha1.ModeOff {
		return Decision{Reason: ReasonOff}
	}
	d := a.choose(namespace, annotations, container)
	if a.cfg.Mode == v1alpha1.ModeObserve {
		d.Limit = 0
		if d.Wanted != 0 {
			d.Reason = ReasonObserve
		}
	}
	return d
}

func (a *Adjuster) choose(namespace string, annotations map[string]string, container string) Decision {
	pids, ok, err := annotated(annotations, container)
	switch {
	case err != nil:
		d := a.byDefault(namespace)
		d.Reason, d.Detail = ReasonInvalid, fmt.Sprintf("annotation %s %v", wellknown.PidsLimitsAnnotation, err)
		return d
	case !ok:
		return a.byDefault(namespace)
	case pids > *a.cfg.Ceiling:
		return Decision{Wanted: pids, Limit: *a.cfg.Ceiling, Reason: ReasonCeiling}
	}
	return Decision{Wanted: pids, Limit: pids, Reason: ReasonAnnotation}
}

// byDefault decides for a container that the annotation says nothing of.
func (a *Adjuster) byDefault(namespace string) Decision {
	if a.cfg.Default == nil || a.cfg.Excludes(namespace) {
		return Decision{Reason: ReasonNone}
	}
	return Decision{Wanted: *a.cfg.Default, Limit: *a.cfg.Default, Reason: ReasonDefault}
}

// annotated returns the number that the annotation has for the container, if it
// has one. The error is a clause that goes on after the annotation's name.
func annotated(annotations map[string]string, container string) (pids int64, ok bool, err error) {
	value, ok := annotations[wellknown.PidsLimitsAnnotation]
	if !ok {
		return 0, false, nil
	}
	limits, err := pidlimits.Parse(value)
	if err != nil {
		return 0, false, err
	}
	pids, ok = limits[container]
	if !ok {
		return 0, false, nil
	}
	if err := pidlimits.Check(pids); err != nil {
		return 0, false, fmt.Errorf("is wrong for this container: %w", err)
	}
	return pids, true, nil
}
