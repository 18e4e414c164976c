// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Division says where each byte of a container's memory limit goes: a Budget for
// a person to read.
type Division struct {
	// Limit is the memory limit that the JVM sees, in bytes.
	Limit int64
	// Profile whose numbers counted, or "" for the feature's own.
	Profile string
	// Rule says what decided the heap.
	Rule Rule
	// Parts of the limit, the heap first and last what is left, named "rounding",
	// "unused" or "missing". Their bytes add up to Limit.
	Parts []Part
}

// Part is a part of a memory limit.
type Part struct {
	// Name for a person, such as "code cache".
	Name string
	// Bytes of the limit. Only those of the part named "missing" are negative: they
	// are what the others need above the limit.
	Bytes int64
	// How the number comes about, as a clause; empty where the name says it.
	How string
}

// Divisions returns how the memory limits of the containers are divided whose
// heap Mutate sets, by container. It is for explaining and not on the way of a
// request: req and pod must be as Mutate gets them, with what earlier mutators
// reserved. The error is the one of Mutate.
func (m *Mutator) Divisions(req *mutate.Request, pod *corev1.Pod) (map[string]Division, error) {
	out := map[string]Division{}
	dumps := newDumps(req, pod)
	for _, t := range m.targets(pod) {
		w, err := m.wishesOf(req, pod, t)
		if err != nil {
			return nil, err
		}
		p, err := m.plan(req, pod, t, w, dumps)
		if err != nil {
			return nil, err
		}
		if p.share.permille == 0 {
			continue
		}
		d := p.divide(memoryOf(pod, t), t, &w.settings.Heap, req.Reservations(t.Name))
		d.Profile = w.profile
		out[t.Name] = d
	}
	return out, nil
}

// divide divides the memory of a container that gets a heap.
func (p *plan) divide(mem memory, t target, cfg *v1alpha1.HeapBudget, reservations []mutate.Reservation) Division {
	d := Division{Limit: mem.visible.Value(), Rule: p.share.rule}
	heap, whole := permilleOf(d.Limit, p.share.permille), "the heap is in whole tenths of a percent"
	if p.result.Facts[mutate.FactSizing] != "" {
		heap, whole = wholeMiB(heap), "the heap is in whole MiB"
	}
	b := NewBudget(cfg, max(mem.share, 1), 0)
	d.add("heap", heap, describeHeap(d.Rule, cfg, mem.shared()))
	d.add("metaspace", b.Metaspace, "")
	d.add("code cache", b.CodeCache, describeShare(cfg.CodeCache))
	d.add("thread stacks", b.Threads, fmt.Sprintf("%d of %s", *cfg.Threads, cfg.ThreadStack))
	d.add("direct buffers", b.Direct, describeShare(cfg.Direct))
	d.add("native", b.Native, describeShare(cfg.Native))
	for _, r := range reservations {
		d.add(r.What, reservedFor(r, cfg.Agents), "")
	}
	if mem.shared() {
		how := "the limits of the containers beside this one, out of the pod's"
		if t.Resources.Limits.Memory().Sign() > 0 {
			how = "the containers' limits are together above the pod's, so each gives up its part"
		}
		d.add("other containers", d.Limit-mem.share, how)
	}
	rest := d.Limit
	for _, part := range d.Parts {
		rest -= part.Bytes
	}
	switch {
	case rest < 0:
		d.add("missing", rest, "the parts do not fit together")
	case d.Rule == RuleCeiling, d.Rule == RuleAnnotation:
		d.add("unused", rest, "")
	default:
		// At the floor too, where the parts leave less than the heap has, but for a
		// rounding error.
		d.add("rounding", rest, whole)
	}
	return d
}

// describeHeap says how the heap comes about.
func describeHeap(rule Rule, cfg *v1alpha1.HeapBudget, shared bool) string {
	of := ""
	if shared {
		of = " of this container's share"
	}
	switch rule {
	case RuleFloor:
		return fmt.Sprintf("its floor, %d %%%s", *cfg.FloorPercent, of)
	case RuleCeiling:
		return fmt.Sprintf("its ceiling, %d %%%s", *cfg.CeilingPercent, of)
	case RuleAnnotation:
		return "as the annotation says"
	default:
		return "what the other parts leave"
	}
}

func (d *Division) add(name string, bytes int64, how string) {
	d.Parts = append(d.Parts, Part{Name: name, Bytes: bytes, How: how})
}

// describeShare says how a share of the limit comes about.
func describeShare(s v1alpha1.Share) string {
	if *s.Percent == 0 {
		return ""
	}
	var bounds []string
	if s.Min.Sign() > 0 {
		bounds = append(bounds, "at least "+s.Min.String())
	}
	if s.Max != nil {
		bounds = append(bounds, "at most "+s.Max.String())
	}
	return strings.Join(append([]string{fmt.Sprintf("%d %%", *s.Percent)}, bounds...), ", ")
}

// reservedFor returns the bytes of a reservation, where a profile may have a
// number of its own for an agent.
func reservedFor(r mutate.Reservation, own map[string]resource.Quantity) int64 {
	if name, ok := strings.CutPrefix(r.What, "agent "); ok {
		if q, ok := own[name]; ok {
			return q.Value()
		}
	}
	return r.Bytes
}

// wholeMiB returns a heap as options with a number of MiB have it; a JVM takes
// none below two.
func wholeMiB(heap int64) int64 { return max(heap>>20, 2) << 20 }
