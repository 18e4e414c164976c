// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// What happens to the nodes and services of a story while it is running.

// scaleDown deletes the newest replicas of a name, as a ReplicaSet does with
// replicas that are as good as each other.
func (w *world) scaleDown(name, number string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	pods := w.named(name)
	if n > len(pods) {
		return fmt.Errorf("there are %d replicas", len(pods))
	}
	for _, pod := range pods[len(pods)-n:] {
		if err := w.deletePod(pod.Name); err != nil {
			return err
		}
	}
	return nil
}

// lose removes all nodes of a rack at once, and then lets their controllers make
// other pods in place of those that were on them.
func (w *world) lose(opts map[string]string) ([]string, error) {
	var victims []*corev1.Pod
	for _, name := range slices.Sorted(maps.Keys(w.nodes)) {
		node := w.nodes[name]
		if node.Labels[wellknown.TopologyRack] != opts["rack"] {
			continue
		}
		for _, podName := range slices.Sorted(maps.Keys(w.pods)) {
			if pod := w.pods[podName]; pod.Spec.NodeName == name {
				victims = append(victims, pod)
			}
		}
		w.lost[name] = node
		if err := w.removeNode(name); err != nil {
			return nil, err
		}
	}
	if len(w.lost) == 0 {
		return nil, fmt.Errorf("no node in rack %s", opts["rack"])
	}
	return w.replace(victims)
}

// restore brings the nodes of a lost rack back, empty.
func (w *world) restore(opts map[string]string) error {
	back := 0
	for _, name := range slices.Sorted(maps.Keys(w.lost)) {
		if node := w.lost[name]; node.Labels[wellknown.TopologyRack] == opts["rack"] {
			w.sched.Cache.AddNode(w.logger(), node)
			w.nodes[name] = node
			delete(w.lost, name)
			back++
		}
	}
	if back == 0 {
		return fmt.Errorf("rack %s was not lost", opts["rack"])
	}
	return nil
}

// drain cordons a node and evicts its pods one after the other: each begins to
// terminate, another one is placed, and only then it is gone.
func (w *world) drain(name string) ([]string, error) {
	if err := w.cordon(name, true); err != nil {
		return nil, err
	}
	var told []string
	for _, podName := range slices.Sorted(maps.Keys(w.pods)) {
		pod := w.pods[podName]
		if pod.Spec.NodeName != name {
			continue
		}
		if err := w.terminate(podName); err != nil {
			return nil, err
		}
		lines, err := w.replace([]*corev1.Pod{pod})
		if err != nil {
			return nil, err
		}
		told = append(told, lines...)
		if err := w.deletePod(podName); err != nil {
			return nil, err
		}
	}
	return told, nil
}

func (w *world) cordon(name string, cordoned bool) error {
	old := w.nodes[name]
	if old == nil {
		return fmt.Errorf("no node %s", name)
	}
	node := old.DeepCopy()
	node.Spec.Unschedulable = cordoned
	w.sched.Cache.UpdateNode(w.logger(), old, node)
	w.nodes[name] = node
	return nil
}

// replace places another pod for each of the pods.
func (w *world) replace(pods []*corev1.Pod) ([]string, error) {
	var told []string
	for _, pod := range pods {
		lines, err := w.place(pod.OwnerReferences[0].Kind, pod.Labels["app"], pod.Labels["pod-template-hash"], "1", optionsOf(pod))
		if err != nil {
			return nil, err
		}
		told = append(told, lines...)
	}
	return told, nil
}

// optionsOf returns the options that a pod's caps came from.
func optionsOf(pod *corev1.Pod) map[string]string {
	opts := map[string]string{}
	for option, annotation := range capOptions {
		if value := pod.Annotations[annotation]; value != "" {
			opts[option] = value
		}
	}
	return opts
}

// capOptions are the options of a story that are annotations.
var capOptions = map[string]string{
	"max-per-host": wellknown.SpreadMaxPerHost,
	"max-per-rack": wellknown.SpreadMaxPerRack,
	"max-per-zone": wellknown.SpreadMaxPerZone,
}

// retry tries the pods of a name again that were held back.
func (w *world) retry(name string) ([]string, error) {
	held := slices.Clone(w.held)
	w.held = nil
	var told []string
	for _, pod := range held {
		if pod.Labels["app"] != name {
			w.held = append(w.held, pod)
			continue
		}
		line, err := w.placeOne(pod)
		if err != nil {
			return nil, err
		}
		told = append(told, line)
	}
	return told, nil
}
