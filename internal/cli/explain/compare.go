// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"maps"
	"slices"
	"strings"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// differences returns what would come out otherwise today, in the order of today's
// explanation. Of a record that was cut short only what is there is compared.
func differences(recorded, now *Explanation, truncated bool) []Difference {
	out := []Difference{}
	for _, container := range places(recorded, now) {
		then, today := featuresOf(recorded, container), featuresOf(now, container)
		for _, name := range names(today, then) {
			a, b := find(then, name), find(today, name)
			if truncated && (a == nil || container != "" && len(a.Facts) == 0) {
				continue
			}
			for _, d := range compare(a, b, truncated) {
				d.Container, d.Feature = container, name
				out = append(out, d)
			}
		}
	}
	return out
}

// compare returns the differences of what one feature does. One that is not in the
// record was off, observed, or not there yet; it is nil.
func compare(then, now *Feature, truncated bool) []Difference {
	var out []Difference
	differ := func(what, recorded, today string) {
		if recorded != today {
			out = append(out, Difference{What: what, Recorded: recorded, Now: today})
		}
	}
	differ("outcome", then.effect(), now.effect())
	if then.effect() == "" || now.effect() == "" {
		// All else follows from that.
		return out
	}
	if !truncated || !now.has(then.Reasons) {
		differ("reasons", then.codes(), now.codes())
	}
	for _, name := range slices.Sorted(maps.Keys(union(then.Facts, now.Facts))) {
		if _, ok := then.Facts[name]; ok || !truncated {
			differ(name, then.Facts[name], now.Facts[name])
		}
	}
	if !then.FlagsGone && !truncated {
		differ("flags", then.flagsBut(now), now.flagsBut(then))
	}
	if !truncated {
		differ("variables", strings.Join(then.Environment, ","), strings.Join(now.Environment, ","))
	}
	return out
}

// effect is the outcome of a feature, or "" where it changes nothing at all: it is
// off, observed or has nothing for the container.
func (f *Feature) effect() string {
	if f == nil || f.Outcome == "" {
		return ""
	}
	off := slices.ContainsFunc(f.Reasons, func(r Reason) bool { return r.Code == mutate.CodeOff })
	if off || f.Outcome == mutate.Observed {
		return ""
	}
	return string(f.Outcome)
}

func (f *Feature) codes() string {
	var out []string
	for _, r := range f.Reasons {
		out = append(out, string(r.Code))
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// has reports whether all of these reasons are among the feature's.
func (f *Feature) has(reasons []Reason) bool {
	return !slices.ContainsFunc(reasons, func(want Reason) bool {
		return !slices.ContainsFunc(f.Reasons, func(r Reason) bool { return r.Code == want.Code })
	})
}

// flagsBut returns the flags that the other does not have, or has elsewhere.
func (f *Feature) flagsBut(other *Feature) string {
	var out []string
	for _, flag := range f.Flags {
		if f.Variable != other.Variable || !slices.Contains(other.Flags, flag) {
			out = append(out, flag)
		}
	}
	text := strings.Join(out, " ")
	if f.Variable != other.Variable && text != "" {
		text += " in " + f.Variable
	}
	return text
}

// places returns the containers of either explanation, and "" for the pod first.
func places(recorded, now *Explanation) []string {
	out := []string{""}
	for _, e := range []*Explanation{now, recorded} {
		for _, c := range e.Containers {
			if !slices.Contains(out, c.Name) {
				out = append(out, c.Name)
			}
		}
	}
	return out
}

func featuresOf(e *Explanation, container string) []Feature {
	if container == "" {
		return e.Features
	}
	for _, c := range e.Containers {
		if c.Name == container {
			return c.Features
		}
	}
	return nil
}

// names returns the names of the features of both lists.
func names(lists ...[]Feature) []string {
	var out []string
	for _, list := range lists {
		for _, f := range list {
			if !slices.Contains(out, f.Name) {
				out = append(out, f.Name)
			}
		}
	}
	return out
}

func find(features []Feature, name string) *Feature {
	for i := range features {
		if features[i].Name == name {
			return &features[i]
		}
	}
	return nil
}

func union(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, b)
	return out
}

// takeBudgets gives a record the budgets that the same configuration makes today,
// where the heap is the same.
func takeBudgets(recorded, now *Explanation) {
	for i := range recorded.Containers {
		c := &recorded.Containers[i]
		for j := range c.Features {
			f := &c.Features[j]
			today := find(featuresOf(now, c.Name), f.Name)
			if today != nil && today.Budget != nil && maps.Equal(f.Facts, today.Facts) {
				f.Budget = today.Budget
			}
		}
	}
}
