// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnknownOptionsAreHarmless holds what IgnoreUnrecognizedVMOptions does: one
// set of options serves every release.
func TestUnknownOptionsAreHarmless(t *testing.T) {
	const ignore = "-XX:+IgnoreUnrecognizedVMOptions"
	of := func(env string, options_ ...string) process {
		return process{env: options(env), args: show(options_...)}
	}
	checkStatements(t, map[string]statement{
		"without it an unknown option ends the JVM": {process: of("-XX:+NoSuchFlag"), wantExit: 1,
			wantOutput: []string{"Unrecognized VM option 'NoSuchFlag'"}},
		"before the unknown option":   {since: 9, process: of(ignore + " -XX:+NoSuchFlag -XX:NoSuchValue=1")},
		"after it":                    {since: 9, process: of("-XX:+NoSuchFlag -XX:NoSuchValue=1 " + ignore)},
		"for one on the command line": {since: 9, process: of(ignore, "-XX:+NoSuchFlag")},
		"for an option of -X":         {since: 9, process: of(ignore + " -Xnosuch")},
		"for an option of two dashes": {since: 9, process: of(ignore + " --no-such=value")},
		"for one that a later release took away": {since: 9,
			process: of(ignore + " -XX:+UseCGroupMemoryLimitForHeap -XX:MaxPermSize=64m")},
		// So a JDK 8 that lacks a flag which is injected, as those before 8u191 lack
		// MaxRAMPercentage, does not start.
		"JDK 8 looks for it on the command line alone": {until: 8, process: of(ignore + " -XX:+NoSuchFlag"), wantExit: 1,
			wantOutput: []string{"Unrecognized VM option 'NoSuchFlag'"}},
		"where it serves the variable too": {until: 8, process: of("-XX:+NoSuchFlag", ignore)},
		"not for a wrong value": {process: of(ignore + " -XX:MaxRAMPercentage=much"), wantExit: 1,
			wantOutput: []string{"Improperly specified VM option 'MaxRAMPercentage=much'"}},
		"not for a wrong size": {process: of(ignore + " -Xmx384Mi"), wantExit: 1,
			wantOutput: []string{"Invalid maximum heap size"}},
	})
}

// TestVariableIsParsedAsMeasured holds how HotSpot splits JAVA_TOOL_OPTIONS.
func TestVariableIsParsedAsMeasured(t *testing.T) {
	of := func(value string) process { return process{env: options(value), args: show()} }
	file := filepath.Join(t.TempDir(), "options")
	if err := os.WriteFile(file, []byte("-Dfrom.file=yes\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	long := "-Dlong=" + strings.Repeat("x", 110_000) + " -Dafter=yes"
	var many strings.Builder
	for range 64 {
		many.WriteString("-Da=b ")
	}
	checkStatements(t, map[string]statement{
		"space, tab and newline separate": {process: of("-Da.a=1 \t-Db.b=2\n-Dc.c=3"),
			wantOutput: []string{"a.a = 1\n", "b.b = 2\n", "c.c = 3\n"}},
		"quotes of both kinds group": {process: of(`-Da.a='x y' "-Db.b=u v" -Dc.c=p" 'q"`),
			wantOutput: []string{"a.a = x y\n", "b.b = u v\n", "c.c = p 'q\n"}},
		"a backslash is no escape": {process: of(`-Da.a=\"x`), wantExit: 1, wantOutput: []string{"Unmatched quote in JAVA_TOOL_OPTIONS"}},
		"nor hides a space":        {process: of(`-Da.a=x\ -Db.b=2`), wantOutput: []string{`a.a = x\`, "b.b = 2\n"}},
		"an open quote ends the JVM": {process: of("-Da.a='x"), wantExit: 1,
			wantOutput: []string{"Unmatched quote in JAVA_TOOL_OPTIONS"}},
		"an open reference of a kubelet's ends the JVM": {process: of("$(JAVA_TOOL_OPTIONS) -Da.a=1"), wantExit: 1,
			wantOutput: []string{"Unrecognized option: $(JAVA_TOOL_OPTIONS)"}},
		"a module option in one word": {since: 9, process: of("--add-opens=java.base/java.lang=ALL-UNNAMED")},
		"in two words it ends the JVM": {since: 9, process: of("--add-opens java.base/java.lang=ALL-UNNAMED"), wantExit: 1,
			wantOutput: []string{"Unrecognized option: --add-opens"}},
		"a class path is refused": {process: of("-cp /x"), wantExit: 1, wantOutput: []string{"Unrecognized option: -cp"}},
		"a jar is refused":        {process: of("-jar x.jar"), wantExit: 1, wantOutput: []string{"Unrecognized option: -jar"}},
		"a file of options is read": {since: 9, process: of("-XX:VMOptionsFile=" + file),
			wantOutput: []string{"from.file = yes\n"}},
		"a missing one ends the JVM": {since: 9, process: of("-XX:VMOptionsFile=/no/such/file"), wantExit: 1,
			wantOutput: []string{"Could not open options file '/no/such/file'"}},
		"110,000 bytes are read": {since: 9, process: of(long), wantOutput: []string{"after = yes\n"}},
		"JDK 8 reads 1023 bytes": {until: 8, process: of("-Dlong=" + strings.Repeat("x", 1023-len("-Dlong= -Dafter=yes")) + " -Dafter=yes"),
			wantOutput: []string{"after = yes\n"}},
		"and ignores all of 1024": {until: 8, process: of("-Dlong=" + strings.Repeat("x", 1024-len("-Dlong= -Dafter=yes")) + " -Dafter=yes"),
			notOutput: "after = yes\n"},
		"JDK 8 reads 64 options": {until: 8, process: of(many.String()[:63*len("-Da=b ")] + "-Dlast=yes"),
			wantOutput: []string{"last = yes\n"}},
		"and none after them": {until: 8, process: of(many.String() + "-Dlast=yes"), notOutput: "last = yes\n"},
	})
}

// TestChannelsHaveAnOrder holds who reads which variable and which one counts.
func TestChannelsHaveAnOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "arguments")
	if err := os.WriteFile(file, []byte("-Dfrom.file=yes"), 0o644); err != nil {
		t.Fatal(err)
	}
	heap := func(n int64) map[string]string { return map[string]string{"MaxHeapSize": bytes(n * mebi)} }
	const noted = "Picked up JAVA_TOOL_OPTIONS: -Da.a=1"
	missing := options("-javaagent:/no/such/agent.jar")
	statements := map[string]statement{
		"JAVA_TOOL_OPTIONS is told on stderr": {process: process{env: options("-Da.a=1"), args: []string{"-version"}}, wantOutput: []string{noted}},
		"JDK_JAVA_OPTIONS beats it": {since: 9, process: process{args: show(),
			env: map[string]string{"JAVA_TOOL_OPTIONS": "-Xmx100m", "JDK_JAVA_OPTIONS": "-Xmx200m"}}, wantFlags: heap(200)},
		"JDK 8 is blind to it": {until: 8, process: process{args: show(),
			env: map[string]string{"JAVA_TOOL_OPTIONS": "-Xmx100m", "JDK_JAVA_OPTIONS": "-Xmx200m"}}, wantFlags: heap(100)},
		"the command line beats both": {process: process{args: show("-Xmx300m"),
			env: map[string]string{"JAVA_TOOL_OPTIONS": "-Xmx100m", "JDK_JAVA_OPTIONS": "-Xmx200m"}}, wantFlags: heap(300)},
		"_JAVA_OPTIONS beats the command line": {process: process{args: show("-Xmx300m"),
			env: map[string]string{"JAVA_TOOL_OPTIONS": "-Xmx100m", "_JAVA_OPTIONS": "-Xmx400m"}}, wantFlags: heap(400)},
		"JDK_JAVA_OPTIONS takes a file": {since: 9, process: process{args: show(),
			env: map[string]string{"JDK_JAVA_OPTIONS": "@" + file}}, wantOutput: []string{"from.file = yes\n"}},
		"keytool takes no JDK_JAVA_OPTIONS": {process: process{tool: "keytool", args: []string{"-help"},
			env: map[string]string{"JDK_JAVA_OPTIONS": "-Xnosuch"}}, notOutput: "nosuch"},
		"jcmd takes none": {process: process{tool: "jcmd", args: []string{"-h"},
			env: map[string]string{"JDK_JAVA_OPTIONS": "-Xnosuch"}}, notOutput: "nosuch"},
		"without its agent no java starts": {process: process{env: missing, args: []string{"-version"}}, wantExit: 1,
			wantOutput: []string{"Error opening zip file or JAR manifest missing : /no/such/agent.jar"}},
		"nor a keytool": {process: process{tool: "keytool", env: missing, args: []string{"-help"}}, wantExit: 1,
			wantOutput: []string{"Error opening zip file or JAR manifest missing : /no/such/agent.jar"}},
	}
	for tool, arg := range map[string]string{"keytool": "-help", "jcmd": "-h", "jps": "-q", "javac": "-version"} {
		statements[tool+" reads JAVA_TOOL_OPTIONS"] = statement{
			process: process{tool: tool, env: options("-Da.a=1"), args: []string{arg}}, wantOutput: []string{noted}}
	}
	checkStatements(t, statements)
}
