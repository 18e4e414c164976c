// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import "slices"

// maxExamples is how many objects are named as examples.
const maxExamples = 3

// Evidence are objects that make use of something.
type Evidence struct {
	// What they are, in the plural, such as "pods with host ports".
	What string `json:"what"`
	// Count of them.
	Count int `json:"count"`
	// Templates counts workloads whose pod template would make such pods; they may
	// have pods that are counted above, or none.
	Templates int `json:"templates,omitempty"`
	// Examples are up to three of them, the first by name, pods before templates:
	// namespace/name of a pod, claim or Service, Kind namespace/name of a workload,
	// name of others.
	Examples []string `json:"examples"`
}

// sign is one thing that an object can be evidence of.
type sign string

// The signs, by what they are said to be in a report.
const (
	podsGated             sign = "pods with scheduling gates"
	podsPriority          sign = "pods with a priority"
	podsPreempting        sign = "pods that may preempt"
	podsSelecting         sign = "pods with a node selector or required node affinity"
	podsPreferringNodes   sign = "pods with preferred node affinity"
	podsHostPorts         sign = "pods with host ports"
	podsRequests          sign = "pods with CPU or memory requests"
	podsClaims            sign = "pods with PersistentVolumeClaims"
	podsRestrictedVolumes sign = "pods with GCE, AWS, iSCSI or RBD volumes of their own"
	podsSpreadHard        sign = "pods with topologySpreadConstraints, DoNotSchedule"
	podsSpreadSoft        sign = "pods with topologySpreadConstraints, ScheduleAnyway"
	podsDefaultSpread     sign = "pods of a Service, ReplicaSet or StatefulSet without constraints of their own"
	podsServiceOnly       sign = "pods that only a Service groups, which ReplicaSpread leaves alone"
	podsAntiRequired      sign = "pods with required anti-affinity, which binds other pods too"
	podsAffinityRequired  sign = "pods with required pod affinity"
	podsPodPreferences    sign = "pods with preferred pod affinity or anti-affinity"
	podsResourceClaims    sign = "pods with ResourceClaims"
	podsNodeFeatures      sign = "pods that need a feature of their node"
	nodesCordoned         sign = "cordoned nodes"
	nodesTainted          sign = "nodes with a NoSchedule or NoExecute taint"
	nodesTaintedSoftly    sign = "nodes with a PreferNoSchedule taint"
	nodesImages           sign = "nodes with images of more than 23 MB"
	nodesFeatures         sign = "nodes that declare features"
	claimsExclusive       sign = "claims with ReadWriteOncePod"
	claimsDelayed         sign = "claims of a StorageClass with WaitForFirstConsumer"
	volumesZoned          sign = "PersistentVolumes with a zone"
	priorityClasses       sign = "PriorityClasses"
	deviceClasses         sign = "DeviceClasses"
	resourceClaims        sign = "ResourceClaims"
	claimTemplates        sign = "ResourceClaimTemplates"
)

// kinds returns the kinds of object without which nothing can be said of a sign.
// Templates are not among them: they tell of pods to come.
func (s sign) kinds() []string {
	switch s {
	case podsServiceOnly:
		return []string{"Pod", "Service"}
	case claimsExclusive:
		return []string{"PersistentVolumeClaim"}
	case claimsDelayed:
		return []string{"Pod", "PersistentVolumeClaim", "StorageClass"}
	case volumesZoned:
		return []string{"PersistentVolume"}
	case priorityClasses:
		return []string{"PriorityClass"}
	case deviceClasses:
		return []string{"DeviceClass"}
	case resourceClaims:
		return []string{"ResourceClaim"}
	case claimTemplates:
		return []string{"ResourceClaimTemplate"}
	case nodesCordoned, nodesTainted, nodesTaintedSoftly, nodesImages, nodesFeatures:
		return []string{"Node"}
	default:
		return []string{"Pod"}
	}
}

// tally counts objects and keeps the first few names.
type tally struct {
	count int
	// first are the lowest names, sorted.
	first []string
}

func (t *tally) add(name string) {
	t.count++
	t.keep(name)
}

func (t *tally) keep(names ...string) {
	t.first = append(t.first, names...)
	slices.Sort(t.first)
	t.first = t.first[:min(len(t.first), maxExamples)]
}

// signs holds a tally of each sign.
type signs map[sign]*tally

func (s signs) add(of sign, name string) {
	if s[of] == nil {
		s[of] = &tally{}
	}
	s[of].add(name)
}

// evidence returns what was seen of a sign; nil when nothing was.
func (inv *Inventory) evidence(s sign) *Evidence {
	objects, templates := inv.objects[s], inv.templates[s]
	if objects == nil && templates == nil {
		return nil
	}
	e := &Evidence{What: string(s)}
	for _, t := range []*tally{objects, templates} {
		if t != nil {
			e.Examples = append(e.Examples, t.first...)
		}
	}
	e.Examples = e.Examples[:min(len(e.Examples), maxExamples)]
	if objects != nil {
		e.Count = objects.count
	}
	if templates != nil {
		e.Templates = templates.count
	}
	return e
}

func (inv *Inventory) see(s sign, name string) { inv.objects.add(s, name) }
