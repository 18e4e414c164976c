// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package world makes random clusters, pods with every kind of constraint that
// the default profile knows, and changes to both, from a seed. Names and labels
// are few, so that constraints often meet, and often just do not.
//
// It tells sinks of every object. What schedulers make of them is said elsewhere.
package world

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// Sink learns of objects as a watch would tell of them.
type Sink interface {
	Add(runtime.Object) error
	Update(before, after runtime.Object) error
	Delete(runtime.Object) error
}

// Object is what an API server keeps.
type Object interface {
	runtime.Object
	metav1.Object
}

// World is a cluster as its API server knows it. Objects are never edited in
// place: each change is a new copy.
type World struct {
	*rand.Rand
	density map[string]int
	// tainted is the share of nodes that have a taint, for each of three.
	tainted int
	// reserved is a zone, or none, whose nodes all have a taint.
	reserved string
	sinks    []Sink

	objects  []Object // In the order of their creation.
	place    map[string]Object
	version  int
	made     int
	template *corev1.Pod
	lost     []*corev1.Node
	err      error
}

// Plan says what constraints the pods of a cluster declare.
type Plan struct {
	// Kinds are the names of those that there may be, or nil for all. Which there
	// are, and how often, is drawn too, since some only show where others are
	// rare.
	Kinds []string
	// Focus is the name of one that most pods declare, or empty.
	Focus string
}

// New makes a cluster and tells the sinks of it.
func New(r *rand.Rand, plan Plan, sinks ...Sink) *World {
	w := &World{Rand: r, sinks: sinks, density: map[string]int{}, place: map[string]Object{}}
	w.tainted = pick(w, []int{0, 3, 6, 25})
	w.reserved = pick(w, append(make([]string, 4), zones...))
	nodes := pick(w, []int{0, 1, 3, 6, 10, 15, 20, 30, 40}) + w.IntN(4)
	for _, kind := range Kinds {
		switch {
		case kind.Name == plan.Focus:
			w.density[kind.Name], nodes = 60, 8+w.IntN(8)
			if kind.suit != nil {
				kind.suit(w)
			}
		case plan.Kinds == nil && w.percent(60):
			w.density[kind.Name] = kind.Percent * pick(w, []int{1, 2, 2, 4}) / 2
			if plan.Focus != "" {
				w.density[kind.Name] /= 3
			}
		case slices.Contains(plan.Kinds, kind.Name):
			w.density[kind.Name] = max(kind.Percent, 30)
		}
	}
	w.makeNamespaces()
	w.makeStorage()
	w.makeDeviceClass()
	for range nodes {
		w.addNode()
	}
	w.makeWorkloads()
	perNode := w.IntN(maxPodsPerNode + 1)
	if plan.Focus != "" {
		perNode = 3
	}
	for range len(w.Nodes()) * perNode {
		w.addPlacedPod()
	}
	return w
}

// Err returns the first error of a sink.
func (w *World) Err() error { return w.err }

// Objects returns all objects in the order of their creation.
func (w *World) Objects() []Object { return slices.Clone(w.objects) }

// Nodes returns the nodes.
func (w *World) Nodes() []*corev1.Node { return list[*corev1.Node](w) }

// Pods returns the pods that have a node, or those that have none.
func (w *World) Pods(placed bool) []*corev1.Pod {
	return slices.DeleteFunc(list[*corev1.Pod](w), func(pod *corev1.Pod) bool { return (pod.Spec.NodeName != "") != placed })
}

// Get returns the object of the same kind, namespace and name as it is now.
func Get[T Object](w *World, like T) (T, bool) {
	object, ok := w.place[key(like)].(T)
	return object, ok
}

func list[T Object](w *World) []T {
	var of []T
	for _, object := range w.objects {
		if object, ok := object.(T); ok {
			of = append(of, object)
		}
	}
	return of
}

func key(object Object) string {
	return fmt.Sprintf("%T %s/%s", object, object.GetNamespace(), object.GetName())
}

// put creates an object.
func (w *World) put(object Object) {
	w.version++
	object.SetResourceVersion(strconv.Itoa(w.version))
	if object.GetUID() == "" {
		object.SetUID(w.uid())
	}
	w.objects = append(w.objects, object)
	w.place[key(object)] = object
	w.tell(func(s Sink) error { return s.Add(object) })
}

// replace updates an object; after is an edited copy of it.
func (w *World) replace(after Object) {
	before, ok := w.place[key(after)]
	if !ok {
		return // It was deleted meanwhile.
	}
	w.version++
	after.SetResourceVersion(strconv.Itoa(w.version))
	w.objects[slices.Index(w.objects, before)] = after
	w.place[key(after)] = after
	w.tell(func(s Sink) error { return s.Update(before, after) })
}

// remove deletes an object.
func (w *World) remove(like Object) {
	object, ok := w.place[key(like)]
	if !ok {
		return
	}
	w.objects = slices.DeleteFunc(w.objects, func(o Object) bool { return o == object })
	delete(w.place, key(object))
	w.tell(func(s Sink) error { return s.Delete(object) })
	if pod, ok := object.(*corev1.Pod); ok && pod.Spec.NodeName != "" {
		w.releaseDevices(pod)
	}
}

func (w *World) tell(event func(Sink) error) {
	for _, s := range w.sinks {
		if err := event(s); err != nil && w.err == nil {
			w.err = err
		}
	}
}

func (w *World) uid() types.UID {
	w.made++
	return types.UID("uid-" + strconv.Itoa(w.made))
}

func (w *World) name(prefix string) string {
	w.made++
	return prefix + "-" + strconv.Itoa(w.made)
}

func (w *World) percent(p int) bool { return w.IntN(100) < p }

func pick[T any](w *World, of []T) T { return of[w.IntN(len(of))] }
