// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardedinterpodaffinity

import (
	"testing"

	st "k8s.io/kubernetes/pkg/scheduler/testing"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardtest"
)

// TestRejectedPodIsScheduledWhenTheBlockerIsGone has a placed pod keep the incoming
// one from the only node by its anti-affinity.
func TestRejectedPodIsScheduledWhenTheBlockerIsGone(t *testing.T) {
	blocker := st.MakePod().Namespace("shop").Name("blocker").UID("blocker").Node("n").Obj()
	blocker.Spec.Affinity = requiredAntiAffinity(onHost(webTerm))
	guardtest.Blocked{
		Plugins: plugins(),
		Blocker: blocker,
		Message: "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules",
	}.IsScheduledWhenTheBlockerIsGone(t)
}
