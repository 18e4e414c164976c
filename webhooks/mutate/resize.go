// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// ResizeWarnings returns what the user should know who changes a pod's resources
// while it runs, a sentence each. A pod without a record has nothing that was set
// for its limits.
func (c *Chain) ResizeWarnings(req Request, before, after *corev1.Pod) []string {
	status, err := ParseStatus(after.Annotations[wellknown.StatusAnnotation])
	if err != nil || status == nil {
		return nil
	}
	var out []string
	anew := c.Run(req, after)
	for i, f := range anew.Features {
		adviser, ok := c.Links[i].Mutator.(ResizeAdviser)
		record, done := status.Features[f.Name]
		if !ok || !done || f.Err != nil {
			continue
		}
		for _, text := range adviser.ResizeWarnings(Resize{Before: before, After: after, Record: record, Anew: f.Report}) {
			out = append(out, "evenkeel "+f.Name+", "+text)
		}
	}
	return out
}
