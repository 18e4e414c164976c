// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"math"
)

// budget writes the parts of a memory limit in MiB and in percent.
func (t *table) budget(b *Budget) {
	if b == nil {
		return
	}
	numbers := "the feature's own numbers, no profile"
	if b.Profile != "" {
		numbers = "the numbers of the profile " + b.Profile
	}
	t.line(3, "budget by %s", numbers)
	width := len(whole)
	for _, p := range b.Parts {
		width = max(width, len(p.Name))
	}
	row := func(name string, mib, bytes int64, how string) {
		percent := inTenths(bytes, float64(b.Limit)/100)
		t.line(4, "%s %12s MiB %7s %%   %s", pad(name, width), tenths(mib), tenths(percent), how)
	}
	for i, mib := range partsInTenths(b) {
		row(b.Parts[i].Name, mib, b.Parts[i].Bytes, b.Parts[i].How)
	}
	row(whole, inTenths(b.Limit, mebibyte), b.Limit, "")
}

const (
	mebibyte = 1 << 20
	// whole is what the parts of a budget add up to.
	whole = "memory limit"
)

// partsInTenths returns the parts of a budget in tenths of MiB, rounded so that
// they add up to the rounded limit. What is over goes to the last part, which is
// what is left anyway. Where that is too little for it, each part is the step from
// one rounded subtotal to the next.
func partsInTenths(b *Budget) []int64 {
	out := make([]int64, len(b.Parts))
	rest := inTenths(b.Limit, mebibyte)
	last := len(b.Parts) - 1
	for i, p := range b.Parts[:last] {
		out[i] = inTenths(p.Bytes, mebibyte)
		rest -= out[i]
	}
	if out[last] = rest; rest == 0 || (rest < 0) == (b.Parts[last].Bytes < 0) {
		return out
	}
	var bytes, before int64
	for i, p := range b.Parts {
		bytes += p.Bytes
		total := inTenths(bytes, mebibyte)
		out[i], before = total-before, total
	}
	return out
}

// inTenths returns bytes in tenths of a unit. Half a tenth goes up, also below
// zero, so that equal steps stay equal.
func inTenths(bytes int64, unit float64) int64 {
	return int64(math.Floor(float64(bytes)/unit*10 + 0.5))
}

// tenths writes a number of tenths with one decimal.
func tenths(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%d", sign, n/10, n%10)
}
