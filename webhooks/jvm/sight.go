// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// sight is what can be seen of a container's options, and what cannot.
type sight struct {
	// flags that the user set, as they stand and as a shell would leave them.
	flags []podspec.Flag
	// words of command and arguments, without quotes.
	words []string
	// file is an option file that the command names, which a JVM reads and nobody
	// here can, or "".
	file string
	// hidden is a place outside the pod from which options may come, or "".
	hidden string
}

// see looks at a container without what Evenkeel put there.
func see(req *mutate.Request, c *corev1.Container) sight {
	plain := &corev1.Container{Command: c.Command, Args: c.Args}
	for _, env := range c.Env {
		if env.ValueFrom == nil {
			env.Value = req.UserOptions(c, env.Name, env.Value)
			plain.Env = append(plain.Env, env)
		}
	}
	s := sight{flags: podspec.JVMFlags(plain, nil), hidden: hiddenSource(c)}
	s.flags = withShellView(s.flags, plain)
	for _, text := range slices.Concat(c.Command, c.Args) {
		s.words = append(s.words, strings.FieldsFunc(unquote.Replace(text), isShellBoundary)...)
	}
	for _, word := range s.words {
		if isOptionFile(word) {
			s.file = word
			break
		}
	}
	for _, f := range s.flags {
		if s.file == "" && (f.XXName() == "VMOptionsFile" || f.XXName() == "Flags" || strings.HasPrefix(f.Text, "-Xoptionsfile=")) {
			s.file = f.Text
		}
	}
	return s
}

// withShellView adds the flags that are only there once a shell, or a program
// that takes a list of options as one argument, has taken its text apart:
// -X"mx1g", ${OPTS:--Xmx1g}, --jvm-options=-Xmx1g, -J-Xmx1g, -Xms1g,-Xmx1g.
func withShellView(flags []podspec.Flag, c *corev1.Container) []podspec.Flag {
	view := &corev1.Container{Command: shellView(c.Command), Args: shellView(c.Args)}
	for _, env := range c.Env {
		if text := apart(env.Value); text != "" {
			view.Env = append(view.Env, corev1.EnvVar{Name: env.Name, Value: text})
		}
	}
	if len(view.Command)+len(view.Args)+len(view.Env) == 0 {
		return flags
	}
	seen := map[string]bool{}
	for _, f := range flags {
		seen[f.Text] = true
	}
	for _, f := range podspec.JVMFlags(view, nil) {
		if !seen[f.Text] {
			seen[f.Text] = true
			flags = append(flags, f)
		}
	}
	return flags
}

func shellView(texts []string) []string {
	var out []string
	for _, text := range texts {
		if text = apart(text); text != "" {
			out = append(out, text)
		}
	}
	return out
}

var (
	unquote = strings.NewReplacer(`"`, "", `'`, "", "\\\n", "", `\`, "")
	// expansion is the beginning of ${NAME:-default} and its like.
	expansion = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*:?[-=+]`)
	lists     = strings.NewReplacer("=-", "= -", ",-", ", -", "-J-", " -", "}", " ")
)

// apart takes a text apart as withShellView says, or returns "" where that would
// show nothing new.
func apart(text string) string {
	if !strings.ContainsAny(text, `"'\${,=J`) || !strings.Contains(text, "-") {
		return ""
	}
	return lists.Replace(expansion.ReplaceAllString(unquote.Replace(text), " "))
}

func isShellBoundary(r rune) bool { return strings.ContainsRune(" \t\n\r\v\f;&|()`", r) }

// isOptionFile reports whether a word is an argument file of the java launcher.
func isOptionFile(word string) bool {
	return len(word) > 1 && word[0] == '@' && word[1] != '@' && !strings.ContainsAny(word[1:], "@ ")
}

// optionsVariable is how variables are called that carry options.
var optionsVariable = regexp.MustCompile(`(OPTS|OPTIONS|ARGS|FLAGS|OPTS_APPEND|MEM|HEAP)$`)

// hiddenSource returns what kind of source of a container's environment may bring
// options and cannot be seen, or "". It is the same before and after Evenkeel's
// options are merged with those of that source.
func hiddenSource(c *corev1.Container) string {
	if len(c.EnvFrom) > 0 {
		return "envFrom"
	}
	for _, env := range c.Env {
		switch {
		case env.ValueFrom == nil, env.Name == wellknown.PodNameEnv, env.Name == wellknown.PodUIDEnv, env.Name == wellknown.MemoryLimitEnv:
		case optionsVariable.MatchString(env.Name), strings.HasPrefix(env.Name, wellknown.PrivateEnvPrefix):
			return "valueFrom"
		}
	}
	return ""
}
