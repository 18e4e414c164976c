// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Inventory is what is known of a cluster: how many objects of each kind there
// are, and what they are evidence of. It keeps no object. The zero value is not
// usable; see NewInventory.
type Inventory struct {
	// objects and templates are tallied by what they are evidence of.
	objects, templates signs
	// counts of objects of the kinds that were looked at, by name.
	counts map[string]int
	// missing holds why a kind was not looked at.
	missing map[string]string
	// namespaces of the pods.
	namespaces map[string]bool

	// What is settled once everything was seen.
	services  map[string][]map[string]string // Selectors by namespace.
	loose     []loosePod                     // Pods that only a Service groups, if any does.
	delayed   map[string]bool                // StorageClasses with WaitForFirstConsumer.
	byDefault map[string]bool                // StorageClasses that are the default.
	claimants map[string]*tally              // Claims by their class.
	classless tally                          // Claims that name none.
}

// loosePod is a pod whose owner the default constraints do not know.
type loosePod struct {
	namespace, name string
	labels          map[string]string
	// leftAlone says that ReplicaSpread does not spread it either.
	leftAlone bool
}

// NewInventory returns an inventory of nothing, in which every kind is missing
// for the reason given.
func NewInventory(reason string) *Inventory {
	inv := &Inventory{
		objects: signs{}, templates: signs{}, counts: map[string]int{}, missing: map[string]string{}, namespaces: map[string]bool{},
		services: map[string][]map[string]string{}, delayed: map[string]bool{}, byDefault: map[string]bool{}, claimants: map[string]*tally{},
	}
	for _, k := range Kinds {
		inv.missing[k.Name] = reason
	}
	return inv
}

// Cover says that all objects of the kind are in the inventory, also if there are
// none.
func (inv *Inventory) Cover(k Kind) {
	delete(inv.missing, k.Name)
	if _, ok := inv.counts[k.Name]; !ok {
		inv.counts[k.Name] = 0
	}
}

// Lack says why objects of the kind are not in the inventory.
func (inv *Inventory) Lack(k Kind, reason string) { inv.missing[k.Name] = reason }

// Count returns the number of objects of the kind.
func (inv *Inventory) Count(k Kind) int { return inv.counts[k.Name] }

// count adds one object of a kind, which covers the kind.
func (inv *Inventory) count(kind string) {
	delete(inv.missing, kind)
	inv.counts[kind]++
}

// missingFor returns the kinds that are not covered, but without which there can
// be no evidence of the signs.
func (inv *Inventory) missingFor(signs []sign) []string {
	var out []string
	for _, s := range signs {
		for _, kind := range s.kinds() {
			if _, ok := inv.missing[kind]; ok && !slices.Contains(out, kind) {
				out = append(out, kind)
			}
		}
	}
	return out
}

func (inv *Inventory) addService(s *corev1.Service) {
	if len(s.Spec.Selector) > 0 {
		inv.services[s.Namespace] = append(inv.services[s.Namespace], s.Spec.Selector)
	}
}

func (inv *Inventory) addStorageClass(c *storagev1.StorageClass) {
	if c.VolumeBindingMode != nil && *c.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer {
		inv.delayed[c.Name] = true
	}
	if c.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" {
		inv.byDefault[c.Name] = true
	}
}

func (inv *Inventory) addVolume(v *corev1.PersistentVolume) {
	for _, key := range []string{corev1.LabelTopologyZone, corev1.LabelTopologyRegion, corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion} {
		if _, ok := v.Labels[key]; ok {
			inv.see(volumesZoned, v.Name)
			return
		}
	}
}

func (inv *Inventory) addClaim(c *corev1.PersistentVolumeClaim) {
	name := c.Namespace + "/" + c.Name
	if slices.Contains(c.Spec.AccessModes, corev1.ReadWriteOncePod) {
		inv.see(claimsExclusive, name)
	}
	inv.claims(c.Annotations, c.Spec.StorageClassName, name)
}

// claims notes a claim, or the template of one, of a class; name is that of the
// object that has it.
func (inv *Inventory) claims(annotations map[string]string, class *string, name string) {
	// The older way to name a class, which still goes first.
	if beta, ok := annotations[corev1.BetaStorageClassAnnotation]; ok {
		class = &beta
	}
	if class == nil {
		inv.classless.add(name)
		return
	}
	t := inv.claimants[*class]
	if t == nil {
		t = &tally{}
		inv.claimants[*class] = t
	}
	t.add(name)
}

func (inv *Inventory) addNode(n *corev1.Node) {
	if n.Spec.Unschedulable {
		inv.see(nodesCordoned, n.Name)
	}
	hard, soft := false, false
	for _, t := range n.Spec.Taints {
		hard = hard || t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
		soft = soft || t.Effect == corev1.TaintEffectPreferNoSchedule
	}
	if hard {
		inv.see(nodesTainted, n.Name)
	}
	if soft {
		inv.see(nodesTaintedSoftly, n.Name)
	}
	// The size from which ImageLocality counts an image.
	const minImageSize = 23 * 1024 * 1024
	if slices.ContainsFunc(n.Status.Images, func(i corev1.ContainerImage) bool { return i.SizeBytes > minImageSize }) {
		inv.see(nodesImages, n.Name)
	}
	if len(n.Status.DeclaredFeatures) > 0 {
		inv.see(nodesFeatures, n.Name)
	}
}

// settle returns the inventory with what could only be said once everything was
// seen. Objects may be added to inv afterwards.
func (inv *Inventory) settle() *Inventory {
	out := *inv
	out.objects = maps.Clone(inv.objects)
	for _, s := range []sign{podsDefaultSpread, podsServiceOnly} {
		if t := inv.objects[s]; t != nil {
			out.objects[s] = &tally{count: t.count, first: slices.Clone(t.first)}
		}
	}
	for _, p := range inv.loose {
		if inv.isServed(p) {
			out.see(podsDefaultSpread, p.namespace+"/"+p.name)
			if p.leftAlone {
				out.see(podsServiceOnly, p.namespace+"/"+p.name)
			}
		}
	}
	delayed := &tally{}
	for class, t := range inv.claimants {
		if inv.delayed[class] {
			delayed.merge(t)
		}
	}
	if slices.ContainsFunc(slices.Collect(maps.Keys(inv.byDefault)), func(class string) bool { return inv.delayed[class] }) {
		delayed.merge(&inv.classless)
	}
	if delayed.count > 0 {
		out.objects[claimsDelayed] = delayed
	}
	return &out
}

func (t *tally) merge(other *tally) {
	t.count += other.count
	t.keep(other.first...)
}

// isServed reports whether a Service selects the pod.
func (inv *Inventory) isServed(p loosePod) bool {
	return slices.ContainsFunc(inv.services[p.namespace], func(selector map[string]string) bool {
		for key, value := range selector {
			if got, ok := p.labels[key]; !ok || got != value {
				return false
			}
		}
		return true
	})
}

// isControlled reports whether another object manages this one, so that its
// template is that object's.
func isControlled(m metav1.Object) bool { return metav1.GetControllerOf(m) != nil }
