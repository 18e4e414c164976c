// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
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
	return "#" + strconv.Itoa(len(fragment)) + ":" + strconv.FormatUint(hashOf(fragment), 36)
}

// FindFragment returns the run of words in value that has this fingerprint, or
// "".
func FindFragment(value, fingerprint string) string {
	length, sum, ok := strings.Cut(strings.TrimPrefix(fingerprint, "#"), ":")
	n, err := strconv.Atoi(length)
	if !ok || err != nil {
		return ""
	}
	hash, err := strconv.ParseUint(sum, 36, 64)
	if err != nil {
		return ""
	}
	i := indexRun(value, n, hash, 0)
	if i < 0 {
		return ""
	}
	return value[i : i+n]
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
	n, hash := len(words), hashOf(words)
	for from := 0; ; {
		i := indexRun(s, n, hash, from)
		if i < 0 || s[i:i+n] == words {
			return i
		}
		from = i + 1
	}
}

// indexRun returns where, from an offset on, a run of words of n bytes with this
// hash begins, or -1.
//
// It rolls the hash along s (Karp and Rabin 1987), so it takes time in proportion
// to the length of s alone. What is looked for comes from an annotation that
// anybody can write: comparing at each word would let one pod keep the webhook
// busy for minutes.
func indexRun(s string, n int, hash uint64, from int) int {
	if n <= 0 || from+n > len(s) {
		return -1
	}
	last := uint64(1)
	for range n - 1 {
		last *= hashBase
	}
	rolling := hashOf(s[from : from+n])
	for i := from; ; i++ {
		if rolling == hash && isRun(s, i, i+n) {
			return i
		}
		if i+n == len(s) {
			return -1
		}
		rolling = (rolling-uint64(s[i])*last)*hashBase + uint64(s[i+n])
	}
}

// hashBase is the prime of the 64-bit FNV hash.
const hashBase = 1099511628211

// hashOf is the polynomial hash of s with the base hashBase, modulo 2^64.
func hashOf(s string) uint64 {
	var h uint64
	for i := range len(s) {
		h = h*hashBase + uint64(s[i])
	}
	return h
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
