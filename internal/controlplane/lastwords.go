// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// EndedError says that a process ended that was to stay.
type EndedError struct {
	// Process is its name.
	Process string
	// How it ended, such as "exit status 1".
	How string
	// LastWords are what it said last, on one line; empty when it said nothing.
	LastWords string
	// Log is the path of its log.
	Log string
}

// Error returns one line.
func (e *EndedError) Error() string {
	return fmt.Sprintf("%s ended unexpectedly (%s)%s; see %s", e.Process, e.How, after(e.LastWords), e.Log)
}

// after returns last words as a part of a message.
func after(words string) string {
	if words == "" {
		return ""
	}
	return ": " + words
}

// lastWords returns what a program said last before it ended: its last line with
// "error" in it or of klog's severity for one, or else its last line.
func lastWords(log string) string {
	data, err := os.ReadFile(log)
	if err != nil {
		return ""
	}
	words, isError := "", false
	for line := range strings.Lines(joinValues(string(data))) {
		line = strings.TrimSpace(line)
		text, severe := plain(line)
		severe = severe || strings.Contains(strings.ToLower(text), "error")
		if text != "" && (severe || !isError) {
			words, isError = text, severe
		}
	}
	if len(words) > maxLastWords {
		words = strings.ToValidUTF8(words[:maxLastWords], "") + "..."
	}
	return words
}

// maxLastWords bounds what of a log's line goes into an error message, in bytes. A
// sentence is whole; it is the dump of an object that is cut off.
const maxLastWords = 2000

var (
	klogHeader = regexp.MustCompile(`^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^ \]]+\] `)
	// longValue is klog's form of a value of several lines.
	longValue = regexp.MustCompile(`=<\n((?:\t.*\n)+) >`)
)

// joinValues puts klog's values of several lines on one.
func joinValues(log string) string {
	return longValue.ReplaceAllStringFunc(log, func(value string) string {
		text := longValue.FindStringSubmatch(value)[1]
		return "=" + strconv.Quote(strings.Join(strings.Fields(text), " "))
	})
}

// plain returns what a line of klog says, without its header and its quotes, and
// whether it is said to be an error. Of a structured line that is the message and
// the error. Other lines stay as they are.
func plain(line string) (text string, severe bool) {
	header := klogHeader.FindStringSubmatch(line)
	if header == nil {
		return line, false
	}
	severe = header[1] == "E" || header[1] == "F"
	text = strings.TrimPrefix(line, header[0])
	message, rest, ok := unquote(text)
	if !ok {
		return text, severe
	}
	_, rest, ok = strings.Cut(rest, " err=")
	if !ok {
		return text, severe
	}
	cause, _, ok := unquote(rest)
	switch {
	case !ok:
		return text, severe
	case message == commandFailed:
		return cause, severe
	}
	return message + ": " + cause, severe
}

// commandFailed is the message under which Kubernetes' programs log the error that
// they end with (k8s.io/component-base/cli).
const commandFailed = "command failed"

// unquote returns the quoted text at the beginning of a text, and what follows it.
func unquote(text string) (value, rest string, ok bool) {
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", text, false
	}
	value, err = strconv.Unquote(quoted)
	return value, text[len(quoted):], err == nil
}
