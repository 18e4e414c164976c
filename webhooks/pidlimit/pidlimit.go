// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pidlimit is the mutator of the pidlimit feature: it resolves the pid
// tier of each container to a number and writes the numbers into one annotation
// of the pod.
//
// Kubernetes 1.37 has no field for a pid limit. What a number does to a
// container is a node daemon's business; what tiers there are is the
// administrator's (v1alpha1.PidLimitFeature).
package pidlimit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Name of the feature.
const Name = "pidlimit"

// Mutator is the pidlimit feature.
type Mutator struct {
	cfg *v1alpha1.PidLimitFeature
}

var _ mutate.Mutator = &Mutator{}
var _ mutate.Fallback = &Mutator{}

// New returns the mutator for a configuration that is defaulted and valid.
func New(cfg *v1alpha1.PidLimitFeature) *Mutator { return &Mutator{cfg: cfg} }

// Name implements mutate.Mutator.
func (m *Mutator) Name() string { return Name }

// Paths implements mutate.Mutator.
func (m *Mutator) Paths() []string {
	return []string{"/metadata/annotations/" + strings.ReplaceAll(wellknown.PidsLimitsAnnotation, "/", "~1")}
}

// Mutate implements mutate.Mutator.
func (m *Mutator) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	annotations := e.Pod().Annotations
	if err := m.checkTiers(annotations); err != nil {
		return nil, err
	}
	report, value := m.resolve(req, e.Pod(), annotations)
	report.Pod.Code, report.Pod.Detail = m.verdict(req, annotations, report.Containers, value)
	e.SetAnnotation(wellknown.PidsLimitsAnnotation, value)
	return report, nil
}

// Fallback implements mutate.Fallback: a pod whose tier does not exist gets the
// tier of those that choose none. Without a limit, and with whatever its author
// wrote in place of the resolved numbers, a wrong tier would be a way out of all.
func (m *Mutator) Fallback(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	report, value := m.resolve(req, e.Pod(), nil)
	e.SetAnnotation(wellknown.PidsLimitsAnnotation, value)
	return report, nil
}

// resolve returns the number of each container, in a report and as the value of
// the annotation.
func (m *Mutator) resolve(req *mutate.Request, pod *corev1.Pod, annotations map[string]string) (*mutate.Report, string) {
	report := &mutate.Report{}
	limits := map[string]int64{}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, c := range list {
			tier := m.tier(annotations, req.Workload.Kind, c.Name)
			limits[c.Name] = m.cfg.Tiers[tier]
			report.SetContainer(c.Name, mutate.Result{Outcome: mutate.Done, Facts: map[string]string{
				mutate.FactTier: tier,
				mutate.FactPids: strconv.FormatInt(limits[c.Name], 10),
			}})
		}
	}
	// Maps marshal with sorted keys; numbers by name cannot fail to.
	value, _ := json.Marshal(limits)
	return report, string(value)
}

// tier returns the tier of a container: its own annotation's, the pod's, the
// workload kind's, the default one.
func (m *Mutator) tier(annotations map[string]string, kind, container string) string {
	for _, key := range []string{wellknown.ForContainer(wellknown.PidsTierAnnotation, container), wellknown.PidsTierAnnotation} {
		if tier, ok := annotations[key]; ok {
			return tier
		}
	}
	if tier, ok := m.cfg.WorkloadTiers[kind]; ok {
		return tier
	}
	if tier, ok := m.cfg.WorkloadTiers["Job"]; ok && kind == "CronJob" {
		return tier
	}
	return m.cfg.DefaultTier
}

// checkTiers returns an error if an annotation names a tier that there is not.
func (m *Mutator) checkTiers(annotations map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		if key != wellknown.PidsTierAnnotation && !strings.HasPrefix(key, containerPrefix) {
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
var containerPrefix = wellknown.ForContainer(wellknown.PidsTierAnnotation, "")

// verdict returns what the user must be told of his annotations, if anything.
//
// An annotation for a container that is not there is no error: a webhook that
// runs after this one may add the container, and its tier is found when this one
// is invoked again.
func (m *Mutator) verdict(req *mutate.Request, annotations map[string]string, containers map[string]mutate.Result, value string) (mutate.Code, string) {
	previous, again := req.Previous(Name)
	current, ok := annotations[wellknown.PidsLimitsAnnotation]
	// On a pod with a record, the value is most likely an earlier one of Evenkeel's
	// own. What was said then is said again, so that the record stays as it is.
	if ok && (current != value && !again || previous.Reason == mutate.CodeLimitsOverwritten) {
		return mutate.CodeLimitsOverwritten, ""
	}
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		container, ok := strings.CutPrefix(key, containerPrefix)
		if _, known := containers[container]; ok && !known {
			return mutate.CodeUnknownContainer, key
		}
	}
	return "", ""
}
