// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"fmt"
	"strconv"
)

// Cost is what a part of a plugin was measured to cost for each pod that is
// scheduled. The figures, and how they were measured, are the table in
// docs/trim.md; a test compares the two.
type Cost struct {
	// When says for which pods and clusters the figures hold.
	When string `json:"when,omitempty"`
	// CPU time in milliseconds, from and to; 0 when it was not told apart from
	// noise.
	CPUMillisecondsFrom float64 `json:"cpuMillisecondsFrom,omitempty"`
	CPUMillisecondsTo   float64 `json:"cpuMillisecondsTo,omitempty"`
	// Memory allocated, in kilobytes, with 500 candidate nodes.
	AllocatedKB int `json:"allocatedKB,omitempty"`
	// Note is what is known where there is no figure.
	Note string `json:"note,omitempty"`
}

// String returns the figure on one line.
func (c Cost) String() string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	switch {
	case c.CPUMillisecondsTo > c.CPUMillisecondsFrom:
		return fmt.Sprintf("%s to %s ms CPU", number(c.CPUMillisecondsFrom), number(c.CPUMillisecondsTo))
	case c.CPUMillisecondsFrom > 0:
		return number(c.CPUMillisecondsFrom) + " ms CPU"
	case c.AllocatedKB > 0:
		return fmt.Sprintf("%d KB allocated", c.AllocatedKB)
	case c.Note != "":
		return c.Note
	default:
		return "not measured"
	}
}

// The notes of costs without a figure.
const (
	freeUnused = "free when unused"
	fewNs      = "a few ns a node"
)

// cpu returns a figure of CPU time.
func cpu(from, to float64, when string) Cost {
	return Cost{CPUMillisecondsFrom: from, CPUMillisecondsTo: to, When: when}
}

// allocated returns a figure of memory that is allocated for every pod.
func allocated(kb int) Cost { return Cost{AllocatedKB: kb, When: "every pod"} }

func note(text string) Cost { return Cost{Note: text} }
