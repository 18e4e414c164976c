// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// CommandUse is what the command of a container does with an environment variable
// that carries JVM options.
type CommandUse int

const (
	// CommandIgnores means that it does not name the variable.
	CommandIgnores CommandUse = iota
	// CommandRepeats means that it passes the variable to a JVM which reads it by
	// itself too, so that each option comes twice. HotSpot does not mind, but starts
	// an agent as often as it is named.
	CommandRepeats
	// CommandJoins means that a kubelet puts the variable into one word of the
	// command, as $(NAME), where a JVM takes several options for one of a strange
	// name and does not start.
	CommandJoins
)

// UseInCommand returns what a container's command and arguments do with the
// variable. Text with white space is taken for a shell's, which takes the value
// apart.
func UseInCommand(c *corev1.Container, channel string) CommandUse {
	use := CommandIgnores
	for _, text := range slices.Concat(c.Command, c.Args) {
		if !strings.Contains(text, channel) {
			continue
		}
		byKubelet := refersTo(text, channel)
		switch {
		case byKubelet && !strings.ContainsAny(text, " \t\n"):
			return CommandJoins
		case readByJVM(channel) && repeats(text, channel):
			use = CommandRepeats
		}
	}
	return use
}

// readByJVM reports whether a JVM, or its launcher, reads the variable.
func readByJVM(channel string) bool {
	return channel == wellknown.JavaToolOptions || channel == wellknown.JDKJavaOptions
}

// repeats reports whether a script uses the variable for something else than for
// its own new value.
func repeats(script, channel string) bool {
	script = assignments[channel].ReplaceAllString(script, " ")
	return refersTo(script, channel) || shellRefersTo(script, channel)
}

// assignments are what gives a variable a new value in a script, such as
// export NAME="$NAME -Dx".
var assignments = map[string]*regexp.Regexp{
	wellknown.JavaToolOptions: assignment(wellknown.JavaToolOptions),
	wellknown.JDKJavaOptions:  assignment(wellknown.JDKJavaOptions),
}

func assignment(name string) *regexp.Regexp {
	return regexp.MustCompile(`\b` + name + `\+?=(?:"[^"]*"|'[^']*'|[^\s;&|"'])*`)
}

var shellReference = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// shellRefersTo reports whether a shell would put the variable into the text.
func shellRefersTo(text, name string) bool {
	for _, found := range shellReference.FindAllStringSubmatch(text, -1) {
		if found[1] == name {
			return true
		}
	}
	return false
}
