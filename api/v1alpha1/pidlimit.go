// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Bounds of a pid limit, which counts threads as well as processes. They are
// those that KEP-6063 plans for the pod's own field: with less than 128 a
// container runtime, an exec probe and a small program hardly fit, and 0 and -1
// mean something else to each runtime.
const (
	MinPids = 128
	MaxPids = 16384
)

// PidLimitFeature configures the pidlimit feature: how many processes and
// threads a container may have. Pods choose a tier by its name and never write a
// number.
type PidLimitFeature struct {
	Policy `json:",inline"`

	// Tiers maps a tier's name to its limit in pids per container, 128 to 16384.
	// Names are DNS labels. Default: small 512, medium 2048, large 4096,
	// xlarge 16384.
	//
	// A JVM alone starts 30 to 60 threads, a default Tomcat connector up to 200 and
	// an RPC server often as many again; with a limit of 1024 Java services were
	// seen to fail in production with "unable to create new native thread", so
	// medium is twice that.
	Tiers map[string]int64 `json:"tiers,omitempty"`

	// DefaultTier is the tier of a container that chooses none. Default: medium.
	DefaultTier string `json:"defaultTier,omitempty"`

	// WorkloadTiers maps the kind of a workload, such as DaemonSet or Job, to the
	// tier of its containers that choose none. Job is for the pods of a CronJob
	// too, unless CronJob has a tier of its own.
	// Default: none, so that DefaultTier is for all.
	WorkloadTiers map[string]string `json:"workloadTiers,omitempty"`
}

func (f *PidLimitFeature) setDefaults() {
	f.Policy.setDefaults()
	if f.Tiers == nil {
		f.Tiers = map[string]int64{"small": 512, "medium": 2048, "large": 4096, "xlarge": 16384}
	}
	f.DefaultTier = cmp.Or(f.DefaultTier, "medium")
}

// kindPattern is how Kubernetes kinds are written.
var kindPattern = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,62}$`)

func (f *PidLimitFeature) validate(path *field.Path) field.ErrorList {
	errs := f.Policy.validate(path)
	for _, name := range slices.Sorted(maps.Keys(f.Tiers)) {
		path, pids := path.Child("tiers").Key(name), f.Tiers[name]
		for _, msg := range validation.IsDNS1123Label(name) {
			errs = append(errs, field.Invalid(path, name, msg))
		}
		if pids < MinPids || pids > MaxPids {
			errs = append(errs, field.Invalid(path, pids, fmt.Sprintf("must be between %d and %d pids", MinPids, MaxPids)))
		}
	}
	if _, ok := f.Tiers[f.DefaultTier]; !ok {
		errs = append(errs, f.noTier(path.Child("defaultTier"), f.DefaultTier))
	}
	for _, kind := range slices.Sorted(maps.Keys(f.WorkloadTiers)) {
		path, tier := path.Child("workloadTiers").Key(kind), f.WorkloadTiers[kind]
		if !kindPattern.MatchString(kind) {
			errs = append(errs, field.Invalid(path, kind, "must be a kind as it is written in manifests, such as DaemonSet"))
		}
		if _, ok := f.Tiers[tier]; !ok {
			errs = append(errs, f.noTier(path, tier))
		}
	}
	return errs
}

// noTier is the error for a tier that is not among Tiers.
func (f *PidLimitFeature) noTier(path *field.Path, tier string) *field.Error {
	if len(f.Tiers) == 0 {
		return field.Invalid(path, tier, "there are no tiers; leave tiers out for the default ones")
	}
	return field.Invalid(path, tier, "no such tier; the tiers are "+strings.Join(f.TierNames(), ", "))
}

// TierNames returns the names of the tiers, the smallest first.
func (f *PidLimitFeature) TierNames() []string {
	return slices.SortedFunc(maps.Keys(f.Tiers), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.Tiers[a], f.Tiers[b]), cmp.Compare(a, b))
	})
}
