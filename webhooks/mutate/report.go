// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

// Outcome is what became of a feature, for a whole pod or one container.
type Outcome string

const (
	// Done means that the pod is as the feature wants it. It may have been so before.
	Done Outcome = "done"
	// Skipped means that the feature left it alone, for the reason given.
	Skipped Outcome = "skipped"
	// Observed means that the feature would have changed the pod; its mode is Observe.
	Observed Outcome = "observed"
	// Failed means that the feature could not do its work and the pod was admitted without
	// it, as its onError says.
	Failed Outcome = "failed"
)

// Report is what a mutator tells of one pod.
type Report struct {
	// Pod is the result for the pod as a whole. Its Outcome is Done unless the
	// mutator says otherwise.
	Pod Result
	// Containers holds a result for each container that the feature looked at, by
	// container name.
	Containers map[string]Result
}

// Result is an outcome with its reason and numbers.
type Result struct {
	Outcome Outcome
	// Code is the reason; empty when there is nothing to say.
	Code Code
	// Detail completes the code's sentence, such as the flag that was found. It
	// may be empty. It must not hold more than a short excerpt of the pod.
	Detail string
	// Facts are the inputs and the numbers that came of them, by the Fact names.
	Facts map[string]string
}

// SetContainer adds the result for one container.
func (r *Report) SetContainer(name string, res Result) {
	if r.Containers == nil {
		r.Containers = map[string]Result{}
	}
	r.Containers[name] = res
}

// Fact names: the keys of Result.Facts and of the facts in the status
// annotation.
const (
	// FactOptions is the exact text that was merged into the channel. A later pass
	// finds its own work by it.
	FactOptions = "options"
	// FactChannel is the environment variable that took the options.
	FactChannel = "channel"
	// FactMemoryLimit is the memory limit that the JVM sees, of which its heap is a
	// percentage.
	FactMemoryLimit = "memoryLimit"
	// FactMemoryShare is the part of it that the heap was computed from, where the
	// limit of the pod makes containers share.
	FactMemoryShare = "memoryShare"
	// FactCPULimit is the CPU limit that the processors were computed from.
	FactCPULimit = "cpuLimit"
	// FactHeapPercent is the heap in percent of the memory limit.
	FactHeapPercent = "heapPercent"
	// FactHeap is the heap that the percentage comes to, as a quantity.
	FactHeap = "heap"
	// FactAgents lists the injected agents in their order, comma-separated.
	FactAgents = "agents"
	// FactDelivery is how the agents reach the container: ImageVolume or InitContainer.
	FactDelivery = "delivery"
	// FactEnv lists the environment variables that were set, each followed by the
	// fingerprint of its value, comma-separated. A later pass knows its own by it.
	FactEnv = "env"
	// FactTier is the name of the tier.
	FactTier = "tier"
	// FactPids is the resolved pid limit.
	FactPids = "pids"
	// FactToken is "removed" or "kept".
	FactToken = "token"
	// FactRule is the rule that decided, where several could.
	FactRule = "rule"
)
