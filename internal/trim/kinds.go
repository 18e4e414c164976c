// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"slices"
	"strings"
)

// Kind is a kind of object that is evidence.
type Kind struct {
	// Name is the kind, such as PersistentVolumeClaim.
	Name string
	// Group is its API group, empty for the core.
	Group string
	// Resource is its plural name, such as persistentvolumeclaims.
	Resource string

	// short is what else kubectl takes for the resource.
	short []string
	// needed says that a verdict depends on it.
	needed bool
	// template says that the object has a pod template.
	template bool
}

// Kinds are all kinds that are looked at. Services and StorageClasses stand where
// they are listed: what depends on them is settled at the end, in any order.
var Kinds = []Kind{
	{Name: "Node", Resource: "nodes", short: []string{"no"}, needed: true},
	{Name: "Pod", Resource: "pods", short: []string{"po"}, needed: true},
	{Name: "Service", Resource: "services", short: []string{"svc"}},
	{Name: "PersistentVolumeClaim", Resource: "persistentvolumeclaims", short: []string{"pvc"}, needed: true},
	{Name: "PersistentVolume", Resource: "persistentvolumes", short: []string{"pv"}},
	{Name: "ReplicationController", Resource: "replicationcontrollers", short: []string{"rc"}, template: true},
	{Name: "Deployment", Group: "apps", Resource: "deployments", short: []string{"deploy"}, template: true},
	{Name: "ReplicaSet", Group: "apps", Resource: "replicasets", short: []string{"rs"}, template: true},
	{Name: "StatefulSet", Group: "apps", Resource: "statefulsets", short: []string{"sts"}, template: true},
	{Name: "DaemonSet", Group: "apps", Resource: "daemonsets", short: []string{"ds"}, template: true},
	{Name: "Job", Group: "batch", Resource: "jobs", template: true},
	{Name: "CronJob", Group: "batch", Resource: "cronjobs", short: []string{"cj"}, template: true},
	{Name: "StorageClass", Group: "storage.k8s.io", Resource: "storageclasses", short: []string{"sc"}, needed: true},
	{Name: "PriorityClass", Group: "scheduling.k8s.io", Resource: "priorityclasses", short: []string{"pc"}},
	{Name: "DeviceClass", Group: "resource.k8s.io", Resource: "deviceclasses", needed: true},
	{Name: "ResourceClaim", Group: "resource.k8s.io", Resource: "resourceclaims", needed: true},
	{Name: "ResourceClaimTemplate", Group: "resource.k8s.io", Resource: "resourceclaimtemplates", needed: true},
}

// FindKind returns the kind of an object with this apiVersion and kind. Versions
// of one group are not told apart.
func FindKind(apiVersion, kind string) (Kind, bool) {
	group, _, versioned := strings.Cut(apiVersion, "/")
	if !versioned {
		group = ""
	}
	return find(func(k Kind) bool { return k.Name == kind && k.Group == group })
}

// FindResource returns the kind that kubectl takes for name: the kind itself, its
// plural or a short name.
func FindResource(name string) (Kind, bool) {
	name = strings.ToLower(name)
	return find(func(k Kind) bool {
		return name == k.Resource || name == strings.ToLower(k.Name) || slices.Contains(k.short, name)
	})
}

// Plural returns the word for several of a kind, such as StorageClasses.
func Plural(kind string) string {
	if strings.HasSuffix(kind, "s") {
		return kind + "es"
	}
	return kind + "s"
}

func find(is func(Kind) bool) (Kind, bool) {
	i := slices.IndexFunc(Kinds, is)
	if i < 0 {
		return Kind{}, false
	}
	return Kinds[i], true
}
