// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import "github.com/evenkeel/evenkeel/webhooks/mutate"

// Document is what -o json and -o yaml write. docs/explain.md describes it.
type Document struct {
	// Configuration of admission that was gone by.
	Configuration Configuration `json:"configuration"`
	// Kubernetes is the version of the API server, such as 1.37; empty where it is
	// not known.
	Kubernetes string `json:"kubernetes,omitempty"`
	// Assumptions say in one line what stands in for a cluster, where there is none.
	Assumptions string `json:"assumptions,omitempty"`
	// Pods in the order of the input.
	Pods []*Pod `json:"pods"`
}

// Configuration names an AdmissionConfiguration.
type Configuration struct {
	// Name is the file, or what else to call it.
	Name string `json:"name"`
	// Hash is the one of the status annotation.
	Hash string `json:"hash"`
}

// Pod is a pod, or the pod template of a workload.
type Pod struct {
	// Source is the file and the document, or the API server.
	Source string `json:"source"`
	// Object is the kind, namespace and name.
	Object string `json:"object"`
	// Namespace of the pod, and its labels where they are known.
	Namespace       string            `json:"namespace,omitempty"`
	NamespaceLabels map[string]string `json:"namespaceLabels,omitempty"`
	// Limits of the pod as a whole.
	Limits map[string]string `json:"limits,omitempty"`
	// Record is the one that the webhook left on a live pod; nil where there is
	// none.
	Record *Record `json:"record,omitempty"`
	// Note says why there is nothing to explain.
	Note string `json:"note,omitempty"`

	// Explanation of what is done to the pod; of a live pod, of what was done.
	Explanation `json:",inline"`

	// Unknown lists what was not known, and what depends on it.
	Unknown []string `json:"unknown,omitempty"`
	// Now is what would be done to a live pod today; nil where nobody knows.
	Now *Now `json:"now,omitempty"`
}

// Record is the head of a record on a live pod.
type Record struct {
	// Version of Evenkeel that wrote it.
	Version string `json:"version"`
	// Config is the hash of the configuration that was in force.
	Config string `json:"config"`
	// Truncated says that details and facts were left out of it.
	Truncated bool `json:"truncated,omitempty"`
}

// Now is what this version of Evenkeel would do to a live pod under a
// configuration, if it were created as it is.
type Now struct {
	// Version of this Evenkeel.
	Version string `json:"version"`
	// Differences from the record; empty where there is none.
	Differences []Difference `json:"differences"`

	Explanation `json:",inline"`
}

// Difference is something that would come out otherwise.
type Difference struct {
	// Container, or empty for the pod as a whole.
	Container string `json:"container,omitempty"`
	Feature   string `json:"feature"`
	// What differs: outcome, reasons, flags or the name of a fact.
	What string `json:"what"`
	// Recorded and Now are its values; empty where there was, or is, none.
	Recorded string `json:"recorded"`
	Now      string `json:"now"`
}

// Explanation is what admission does to a pod, and why.
type Explanation struct {
	// Selected says whether admission looks at the pod at all. Selection says why not,
	// or what else there is to say of that.
	Selected  bool    `json:"selected"`
	Selection *Reason `json:"selection,omitempty"`
	// Refused is why the pod would not be admitted.
	Refused string `json:"refused,omitempty"`
	// Features say what each does to the pod as a whole, in the order in which they
	// run.
	Features []Feature `json:"features,omitempty"`
	// Containers in the order of the pod, init containers first.
	Containers []Container `json:"containers,omitempty"`
}

// Container is a container with what each feature does to it.
type Container struct {
	Name string `json:"name"`
	// Role is "container", "init container" or "native sidecar".
	Role string `json:"role"`
	// Own says that the container is Evenkeel's.
	Own bool `json:"own,omitempty"`
	// Limits of the container as the pod has them, before any feature.
	Limits map[string]string `json:"limits,omitempty"`
	// Features that look at containers, in the order in which they run.
	Features []Feature `json:"features,omitempty"`
}

// Feature is what a feature does to a pod or a container.
type Feature struct {
	Name string `json:"name"`
	// Outcome is empty for a container that the feature has nothing for.
	Outcome mutate.Outcome `json:"outcome,omitempty"`
	// Reasons, the most important first.
	Reasons []Reason `json:"reasons,omitempty"`
	// Facts are the inputs and what came of them.
	Facts map[string]string `json:"facts,omitempty"`
	// Variable is the environment variable that Flags were put into.
	Variable string   `json:"variable,omitempty"`
	Flags    []string `json:"flags,omitempty"`
	// FlagsGone says that the flags of the record are no longer in the variable.
	FlagsGone bool `json:"flagsGone,omitempty"`
	// Environment lists the variables that were set.
	Environment []string `json:"environment,omitempty"`
	// Budget is how the memory limit is divided, where the feature sets a heap.
	Budget *Budget `json:"budget,omitempty"`
}

// Reason is a reason code with what it means.
type Reason struct {
	Code mutate.Code `json:"code"`
	// Subject is what the reason speaks of, such as an agent; empty for the whole.
	Subject string `json:"subject,omitempty"`
	// Sentence says what happened and, where the user can do something, what.
	Sentence string `json:"sentence"`
	// Detail completes the sentence.
	Detail string `json:"detail,omitempty"`
	// Warning says that the user can mend it.
	Warning bool `json:"warning,omitempty"`
}

// Budget is how a memory limit is divided.
type Budget struct {
	// Limit is the memory limit that the JVM sees, in bytes. The parts add up to it.
	Limit int64 `json:"limit"`
	// Profile whose numbers count; empty for the feature's own.
	Profile string `json:"profile,omitempty"`
	// Rule says what decided the heap.
	Rule  string `json:"rule"`
	Parts []Part `json:"parts"`
}

// Part is a part of a Budget.
type Part struct {
	Name string `json:"name"`
	// Bytes of the limit; negative where the parts need more than it has.
	Bytes int64 `json:"bytes"`
	// How the number comes about.
	How string `json:"how,omitempty"`
}
