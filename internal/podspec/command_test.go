// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

func TestUseInCommand(t *testing.T) {
	for name, tc := range map[string]struct {
		command, args []string
		channel       string
		want          podspec.CommandUse
	}{
		"none":                        {command: []string{"java", "-jar", "a.jar"}, channel: "JAVA_TOOL_OPTIONS"},
		"a word":                      {command: []string{"java", "$(JAVA_TOOL_OPTIONS)", "-jar"}, channel: "JAVA_TOOL_OPTIONS", want: podspec.CommandJoins},
		"part of a word":              {args: []string{"-Dx=$(JAVA_OPTS)"}, channel: "JAVA_OPTS", want: podspec.CommandJoins},
		"escaped":                     {args: []string{"$$(JAVA_TOOL_OPTIONS)"}, channel: "JAVA_TOOL_OPTIONS"},
		"another variable":            {args: []string{"$(JAVA_TOOL_OPTIONS_2)"}, channel: "JAVA_TOOL_OPTIONS"},
		"a script, by the kubelet":    {args: []string{"exec java $(JAVA_TOOL_OPTIONS) -jar a.jar"}, channel: "JAVA_TOOL_OPTIONS", want: podspec.CommandRepeats},
		"a script, by the shell":      {args: []string{"exec java $JAVA_TOOL_OPTIONS -jar a.jar"}, channel: "JAVA_TOOL_OPTIONS", want: podspec.CommandRepeats},
		"a script, with a default":    {args: []string{"exec java ${JDK_JAVA_OPTIONS:-} -jar a.jar"}, channel: "JDK_JAVA_OPTIONS", want: podspec.CommandRepeats},
		"a longer name in a script":   {args: []string{"exec java $JAVA_TOOL_OPTIONS2 -jar a.jar"}, channel: "JAVA_TOOL_OPTIONS"},
		"the only way to the JVM":     {args: []string{"exec java $JAVA_OPTS -jar a.jar"}, channel: "JAVA_OPTS"},
		"the same, by the kubelet":    {args: []string{"exec java $(JAVA_OPTS) -jar a.jar"}, channel: "JAVA_OPTS"},
		"handed on by the shell":      {args: []string{`export JAVA_TOOL_OPTIONS="$JAVA_TOOL_OPTIONS -Dx=1 -Dy"; exec java -jar a.jar`}, channel: "JAVA_TOOL_OPTIONS"},
		"handed on by the kubelet":    {args: []string{`JAVA_TOOL_OPTIONS='-Dx '$(JAVA_TOOL_OPTIONS) exec java -jar a.jar`}, channel: "JAVA_TOOL_OPTIONS"},
		"handed on and repeated":      {args: []string{`JAVA_TOOL_OPTIONS="$JAVA_TOOL_OPTIONS -Dx"; java $JAVA_TOOL_OPTIONS -jar a.jar`}, channel: "JAVA_TOOL_OPTIONS", want: podspec.CommandRepeats},
		"handed on to another":        {args: []string{`export MY_JAVA_TOOL_OPTIONS="$JAVA_TOOL_OPTIONS -Dx"; ./start`}, channel: "JAVA_TOOL_OPTIONS", want: podspec.CommandRepeats},
		"the worst of several counts": {args: []string{"$(JAVA_TOOL_OPTIONS)", "echo $JAVA_TOOL_OPTIONS"}, channel: "JAVA_TOOL_OPTIONS", want: podspec.CommandJoins},
	} {
		t.Run(name, func(t *testing.T) {
			if got := podspec.UseInCommand(&corev1.Container{Command: tc.command, Args: tc.args}, tc.channel); got != tc.want {
				t.Errorf("UseInCommand is %d; want %d", got, tc.want)
			}
		})
	}
}
