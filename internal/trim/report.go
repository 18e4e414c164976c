// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/evenkeel/evenkeel/internal/defaultprofile"
)

// Verdict is what becomes of a part of a plugin.
type Verdict string

// The verdicts, in the order in which they are reported.
const (
	// Replaced: a plugin of ours does its work.
	Replaced Verdict = "replaced"
	// MayGo: it only ranks nodes, and may be left out.
	MayGo Verdict = "mayGo"
	// Keep: it only ranks nodes, and is kept.
	Keep Verdict = "keep"
	// Never: it protects, and is kept whatever the cluster has.
	Never Verdict = "never"
)

var verdicts = []Verdict{Replaced, MayGo, Keep, Never}

// Report says of every part of the default profile what becomes of it in a
// cluster, and why.
type Report struct {
	// Objects are the numbers of objects of the kinds that were looked at.
	Objects []ObjectCount `json:"objects"`
	// Missing are the kinds of which nothing is known.
	Missing []MissingKind `json:"missing"`
	// Notes are what else the reader must know about the evidence.
	Notes []string `json:"notes"`
	// Plugins are the parts of the default profile's plugins.
	Plugins []Finding `json:"plugins"`
}

// ObjectCount is a number of objects of a kind.
type ObjectCount struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// MissingKind is a kind of which nothing is known, and why.
type MissingKind struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
	// Needed says that a verdict would have depended on it.
	Needed bool `json:"needed"`
}

// Finding is what becomes of a part of a plugin.
type Finding struct {
	Plugin string `json:"plugin"`
	// Part is empty for what protects, or "scores", or "default constraints".
	Part string `json:"part,omitempty"`
	// ExtensionPoints at which the part is.
	ExtensionPoints []defaultprofile.Point `json:"extensionPoints"`
	Verdict         Verdict                `json:"verdict"`
	// ReplacedBy is the plugin of ours, where the verdict is replaced.
	ReplacedBy string `json:"replacedBy,omitempty"`
	// Reason says why, as a clause.
	Reason string `json:"reason"`
	// Always says that every pod uses the part, whatever the evidence.
	Always bool `json:"always,omitempty"`
	// Evidence are the objects that use the part.
	Evidence []Evidence `json:"evidence"`
	// Missing are the kinds of object that would be needed to tell whether it is
	// used, when there is no evidence that it is.
	Missing []string `json:"missing,omitempty"`
	// Costs of the part, for each pod that is scheduled.
	Costs []Cost `json:"costs"`
}

// Name is the plugin with the part.
func (f Finding) Name() string {
	if f.Part == partProtects {
		return f.Plugin
	}
	return f.Plugin + ", " + f.Part
}

// Analyse goes through the default profile with what is known of a cluster.
// shipped is the configuration from which the cluster's is to follow: which of our
// plugins replace others is said there.
func Analyse(inv *Inventory, shipped *Shipped) *Report {
	inv = inv.settle()
	r := &Report{Objects: []ObjectCount{}, Missing: []MissingKind{}, Notes: []string{}, Plugins: []Finding{}}
	templates := false
	for _, k := range Kinds {
		if reason, ok := inv.missing[k.Name]; ok {
			r.Missing = append(r.Missing, MissingKind{k.Name, reason, k.needed})
			continue
		}
		r.Objects = append(r.Objects, ObjectCount{k.Name, inv.counts[k.Name]})
		templates = templates || k.template
	}
	if !templates {
		r.Notes = append(r.Notes, "no workloads were looked at: what is scaled to zero, or runs now and then, is not seen")
	}
	if len(inv.namespaces) == 1 && inv.counts["Pod"] > 1 {
		for namespace := range inv.namespaces {
			r.Notes = append(r.Notes, fmt.Sprintf("all pods are in the namespace %s: evidence of the others is missing unless there are none", namespace))
		}
	}
	for _, rule := range rules {
		r.Plugins = append(r.Plugins, rule.find(inv, shipped))
	}
	slices.SortStableFunc(r.Plugins, func(a, b Finding) int {
		return slices.Index(verdicts, a.Verdict) - slices.Index(verdicts, b.Verdict)
	})
	return r
}

// find decides about the rule's part.
func (r rule) find(inv *Inventory, shipped *Shipped) Finding {
	f := Finding{Plugin: r.plugin, Part: r.part, ExtensionPoints: r.points(), Always: len(r.signs) == 0, Evidence: []Evidence{}, Costs: r.costs}
	if f.Costs == nil {
		f.Costs = []Cost{}
	}
	for _, s := range r.signs {
		if e := inv.evidence(s); e != nil {
			f.Evidence = append(f.Evidence, *e)
		}
	}
	if len(f.Evidence) == 0 {
		f.Missing = inv.missingFor(r.signs)
		if len(f.Missing) == 0 && len(r.idle) > 0 {
			f.Costs = r.idle
		}
	}
	switch by, because := shipped.replacement(r.plugin, r.part); {
	case by != "":
		f.Verdict, f.ReplacedBy, f.Reason = Replaced, by, because
		if r.part == partProtects && !hasScores(r.plugin) {
			p, _ := defaultprofile.Find(r.plugin)
			f.ExtensionPoints = p.Points
		}
	case r.part == partProtects:
		f.Verdict, f.Reason = Never, "without it "+r.ignored()
	case r.part == partDefaults:
		f.Verdict, f.Reason = Keep, "the shipped configuration has nothing in their place"
	case r.keep != "":
		f.Verdict, f.Reason = Keep, r.keep
	case r.unasked != "":
		f.Verdict, f.Reason = MayGo, r.unasked
	case len(f.Evidence) > 0:
		f.Verdict, f.Reason = Keep, "it is in use"
	case len(f.Missing) > 0:
		f.Verdict, f.Reason = Keep, "nothing is known of "+strings.Join(plurals(f.Missing), ", ")
	default:
		f.Verdict, f.Reason = MayGo, r.unused
	}
	return f
}

func plurals(kinds []string) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = Plural(k)
	}
	return out
}

// points returns the extension points of the rule's part.
func (r rule) points() []defaultprofile.Point {
	out := []defaultprofile.Point{}
	p, _ := defaultprofile.Find(r.plugin)
	for _, at := range p.Points {
		// PlacementScore ranks placements of pod groups, behind a gate; it stays
		// with what protects.
		if slices.Contains(ranking, at) == (r.part != partProtects) {
			out = append(out, at)
		}
	}
	return out
}

// hasScores reports whether what a plugin ranks by is a part of its own.
func hasScores(plugin string) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return r.plugin == plugin && r.part == partScores })
}

// ignored says what would happen without the part that protects.
func (r rule) ignored() string {
	p, _ := defaultprofile.Find(r.plugin)
	return p.Ignored(p.Points[0])
}
