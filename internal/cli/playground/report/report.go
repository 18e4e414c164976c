// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/placement"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// New returns the facts about a cluster. Workloads, pods, problems and warnings are
// sorted by namespace, kind and name. Software is what the caller says it is.
func New(c *Cluster, judge *Judge, software Software) *Document {
	topology := placement.NewTopology(c.Nodes)
	doc := &Document{
		APIVersion: APIVersion,
		Kind:       Kind,
		Evenkeel:   software,
		DataCentre: DataCentre{
			Zones: topology.Domains(placement.Zone),
			Racks: topology.Domains(placement.Rack),
			Hosts: topology.Domains(placement.Host),
			Nodes: topology.Nodes(),
		},
		Problems:  []Problem{},
		Warnings:  []Warning{},
		Workloads: []Workload{},
		Pods:      []Pod{},
	}
	doc.Evenkeel.ConfigHash = judge.config.Hash()
	labels := map[string]map[string]string{}
	for _, ns := range c.Namespaces {
		labels[ns.Name] = ns.Labels
	}
	list := c.workloads()
	slices.SortFunc(list, func(a, b *workload) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	for _, w := range list {
		slices.SortFunc(w.pods, func(a, b *corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
		doc.Workloads = append(doc.Workloads, workloadFacts(w, topology))
		for _, problem := range w.problems(c.Events) {
			doc.add(w, "", problem)
		}
		for _, pod := range w.pods {
			status, err := mutate.ParseStatus(pod.Annotations[wellknown.StatusAnnotation])
			facts := podFacts(pod, status, topology)
			selected, code, problems := judge.judge(pod, status, err, labels[pod.Namespace])
			facts.Admission.Selected, facts.Admission.Reason = selected, string(code)
			doc.Pods = append(doc.Pods, facts)
			doc.warn(w, status)
			for _, problem := range append(podProblems(w, pod), problems...) {
				doc.add(w, pod.Name, problem)
			}
		}
	}
	doc.OK = len(doc.Problems) == 0
	return doc
}

func (d *Document) add(w *workload, pod string, p Problem) {
	p.Namespace, p.Workload, p.Pod = w.namespace, w.WorkloadRef, pod
	d.Problems = append(d.Problems, p)
}

func workloadFacts(w *workload, topology *placement.Topology) Workload {
	out := Workload{Namespace: w.namespace, WorkloadRef: w.WorkloadRef, Replicas: Replicas{Wanted: w.wanted}}
	var nodes []string
	for _, pod := range w.pods {
		if pod.Spec.NodeName != "" {
			out.Replicas.Placed++
			nodes = append(nodes, pod.Spec.NodeName)
		}
		if ready(pod) {
			out.Replicas.Ready++
		}
	}
	spreads := topology.Spreads(nodes)
	spread := func(l placement.Level) Spread {
		s := spreads[l]
		return Spread{Worst: s.Worst, WorstDomain: s.WorstDomain, Ideal: s.Ideal, Used: s.Used}
	}
	out.Spread = Spreads{Zone: spread(placement.Zone), Rack: spread(placement.Rack), Host: spread(placement.Host)}
	return out
}

// problems returns what is wrong with the workload itself. Why it lacks pods is
// told by the last event about it.
func (w *workload) problems(events []corev1.Event) []Problem {
	if w.failed != "" {
		return []Problem{{Code: PodFailed, Message: "the workload has failed: " + w.failed}}
	}
	if w.observed && w.complete() {
		return nil
	}
	message := "its controller has not looked at it yet"
	if w.observed {
		message = fmt.Sprintf("has %d of %d pods", len(w.counted()), w.wanted)
	}
	var last *corev1.Event
	for i := range events {
		e := &events[i]
		if e.Type != corev1.EventTypeWarning || !slices.Contains(w.uids, e.InvolvedObject.UID) {
			continue
		}
		if last == nil || !e.LastTimestamp.Before(&last.LastTimestamp) {
			last = e
		}
	}
	if last != nil {
		message += ": " + last.Message
	}
	return []Problem{{Code: PodCount, Message: message}}
}

// podProblems returns what keeps the pod from running.
func podProblems(w *workload, pod *corev1.Pod) []Problem {
	if settled(pod) {
		return nil
	}
	switch {
	case pod.DeletionTimestamp != nil:
		return []Problem{{Code: PodNotReady, Message: "the pod is being deleted"}}
	case pod.Status.Phase == corev1.PodFailed:
		if w.Kind == "Job" {
			return nil
		}
		return []Problem{{Code: PodFailed, Message: "the pod has failed" + because(pod.Status.Reason, pod.Status.Message)}}
	case pod.Spec.NodeName == "":
		scheduled := condition(pod, corev1.PodScheduled)
		if scheduled.Reason == "" && scheduled.Message == "" {
			return []Problem{{Code: PodPending, Message: "no scheduler has looked at the pod; its schedulerName is " + pod.Spec.SchedulerName}}
		}
		return []Problem{{Code: PodPending, Message: "no node" + because(scheduled.Reason, scheduled.Message)}}
	}
	r := condition(pod, corev1.PodReady)
	return []Problem{{Code: PodNotReady, Message: "on node " + pod.Spec.NodeName + " in phase " + string(pod.Status.Phase) + because(r.Reason, r.Message)}}
}

// because joins what an API object says of a reason.
func because(reason, message string) string {
	switch {
	case reason == "" && message == "":
		return ""
	case message == "":
		return ": " + reason
	case reason == "":
		return ": " + message
	}
	return ": " + reason + ": " + message
}
