// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import "strconv"

// maxQuotedRunes is how much of a user's value goes into a sentence: enough to
// find it again.
const maxQuotedRunes = 40

// Quote returns a user's value for a sentence: quoted, without control
// characters, and cut off when it is long. Values of annotations may hold
// hundreds of kilobytes.
func Quote(value string) string {
	if runes := []rune(value); len(runes) > maxQuotedRunes {
		return strconv.Quote(string(runes[:maxQuotedRunes])) + "..."
	}
	return strconv.Quote(value)
}
