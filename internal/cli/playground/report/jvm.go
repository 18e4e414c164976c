// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// heapFlags are the options that size the heap, as prefixes: those of HotSpot
// (src/hotspot/share/gc/shared/gc_globals.hpp) and the short forms.
var heapFlags = []string{
	"-Xmx", "-Xms", "-Xmn", "-mx",
	"-XX:MaxHeapSize=", "-XX:InitialHeapSize=", "-XX:MinHeapSize=", "-XX:SoftMaxHeapSize=",
	"-XX:MaxRAMPercentage=", "-XX:MinRAMPercentage=", "-XX:InitialRAMPercentage=",
	"-XX:MaxRAMFraction=", "-XX:MinRAMFraction=", "-XX:InitialRAMFraction=", "-XX:MaxRAM=",
}

const agentFlag = "-javaagent:"

// options returns the JVM options of a container, as far as the pod shows them:
// what the image brings, and valueFrom and envFrom, is not in it.
func options(c *corev1.Container) []Flag {
	effective := &corev1.Container{Command: c.Command, Args: c.Args}
	for i, env := range c.Env {
		// Of several entries of one name the last one counts.
		if !slices.ContainsFunc(c.Env[i+1:], func(later corev1.EnvVar) bool { return later.Name == env.Name }) {
			effective.Env = append(effective.Env, env)
		}
	}
	var out []Flag
	for _, f := range podspec.JVMFlags(effective, nil) {
		out = append(out, Flag{Flag: f.Text, From: strings.TrimPrefix(f.Where, "env ")})
	}
	return out
}

// heap returns the options that size the heap.
func heap(opts []Flag) []Flag {
	out := []Flag{}
	for _, o := range opts {
		if slices.ContainsFunc(heapFlags, func(prefix string) bool { return strings.HasPrefix(o.Flag, prefix) }) {
			out = append(out, o)
		}
	}
	return out
}

// javaAgents returns the agents that the options load. Those that Evenkeel
// injected have the name that the record gives them, others the name of the jar.
func javaAgents(c *corev1.Container, opts []Flag, record mutate.ContainerStatus) []JavaAgent {
	names := recordedAgents(record)
	injected := map[string]string{}
	merged, _ := record.Options(c)
	for _, word := range strings.Fields(merged) {
		if jar, ok := jarOf(word); ok && len(injected) < len(names) {
			injected[jar] = names[len(injected)]
		}
	}
	out := []JavaAgent{}
	for _, o := range opts {
		jar, ok := jarOf(o.Flag)
		if !ok {
			continue
		}
		name, ok := injected[jar]
		if !ok {
			name = strings.TrimSuffix(path.Base(jar), ".jar")
		}
		out = append(out, JavaAgent{Name: name, Jar: jar, From: o.From})
	}
	return out
}

// jarOf returns the jar that a -javaagent option names.
func jarOf(word string) (string, bool) {
	jar, ok := strings.CutPrefix(word, agentFlag)
	jar, _, _ = strings.Cut(jar, "=")
	return jar, ok
}

// recordedAgents returns the names of the agents that the record says were injected.
func recordedAgents(record mutate.ContainerStatus) []string {
	if record.Outcome != mutate.Done {
		return nil
	}
	return strings.FieldsFunc(record.Facts[mutate.FactAgents], func(r rune) bool { return r == ',' || r == ' ' })
}
