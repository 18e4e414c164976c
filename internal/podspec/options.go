// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// MergeOptions returns the value of an environment variable that carries JVM
// options after fragment took its place in it. current is the value as it
// stands; previous is the fragment that an earlier pass of the same feature put
// there, or "". The earlier fragment is replaced where it stands; otherwise the
// new one goes first, before the user's own options, because the last of
// several equal HotSpot flags wins and the user's must. An empty fragment takes
// the earlier one out.
//
// Fragments are compared as whole runs of words: one that is part of a longer
// word is not touched.
func MergeOptions(current, previous, fragment string) string {
	if previous != "" {
		if i := indexWords(current, previous); i >= 0 {
			return joinWords(current[:i], fragment, current[i+len(previous):])
		}
	}
	return joinWords("", fragment, current)
}

// RemoveOptions returns value without fragment, where it stands in it as a run
// of words.
func RemoveOptions(value, fragment string) string {
	if fragment == "" || indexWords(value, fragment) < 0 {
		return value
	}
	return MergeOptions(value, fragment, "")
}

// Fingerprint returns a short text by which FindFragment knows a fragment again.
func Fingerprint(fragment string) string {
	h := fnv.New64a()
	h.Write([]byte(fragment))
	return fmt.Sprintf("#%d:%016x", len(fragment), h.Sum64())
}

// FindFragment returns the run of words in value that has this fingerprint, or
// "".
func FindFragment(value, fingerprint string) string {
	length, _, ok := strings.Cut(strings.TrimPrefix(fingerprint, "#"), ":")
	n, err := strconv.Atoi(length)
	if !ok || err != nil || n <= 0 {
		return ""
	}
	for i := 0; i+n <= len(value); i++ {
		if !isRun(value, i, i+n) {
			continue
		}
		if Fingerprint(value[i:i+n]) == fingerprint {
			return value[i : i+n]
		}
	}
	return ""
}

// IsFingerprint reports whether s is a Fingerprint and not a fragment: no option
// of a JVM begins like one.
func IsFingerprint(s string) bool { return strings.HasPrefix(s, "#") }

// isRun reports whether s[start:end] has white space or an end on both sides.
func isRun(s string, start, end int) bool {
	return (start == 0 || isSpace(s[start-1])) && (end == len(s) || isSpace(s[end]))
}

// indexWords returns where words stands in s with white space or an end on both
// sides, or -1.
func indexWords(s, words string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], words)
		if i < 0 {
			return -1
		}
		i += from
		if isRun(s, i, i+len(words)) {
			return i
		}
		from = i + 1
	}
}

// joinWords puts fragment between before and after with one space on each side
// that has text. Nothing else of before and after changes: quoted white space in
// them belongs to the user.
func joinWords(before, fragment, after string) string {
	if fragment == "" {
		if before == "" || after == "" {
			return strings.TrimSuffix(before, " ") + strings.TrimPrefix(after, " ")
		}
		return strings.TrimSuffix(before, " ") + after
	}
	out := before + fragment
	if before != "" && !isSpace(before[len(before)-1]) {
		out = before + " " + fragment
	}
	if after != "" && !isSpace(after[0]) {
		out += " "
	}
	return out + after
}

// isSpace reports whether HotSpot separates options at c.
func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'
}
