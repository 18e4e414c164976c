// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pidlimit

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/evenkeel/evenkeel/api/pidlimits"
	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// pidsKey is the key of cgroup v2 that limits pids.
const pidsKey = "pids.max"

// crioAnnotation is a name by which CRI-O is told keys of cgroup v2.
type crioAnnotation struct {
	prefix string
	modes  []v1alpha1.CRIOAnnotations
	// fact is what the record calls it.
	fact string
}

var crioAnnotations = []crioAnnotation{
	{prefix: wellknown.CRIOUnifiedCgroupPrefix, modes: []v1alpha1.CRIOAnnotations{v1alpha1.CRIOCurrent, v1alpha1.CRIOBoth}, fact: "current"},
	{prefix: wellknown.CRIOLegacyUnifiedCgroupPrefix, modes: []v1alpha1.CRIOAnnotations{v1alpha1.CRIOLegacy, v1alpha1.CRIOBoth}, fact: "legacy"},
}

// writeCRIO writes the numbers into CRI-O's annotations, as the configuration
// says. Other keys that a user has there stay. What an earlier pass has written and
// the configuration no longer wants goes, on a copy of a live pod for example.
func (m *Mutator) writeCRIO(req *mutate.Request, e *podspec.Editor, report *mutate.Report, limits pidlimits.Limits) {
	previous, again := req.Previous(Name)
	for _, container := range slices.Sorted(maps.Keys(limits)) {
		earlier := previous.Containers[container]
		result := report.Containers[container]
		var written []string
		for _, a := range crioAnnotations {
			key := a.prefix + container
			value, there := e.Pod().Annotations[key]
			switch {
			case !slices.Contains(a.modes, m.cfg.CRIO):
				if there && a.isOwn(value, earlier) {
					removePids(e, key, value)
				}
			case len(validation.IsQualifiedName(strings.ToLower(key))) > 0:
				result.Code, result.Detail = mutate.CodeCRIOName, a.prefix+"<container>"
			default:
				want := withPids(value, limits[container])
				// As for the numbers themselves: what was said before is said again.
				if hasPids(value) && value != want && !again || earlier.Reason == mutate.CodeCRIOOverwritten {
					result.Code, result.Detail = mutate.CodeCRIOOverwritten, a.prefix+"<container>"
				}
				e.SetAnnotation(key, want)
				written = append(written, a.fact)
			}
		}
		if len(written) > 0 {
			result.Facts[mutate.FactCRIO] = strings.Join(written, ",")
		}
		report.SetContainer(container, result)
	}
}

// isOwn reports whether a value of the annotation has the limit that this feature
// wrote there for the container in an earlier pass. A user may have written the same
// number himself, so the record must say that the feature did.
func (a *crioAnnotation) isOwn(value string, earlier mutate.ContainerStatus) bool {
	if !slices.Contains(strings.Split(earlier.Facts[mutate.FactCRIO], ","), a.fact) {
		return false
	}
	pids, err := strconv.ParseInt(earlier.Facts[mutate.FactPids], 10, 64)
	return err == nil && value == withPids(value, pids)
}

// removePids removes the limit from CRI-O's annotation, and the annotation if it
// holds nothing else.
func removePids(e *podspec.Editor, key, value string) {
	if rest := withoutPids(value); len(rest) > 0 {
		e.SetAnnotation(key, strings.Join(rest, ";"))
		return
	}
	e.RemoveAnnotation(key)
}

// hasPids reports whether a value of CRI-O's annotation has a limit of pids.
func hasPids(value string) bool {
	return value != "" && len(withoutPids(value)) < strings.Count(value, ";")+1
}

// withPids returns the value of CRI-O's annotation with the limit in the place of
// any other. CRI-O splits it at semicolons, and takes a value for base64 wherever
// it can be read as such (cri-o, internal/factory/container,
// AddUnifiedResourcesFromAnnotations), as 2048 and 4096 can. So it is base64.
func withPids(value string, pids int64) string {
	number := base64.StdEncoding.EncodeToString(strconv.AppendInt(nil, pids, 10))
	return strings.Join(append(withoutPids(value), pidsKey+"="+number), ";")
}

// withoutPids returns the other keys in a value of CRI-O's annotation.
func withoutPids(value string) []string {
	if value == "" {
		return nil
	}
	return slices.DeleteFunc(strings.Split(value, ";"), func(entry string) bool {
		key, _, _ := strings.Cut(entry, "=")
		return key == pidsKey
	})
}
