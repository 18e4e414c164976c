// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"math/rand/v2"
	"testing"
)

// TestPartsInTenths draws budgets and holds that what is shown adds up to the
// limit that is shown, and that each number is right to a tenth: but for the last,
// to which goes what rounding leaves.
func TestPartsInTenths(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	for range 20000 {
		b := &Budget{Limit: 1 + r.Int64N(1<<(10+r.IntN(32)))}
		rest := b.Limit
		for range 1 + r.IntN(9) {
			part := Part{Bytes: r.Int64N(1 + b.Limit/int64(1+r.IntN(12)))}
			b.Parts = append(b.Parts, part)
			rest -= part.Bytes
		}
		b.Parts = append(b.Parts, Part{Bytes: rest})
		shown := partsInTenths(b)
		var sum int64
		for i, p := range b.Parts {
			sum += shown[i]
			within := 1.0
			if i == len(b.Parts)-1 {
				within = float64(len(b.Parts))
			}
			if off := float64(shown[i]) - float64(p.Bytes)/mebibyte*10; off > within || off < -within {
				t.Fatalf("%+v: part %d is shown as %s", b, i, tenths(shown[i]))
			}
			if p.Bytes > 0 && shown[i] < 0 || p.Bytes < 0 && shown[i] > 0 {
				t.Fatalf("%+v: part %d is shown with the other sign, as %s", b, i, tenths(shown[i]))
			}
		}
		if want := inTenths(b.Limit, mebibyte); sum != want {
			t.Fatalf("%+v: the parts shown add up to %s, the limit is %s", b, tenths(sum), tenths(want))
		}
	}
}

func TestTenths(t *testing.T) {
	for n, want := range map[int64]string{0: "0.0", 7: "0.7", -7: "-0.7", 1534: "153.4", -1409: "-140.9"} {
		if got := tenths(n); got != want {
			t.Errorf("%d tenths are written %q, want %q", n, got, want)
		}
	}
}
