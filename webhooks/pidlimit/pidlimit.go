// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pidlimit is the mutator of the pidlimit feature: it resolves the pid
// tier of each container to a number and writes the numbers into one annotation
// of the pod, and into those of CRI-O where the configuration says so.
//
// Kubernetes 1.37 has no field for a pid limit. What a number does to a
// container is a node daemon's business (plugins/node/pids); what tiers there are
// is the administrator's (v1alpha1.PidLimitFeature); how the annotation is
// written is api/pidlimits'.
package pidlimit

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/pidlimits"
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

// Paths implements mutate.Mutator. CRI-O's annotations have the containers' names;
// when the configuration no longer wants them, those of an earlier pass go.
func (m *Mutator) Paths() []string {
	out := []string{annotationPath(wellknown.PidsLimitsAnnotation)}
	for _, a := range crioAnnotations {
		out = append(out, annotationPath(a.prefix)+"*")
	}
	return out
}

// annotationPath returns the path of an annotation, or of those that begin so.
func annotationPath(key string) string {
	return "/metadata/annotations/" + strings.ReplaceAll(key, "/", "~1")
}

// Mutate implements mutate.Mutator.
func (m *Mutator) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	annotations := e.Pod().Annotations
	if err := m.checkTiers(annotations); err != nil {
		return nil, err
	}
	if err := m.checkUserLimits(req, annotations); err != nil {
		return nil, err
	}
	report, limits := m.resolve(req, e.Pod(), annotations)
	report.Pod.Code, report.Pod.Detail = m.verdict(req, annotations, limits)
	m.write(req, e, report, limits)
	return report, nil
}

// Fallback implements mutate.Fallback: a pod whose tier does not exist gets the
// tier of those that choose none. Without a limit, and with whatever its author
// wrote in place of the resolved numbers, a wrong tier would be a way out of all.
func (m *Mutator) Fallback(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	annotations := e.Pod().Annotations
	if m.checkTiers(annotations) != nil {
		annotations = nil
	}
	report, limits := m.resolve(req, e.Pod(), annotations)
	m.write(req, e, report, limits)
	return report, nil
}

// write puts the numbers into the pod's annotations.
func (m *Mutator) write(req *mutate.Request, e *podspec.Editor, report *mutate.Report, limits pidlimits.Limits) {
	e.SetAnnotation(wellknown.PidsLimitsAnnotation, limits.String())
	m.writeCRIO(req, e, report, limits)
}

// resolve returns the number of each container, and a report of it.
func (m *Mutator) resolve(req *mutate.Request, pod *corev1.Pod, annotations map[string]string) (*mutate.Report, pidlimits.Limits) {
	report := &mutate.Report{}
	limits := pidlimits.Limits{}
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
	return report, limits
}

// tier returns the tier of a container: its own annotation's, the pod's, the
// workload kind's, the default one.
func (m *Mutator) tier(annotations map[string]string, kind, container string) string {
	for _, key := range []string{wellknown.ForContainer(wellknown.PidsTierAnnotation, container), wellknown.PidsTierAnnotation} {
		if tier, ok := annotations[key]; ok {
			return tier
		}
	}
	return m.cfg.TierOf(kind)
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

// errUserLimits is for a user who wrote the resolved numbers himself.
var errUserLimits = errors.New("annotation " + wellknown.PidsLimitsAnnotation + ": only Evenkeel writes it; remove it, and choose a tier with " +
	wellknown.PidsTierAnnotation)

// checkUserLimits returns an error if the user wrote the resolved numbers himself
// and the configuration takes that for one.
//
// On a pod with a record, the numbers are most likely Evenkeel's own: the pod was
// here before, or is a copy of one that was. What was an error then is one again,
// so that the record stays as it is.
func (m *Mutator) checkUserLimits(req *mutate.Request, annotations map[string]string) error {
	_, written := annotations[wellknown.PidsLimitsAnnotation]
	previous, again := req.Previous(Name)
	if m.cfg.UserLimits == v1alpha1.UserLimitsError && written && (!again || previous.Detail == errUserLimits.Error()) {
		return errUserLimits
	}
	return nil
}

// verdict returns what the user must be told of his annotations, if anything.
//
// An annotation for a container that is not there is no error: a webhook that
// runs after this one may add the container, and its tier is found when this one
// is invoked again.
func (m *Mutator) verdict(req *mutate.Request, annotations map[string]string, limits pidlimits.Limits) (mutate.Code, string) {
	previous, again := req.Previous(Name)
	current, ok := annotations[wellknown.PidsLimitsAnnotation]
	// On a pod with a record, the value is most likely an earlier one of Evenkeel's
	// own. What was said then is said again, so that the record stays as it is.
	if ok && (current != limits.String() && !again || previous.Reason == mutate.CodeLimitsOverwritten) {
		return mutate.CodeLimitsOverwritten, ""
	}
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		container, ok := strings.CutPrefix(key, containerPrefix)
		if _, known := limits[container]; ok && !known {
			return mutate.CodeUnknownContainer, key
		}
	}
	return "", ""
}
