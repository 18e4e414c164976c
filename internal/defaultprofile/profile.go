// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package defaultprofile is the default profile of kube-scheduler v1.37 as data:
// its plugins, the extension points each is at, what would be ignored without it
// and which pods make use of it. A test compares the data with the release.
//
// It is data, not kube-scheduler's code, because the command line speaks of the
// profile as well and does not link k8s.io/kubernetes. What a configuration makes
// of the profile is said elsewhere: at start by plugins/scheduler/profileguard,
// for a cluster by internal/trim.
package defaultprofile

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Point is the name of an extension point, as in the fields of a
// KubeSchedulerConfiguration but with a capital.
type Point string

// The extension points that plugins of the default profile are at.
const (
	PreEnqueue         Point = "PreEnqueue"
	QueueSort          Point = "QueueSort"
	PreFilter          Point = "PreFilter"
	Filter             Point = "Filter"
	PostFilter         Point = "PostFilter"
	PreScore           Point = "PreScore"
	Score              Point = "Score"
	Reserve            Point = "Reserve"
	Permit             Point = "Permit"
	PreBind            Point = "PreBind"
	Bind               Point = "Bind"
	PlacementGenerate  Point = "PlacementGenerate"
	PlacementScore     Point = "PlacementScore"
	PodGroupPostFilter Point = "PodGroupPostFilter"
)

// Protects reports whether a plugin at the point can keep a pod off a node or
// out of the queue, or must act before or while the pod is bound. At the others
// a plugin only ranks places that are all allowed.
func (p Point) Protects() bool {
	return !slices.Contains([]Point{PreScore, Score, PlacementScore}, p)
}

// Plugin is a plugin of the default profile.
type Plugin struct {
	Name string
	// Gate is the feature gate that adds the plugin to the default profile and is
	// off by default; empty for a plugin that is always there.
	Gate string
	// Points are the extension points that the plugin is at, in the order in which
	// a pod passes them.
	Points []Point
	// Feature is what of a pod the plugin looks after, such as "host ports".
	Feature string
	// Uses reports whether a pod's spec makes use of the plugin where it protects.
	// It sees the spec alone: a pod that only other objects concern, such as the
	// anti-affinity of another pod, does not count.
	Uses func(*corev1.PodSpec) bool

	// ignored says what happens without the plugin: at a point, or with the key ""
	// at all others.
	ignored map[Point]string
}

// Ignored says what happens when the plugin is missing at the point, such as
// "PersistentVolumeClaims would not be bound". It is empty for a point that does
// not protect.
func (p Plugin) Ignored(at Point) string {
	if !at.Protects() {
		return ""
	}
	if text, ok := p.ignored[at]; ok {
		return text
	}
	return p.ignored[""]
}

// Find returns the plugin of that name.
func Find(name string) (Plugin, bool) {
	i := slices.IndexFunc(plugins, func(p Plugin) bool { return p.Name == name })
	if i < 0 {
		return Plugin{}, false
	}
	return plugins[i], true
}

// Plugins returns all plugins, those behind feature gates last. Callers must not
// change what the elements refer to.
func Plugins() []Plugin { return slices.Clone(plugins) }
