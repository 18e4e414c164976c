// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

// APIVersion and Kind mark the document. A change that could break a reader of
// the document changes the APIVersion.
const (
	APIVersion = "playground.evenkeel.io/v1alpha1"
	Kind       = "PlaygroundReport"
)

// Document holds everything that the playground found out. What the fields mean
// is said in schema.json, from which docs/playground.md has it.
type Document struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Evenkeel   Software   `json:"evenkeel"`
	DataCentre DataCentre `json:"dataCentre"`
	OK         bool       `json:"ok"`
	Problems   []Problem  `json:"problems"`
	Warnings   []Warning  `json:"warnings"`
	Workloads  []Workload `json:"workloads"`
	Pods       []Pod      `json:"pods"`
}

// Software is what ran.
type Software struct {
	Version           string `json:"version"`
	KubernetesVersion string `json:"kubernetesVersion"`
	ConfigHash        string `json:"configHash"`
}

// DataCentre is the number of domains at each level that take pods.
type DataCentre struct {
	Zones int `json:"zones"`
	Racks int `json:"racks"`
	Hosts int `json:"hosts"`
	Nodes int `json:"nodes"`
}

// WorkloadRef names what a pod is a replica of. A pod without an owner is its
// own workload, of kind Pod.
type WorkloadRef struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// Workload is an object whose replicas are pods.
type Workload struct {
	Namespace string `json:"namespace"`
	WorkloadRef
	Replicas Replicas `json:"replicas"`
	Spread   Spreads  `json:"spread"`
}

// Replicas counts the pods of a workload.
type Replicas struct {
	Wanted int `json:"wanted"`
	Placed int `json:"placed"`
	Ready  int `json:"ready"`
}

// Spreads holds the spread of a workload at each level.
type Spreads struct {
	Zone Spread `json:"zone"`
	Rack Spread `json:"rack"`
	Host Spread `json:"host"`
}

// Spread is how a workload's replicas lie over the domains of one level: see
// placement.Spread.
type Spread struct {
	Worst       int    `json:"worst"`
	WorstDomain string `json:"worstDomain"`
	Ideal       int    `json:"ideal"`
	Used        int    `json:"used"`
}

// Pod is one pod as it is stored.
type Pod struct {
	Namespace  string      `json:"namespace"`
	Name       string      `json:"name"`
	Workload   WorkloadRef `json:"workload"`
	Phase      string      `json:"phase"`
	Ready      bool        `json:"ready"`
	Node       string      `json:"node"`
	Zone       string      `json:"zone"`
	Rack       string      `json:"rack"`
	Host       string      `json:"host"`
	Admission  Admission   `json:"admission"`
	Token      Token       `json:"token"`
	Containers []Container `json:"containers"`
}

// Admission is what Evenkeel's webhook says that it did to the pod.
type Admission struct {
	Selected bool      `json:"selected"`
	Reason   string    `json:"reason"`
	Features []Feature `json:"features"`
}

// Feature is the outcome of one feature for the pod and each container.
type Feature struct {
	Name       string   `json:"name"`
	Outcome    string   `json:"outcome"`
	Reason     string   `json:"reason"`
	Containers []Result `json:"containers"`
}

// Result is the outcome of one feature for one container.
type Result struct {
	Container string `json:"container"`
	Outcome   string `json:"outcome"`
	Reason    string `json:"reason"`
}

// Token is the pod's token for the Kubernetes API.
type Token struct {
	Mounted bool   `json:"mounted"`
	Volume  string `json:"volume"`
	Rule    string `json:"rule"`
}

// Container is a container of the pod that the user declared.
type Container struct {
	Name       string      `json:"name"`
	Type       string      `json:"type"`
	HeapFlags  []Flag      `json:"heapFlags"`
	JavaAgents []JavaAgent `json:"javaAgents"`
	Pids       Pids        `json:"pids"`
}

// Flag is an option of the JVM and where it comes from.
type Flag struct {
	Flag string `json:"flag"`
	From string `json:"from"`
}

// JavaAgent is a -javaagent option of the JVM.
type JavaAgent struct {
	Name string `json:"name"`
	Jar  string `json:"jar"`
	From string `json:"from"`
}

// Pids is the container's limit on processes and threads.
type Pids struct {
	Tier  string `json:"tier"`
	Limit int64  `json:"limit"`
}

// Problem is something that is not as it should be.
type Problem struct {
	Code      ProblemCode `json:"code"`
	Namespace string      `json:"namespace"`
	Workload  WorkloadRef `json:"workload"`
	Pod       string      `json:"pod"`
	Message   string      `json:"message"`
}

// Warning is what the author of a pod can mend: a feature that was skipped, or that
// could not do all of its work.
type Warning struct {
	Namespace string      `json:"namespace"`
	Workload  WorkloadRef `json:"workload"`
	Pods      int         `json:"pods"`
	Feature   string      `json:"feature"`
	Container string      `json:"container"`
	Outcome   string      `json:"outcome"`
	Reason    string      `json:"reason"`
	Message   string      `json:"message"`
}

// ProblemCode is the kind of a problem.
type ProblemCode string

const (
	// PodPending says that no node was found for the pod.
	PodPending ProblemCode = "PodPending"
	// PodNotReady says that the pod has a node and does not run, or runs and is not ready.
	PodNotReady ProblemCode = "PodNotReady"
	// PodFailed says that the pod or its workload has failed.
	PodFailed ProblemCode = "PodFailed"
	// PodCount says that the workload has fewer pods than it wants, or old ones still.
	PodCount ProblemCode = "PodCount"
	// RecordMissing says that admission should have treated the pod and left no record.
	RecordMissing ProblemCode = "RecordMissing"
	// FeatureFailed says that a feature failed, by the record.
	FeatureFailed ProblemCode = "FeatureFailed"
	// ChangePending says that admission, run again over the stored pod, would change it.
	ChangePending ProblemCode = "ChangePending"
	// AgentMissing says that the record names an agent that no JVM option loads.
	AgentMissing ProblemCode = "AgentMissing"
)
