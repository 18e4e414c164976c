// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package storage is the mutator of the storage feature: it gives containers a
// limit of ephemeral-storage and emptyDirs a sizeLimit, by tier.
//
// A kubelet (v1.37, pkg/kubelet/eviction, localStorageEviction) evicts a pod when
// an emptyDir is above its sizeLimit, a container above its limit by its own
// files and logs, or the whole pod, emptyDirs included, above the sum of its
// containers' limits. The first two a tier says; so that the third does not
// defeat what a user or another feature has given an emptyDir, the limits leave
// room for it (survey.go).
//
// A limit without a request becomes a request of as much at the API server, which
// the scheduler would reserve on a node. So a container without a request gets
// one of nothing: it goes where it would have gone.
package storage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Name of the feature.
const Name = "storage"

// disk is the resource that the feature limits.
const disk = corev1.ResourceEphemeralStorage

// Mutator is the storage feature.
type Mutator struct {
	cfg *v1alpha1.StorageFeature
}

var _ mutate.Mutator = &Mutator{}
var _ mutate.Fallback = &Mutator{}

// New returns the mutator for a configuration that is defaulted and valid.
func New(cfg *v1alpha1.StorageFeature) *Mutator { return &Mutator{cfg: cfg} }

// Name implements mutate.Mutator.
func (m *Mutator) Name() string { return Name }

// Paths implements mutate.Mutator.
func (m *Mutator) Paths() []string {
	out := []string{"/spec/volumes/*/emptyDir/sizeLimit"}
	for _, field := range []string{"containers", "initContainers"} {
		for _, list := range []string{"limits", "requests"} {
			out = append(out, "/spec/"+field+"/*/resources/"+list+"/"+string(disk))
		}
	}
	return out
}

// Mutate implements mutate.Mutator.
func (m *Mutator) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	annotations := e.Pod().Annotations
	if err := m.checkTiers(annotations); err != nil {
		return nil, err
	}
	report := m.limit(req, e, annotations)
	if stray := strayContainer(e.Pod(), annotations); stray != "" {
		report.Pod.Code, report.Pod.Detail = mutate.CodeUnknownContainer, stray
	}
	return report, nil
}

// Fallback implements mutate.Fallback: a pod whose tier does not exist gets the
// tier of those that choose none.
func (m *Mutator) Fallback(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	return m.limit(req, e, nil), nil
}

// limit gives the pod what its tiers say.
func (m *Mutator) limit(req *mutate.Request, e *podspec.Editor, annotations map[string]string) *mutate.Report {
	report := &mutate.Report{}
	byKind := m.cfg.TierOf(req.Workload.Kind)
	p := m.survey(req, e.Pod(), func(keys ...string) string {
		for _, key := range keys {
			if tier, ok := annotations[key]; ok {
				return tier
			}
		}
		return byKind
	})
	anything := false
	for i := range p.containers {
		c := &p.containers[i]
		result := c.apply(e, m.cfg.Tiers[c.tier])
		if len(c.unsized) > 0 {
			size := p.emptyDirSize(m.cfg.Tiers[c.tier])
			for _, v := range c.unsized {
				e.SetEmptyDirSizeLimit(v, size)
			}
			result.Facts[mutate.FactEmptyDirs] = strings.Join(c.unsized, ",")
			result.Facts[mutate.FactEmptyDirSize] = size.String()
		}
		anything = anything || !c.users || len(c.unsized) > 0
		report.SetContainer(c.name, result)
	}
	limitCopies(e)
	if !anything {
		report.Pod.Outcome, report.Pod.Code = mutate.Skipped, mutate.CodeStorageNone
	}
	return report
}

// apply gives the container its limit, and the request that keeps the limit from
// becoming one.
func (c *container) apply(e *podspec.Editor, tier v1alpha1.StorageTier) mutate.Result {
	if c.users {
		// Room for emptyDirs is not added: the pod was within that limit without us.
		return mutate.Result{Outcome: mutate.Skipped, Code: mutate.CodeUserStorageLimit,
			Facts: map[string]string{mutate.FactStorageLimit: c.limit.String()}}
	}
	result := mutate.Result{Outcome: mutate.Done, Facts: map[string]string{mutate.FactTier: c.tier}}
	limit := tier.Container.DeepCopy()
	if c.request.Cmp(limit) > 0 {
		limit = c.request.DeepCopy()
		result.Code = mutate.CodeStorageRequest
	}
	if !c.room.IsZero() {
		limit = add(limit, c.room)
		result.Facts[mutate.FactStorageRoom] = c.room.String()
	}
	e.SetLimit(c.name, disk, limit)
	result.Facts[mutate.FactStorageLimit] = limit.String()
	if !c.requests {
		e.SetRequest(c.name, disk, resource.Quantity{})
		result.Facts[mutate.FactStorageRequest] = "0"
	}
	return result
}

// limitCopies gives the init containers of other features what the smallest of the
// pod's own containers has. They end before those start, so nobody is held to it;
// but the agent feature gives its init container what the pod's containers have,
// and does so again when it next sees the pod with these limits.
func limitCopies(e *podspec.Editor) {
	pod := e.Pod()
	var smallest *resource.Quantity
	for _, c := range pod.Spec.Containers {
		if limit, ok := c.Resources.Limits[disk]; ok && (smallest == nil || limit.Cmp(*smallest) < 0) {
			smallest = &limit
		}
	}
	for _, c := range pod.Spec.InitContainers {
		if smallest == nil || !strings.HasPrefix(c.Name, ownPrefix) {
			continue
		}
		e.SetLimit(c.Name, disk, *smallest)
		if request, ok := c.Resources.Requests[disk]; !ok || request.Cmp(*smallest) > 0 {
			e.SetRequest(c.Name, disk, resource.Quantity{})
		}
	}
}

// checkTiers returns an error if an annotation names a tier that there is not.
func (m *Mutator) checkTiers(annotations map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		if key != wellknown.StorageTierAnnotation && !strings.HasPrefix(key, containerPrefix) {
			continue
		}
		if _, ok := m.cfg.Tiers[annotations[key]]; !ok {
			return fmt.Errorf("annotation %s: no tier %s; choose one of %s, or remove the annotation",
				key, mutate.Quote(annotations[key]), strings.Join(m.cfg.TierNames(), ", "))
		}
	}
	return nil
}

// containerPrefix begins the annotations that speak of one container.
var containerPrefix = wellknown.ForContainer(wellknown.StorageTierAnnotation, "")

// strayContainer returns an annotation for a container that the pod does not have,
// or that is never limited, or "".
func strayContainer(pod *corev1.Pod, annotations map[string]string) string {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		name, ok := strings.CutPrefix(key, containerPrefix)
		if ok && !slices.ContainsFunc(limited(pod), func(c corev1.Container) bool { return c.Name == name }) {
			return key
		}
	}
	return ""
}
