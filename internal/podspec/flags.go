// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"fmt"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// Flag is a word that looks like an option of a JVM.
type Flag struct {
	// Text of the option, such as "-Xmx512m".
	Text string
	// Where it was found, such as "env JAVA_OPTS" or "command".
	Where string
}

// String returns the flag and its place, cut to what fits a sentence.
func (f Flag) String() string {
	return cut(f.Text) + " in " + cut(f.Where)
}

// maxShown is how many bytes of a flag or a variable's name go into a sentence.
const maxShown = 60

// cut bounds what a user wrote and makes it printable.
func cut(s string) string {
	if len(s) > maxShown {
		s = s[:maxShown] + "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// JVMFlags returns the JVM options that can be seen in a container: in the
// literal values of its environment variables, whatever their names, and in its
// command and arguments, shell scripts in them included.
//
// Every variable is looked at because start scripts use names of their own
// (KAFKA_HEAP_OPTS, ES_JAVA_OPTS, CATALINA_OPTS): to take a word for an option
// that is none costs a container its defaults, to miss one may cost a user his
// setting.
//
// own takes out of a variable's value what the caller does not want to see. It
// may be nil.
func JVMFlags(c *corev1.Container, own func(name, value string) string) []Flag {
	var out []Flag
	for _, env := range c.Env {
		value := env.Value
		if own != nil {
			value = own(env.Name, value)
		}
		out = appendFlags(out, value, "env "+env.Name)
	}
	for _, word := range c.Command {
		out = appendFlags(out, word, "command")
	}
	for _, word := range c.Args {
		out = appendFlags(out, word, "args")
	}
	return out
}

// appendFlags adds the flags in text, which may be one option, a list of them
// or a shell script. A flag starts at the beginning of a word, also in quotes or
// after the "=" of an assignment.
func appendFlags(out []Flag, text, where string) []Flag {
	for i := 0; i < len(text); i++ {
		if isBoundary(text[i]) {
			continue
		}
		start := i
		for i < len(text) && !isBoundary(text[i]) {
			i++
		}
		word := text[start:i]
		if word[0] != '-' {
			// NAME=-Xmx1g, where the value has no quotes.
			_, word, _ = strings.Cut(word, "=")
		}
		if isJVMFlag(word) {
			out = append(out, Flag{Text: word, Where: where})
		}
	}
	return out
}

// isBoundary reports whether c separates words in a list of options or in a
// shell script.
func isBoundary(c byte) bool {
	return isSpace(c) || strings.IndexByte("'\"`;&|()\x00", c) >= 0
}

func isJVMFlag(word string) bool {
	for _, prefix := range []string{"-X", "-D", "-javaagent:", "-mx"} {
		if strings.HasPrefix(word, prefix) && len(word) > len(prefix) {
			return true
		}
	}
	return false
}

// XXName returns the name of a -XX option without its sign and value, or "".
func (f Flag) XXName() string {
	name, ok := strings.CutPrefix(f.Text, "-XX:")
	if !ok {
		return ""
	}
	if name != "" && (name[0] == '+' || name[0] == '-') {
		return name[1:]
	}
	name, _, _ = strings.Cut(name, "=")
	return name
}

// CountOptions returns how many options a JVM finds in the value of
// JAVA_TOOL_OPTIONS: words between white space, where ' and " group and there is
// no escape (measured on HotSpot 17 and 25).
func CountOptions(value string) int {
	count, inWord, quote := 0, false, byte(0)
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case isSpace(c):
			inWord = false
			continue
		case c == '\'' || c == '"':
			quote = c
		}
		if !inWord {
			count++
			inWord = true
		}
	}
	return count
}

// The bounds of JDK 8 and before: a longer variable is ignored as a whole, and
// of more options those after the last (HotSpot's arguments.cpp:
// OPTION_BUFFER_SIZE, of which one byte ends the string, and N_MAX_OPTIONS).
const (
	jdk8OptionBytes = 1023
	jdk8OptionCount = 64
)

// TooLongForJDK8 returns why a JVM of JDK 8 or before does not take this value
// of a channel, or takes it in part, or "". It knows no JDK_JAVA_OPTIONS at all.
func TooLongForJDK8(channel, value string) string {
	if channel != wellknown.JavaToolOptions {
		return ""
	}
	if len(value) > jdk8OptionBytes {
		return fmt.Sprintf("%d bytes", len(value))
	}
	if n := CountOptions(value); n > jdk8OptionCount {
		return fmt.Sprintf("%d options", n)
	}
	return ""
}
