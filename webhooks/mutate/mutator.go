// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"maps"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// Mutator is one feature. It reads the pod and the request, edits the pod
// through the Editor, and reports what it did per container and why.
//
// A Mutator is a pure function of its configuration, the request and the pod,
// and idempotent: on a pod that it has edited before, with the same inputs, it
// edits nothing. It never changes a value that the user wrote, save the one
// merge of JVM options. It may be called from many goroutines.
type Mutator interface {
	// Name is the feature's name: the key under features in the
	// AdmissionConfiguration, in the Status and in metrics.
	Name() string
	// Paths lists what Mutate may change, as JSON Pointers in the pod; "*" stands
	// for one token of any value. The Chain holds the mutator to it.
	Paths() []string
	// Mutate does the work. An error means that the pod asks for something that
	// cannot be done, such as a tier that is not configured: it is one sentence for
	// the user that names the annotation or field and the remedy. The edits of a
	// mutator that returns an error are thrown away.
	Mutate(req *Request, pod *podspec.Editor) (*Report, error)
}

// Fallback is implemented by a mutator whose absence would let a user out of a
// limit. It says what a pod gets that is admitted although Mutate returned an
// error: what it would have got, had the user asked for nothing.
type Fallback interface {
	Fallback(req *Request, pod *podspec.Editor) (*Report, error)
}

// Request is what a mutator may know besides the pod. Mutators change nothing in
// it but what they note for those after them.
type Request struct {
	// Namespace of the pod; the pod itself has none yet when it is created from a
	// template.
	Namespace string
	// NamespaceLabels are the labels of that namespace.
	NamespaceLabels map[string]string
	// Workload is what the pod is a replica of.
	Workload Workload
	// ServerVersion is the Kubernetes version of the API server, or nil when it is
	// not known.
	ServerVersion *version.Version

	previous     *Status
	reservations map[string][]Reservation
	merged       map[mergeKey][]string
}

// Reservation is memory of a container's limit that an earlier mutator has put
// to use outside the Java heap.
type Reservation struct {
	// What the memory is for, such as "agent uav".
	What string
	// Bytes reserved.
	Bytes int64
}

// Reserve notes that bytes of the container's memory limit are spoken for.
// Mutators that run later in the chain see it.
func (r *Request) Reserve(container string, res Reservation) {
	if r.reservations == nil {
		r.reservations = map[string][]Reservation{}
	}
	r.reservations[container] = append(r.reservations[container], res)
}

// Reservations returns what earlier mutators reserved of a container's memory
// limit, in order.
func (r *Request) Reservations(container string) []Reservation {
	return r.reservations[container]
}

// Previous returns what the feature recorded on this pod in an earlier pass, and
// whether it did. The record is the pod's own, so a copy of a live pod has one
// too. Callers must only read it.
func (r *Request) Previous(feature string) (FeatureStatus, bool) {
	if r.previous == nil {
		return FeatureStatus{}, false
	}
	f, ok := r.previous.Features[feature]
	return f, ok
}

// trial returns a copy that a mutator whose edits may be thrown away can
// reserve in.
func (r *Request) trial() *Request {
	c := *r
	c.reservations = maps.Clone(r.reservations)
	c.merged = maps.Clone(r.merged)
	return &c
}

// Workload is the object that a person created and the pod is a replica of.
type Workload struct {
	// Kind such as Deployment, StatefulSet or Job; empty for a bare pod.
	Kind string
	// Name of the object; of a bare pod, its own name or name prefix.
	Name string
}

// WorkloadOf returns the workload of a pod by its controlling owner reference.
// Two kinds of owner are made by another object, which the pod does not name but
// the owner's name tells:
//
//   - A ReplicaSet whose name ends in the pod's template hash stands for the
//     Deployment that made it.
//   - A Job whose name ends in the minutes since 1970 stands for the CronJob that
//     made it (pkg/controller/cronjob, getJobName).
func WorkloadOf(pod *corev1.Pod) Workload {
	for _, o := range pod.OwnerReferences {
		if o.Controller == nil || !*o.Controller {
			continue
		}
		if hash := pod.Labels["pod-template-hash"]; o.Kind == "ReplicaSet" && hash != "" {
			if name, ok := strings.CutSuffix(o.Name, "-"+hash); ok {
				return Workload{Kind: "Deployment", Name: name}
			}
		}
		if name, ok := cronJobOf(o.Name); ok && o.Kind == "Job" {
			return Workload{Kind: "CronJob", Name: name}
		}
		return Workload{Kind: o.Kind, Name: o.Name}
	}
	if pod.Name != "" {
		return Workload{Name: pod.Name}
	}
	return Workload{Name: pod.GenerateName}
}

// cronJobOf returns the name of the CronJob that made a Job of this name, if one
// did. Minutes are told from dates such as 20261123, which people put there:
// those of 2015 and later are above all dates.
func cronJobOf(job string) (string, bool) {
	i := strings.LastIndexByte(job, '-')
	if i <= 0 {
		return "", false
	}
	const in2015 = 24_000_000
	minutes, err := strconv.ParseUint(job[i+1:], 10, 32)
	return job[:i], err == nil && minutes >= in2015 && len(job)-i-1 == len("24000000")
}

// ResizeAdviser is a Mutator that has something to say when the limits of a pod
// change while it runs. Nothing can be changed for it any more.
type ResizeAdviser interface {
	// ResizeWarnings returns what the user should know, a sentence each that begins
	// with what it is about.
	ResizeWarnings(r Resize) []string
}

// Resize is a change of a pod's resources while it runs.
type Resize struct {
	// Before and After are the pod. Callers must only read them.
	Before, After *corev1.Pod
	// Record is what the feature left on the pod when it was created.
	Record FeatureStatus
	// Anew is what the feature would report of a pod that is created like After.
	Anew *Report
}
