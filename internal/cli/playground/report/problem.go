// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import "fmt"

// String says what the problem is about and what it is, in one line.
func (p Problem) String() string { return p.line(1) }

// line is String for a problem that so many pods of the workload have.
func (p Problem) line(pods int) string {
	switch {
	case p.Pod == "":
		return fmt.Sprintf("%s %s/%s: %s (%s)", p.Workload.Kind, p.Namespace, p.Workload.Name, p.Message, p.Code)
	case pods > 1:
		return fmt.Sprintf("Pod %s/%s and %d more of %s %s: %s (%s)",
			p.Namespace, p.Pod, pods-1, p.Workload.Kind, p.Workload.Name, p.Message, p.Code)
	}
	return fmt.Sprintf("Pod %s/%s: %s (%s)", p.Namespace, p.Pod, p.Message, p.Code)
}

// Lines returns the problems as text, one line for all pods of a workload that
// have the same, in the order in which they were found.
func Lines(problems []Problem) []string {
	first := map[Problem]int{}
	var kept []Problem
	var pods []int
	for _, p := range problems {
		same := p
		same.Pod = ""
		if i, ok := first[same]; ok && p.Pod != "" {
			pods[i]++
			continue
		}
		first[same] = len(kept)
		kept, pods = append(kept, p), append(pods, 1)
	}
	var out []string
	for i, p := range kept {
		out = append(out, p.line(pods[i]))
	}
	return out
}
