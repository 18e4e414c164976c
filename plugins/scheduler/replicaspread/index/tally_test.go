// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTallyCountsLikeAMap grows and shrinks a tally past the sizes at which it
// is converted, and holds it to a plain map.
func TestTallyCountsLikeAMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	got, want := &tally{}, map[Domain]int32{}
	sizes := map[bool]int{}
	for step := range 6_000 {
		d := Domain(rnd.IntN(40))
		n := int32(1 + rnd.IntN(3))
		// In waves: mostly more, then mostly less.
		if step/100%2 == 1 {
			n = -want[d]
		}
		if n == 0 {
			continue
		}
		got.add(d, n)
		if want[d] += n; want[d] == 0 {
			delete(want, d)
		}
		before := got.clone()
		if diff := cmp.Diff(want, maps.Collect(before.all())); diff != "" {
			t.Fatalf("step %d (-want +got):\n%s", step, diff)
		}
		most := int32(0)
		for d := range Domain(40) {
			if got.get(d) != want[d] {
				t.Fatalf("step %d: domain %d has %d, want %d", step, d, got.get(d), want[d])
			}
			most = max(most, want[d])
		}
		if got.len() != len(want) || got.most() != most {
			t.Fatalf("step %d: %d domains with at most %d, want %d and %d", step, got.len(), got.most(), len(want), most)
		}
		if n := len(want); n < fewFrom && got.many != nil || n >= manyFrom && got.few != nil {
			t.Fatalf("step %d: %d domains are kept in the wrong form", step, n)
		}
		sizes[got.many != nil]++
	}
	if len(sizes) != 2 {
		t.Errorf("only one form was tried: %v", sizes)
	}
}

func TestTallyCloneStands(t *testing.T) {
	for _, domains := range []Domain{3, 30} {
		var original tally
		for d := range domains {
			original.add(d, 1)
		}
		clone := original.clone()
		original.add(1, 5)
		original.add(2, -1)
		if clone.get(1) != 1 || clone.get(2) != 1 || clone.len() != int(domains) {
			t.Errorf("the clone of a tally of %d domains changed with it", domains)
		}
	}
}
