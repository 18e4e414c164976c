// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

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
	// The number counts threads. An idle JVM has 13 to 23 (measured on 17 and 25), and
	// on 64 processors up to 129 under load; a default Tomcat connector adds up to 200
	// and an RPC server often as many again. With a limit of 1024 Java services were
	// seen to fail in production with "unable to create new native thread", so
	// medium is twice that. docs/pids.md has figures.
	Tiers map[string]int64 `json:"tiers,omitempty"`

	// DefaultTier is the tier of a container that chooses none. Default: medium.
	DefaultTier string `json:"defaultTier,omitempty"`

	// WorkloadTiers maps the kind of a workload, such as DaemonSet or Job, to the
	// tier of its containers that choose none. Job is for the pods of a CronJob
	// too, unless CronJob has a tier of its own.
	// Default: none, so that DefaultTier is for all.
	WorkloadTiers map[string]string `json:"workloadTiers,omitempty"`

	// UserLimits says what becomes of a pod whose author wrote the annotation
	// pids.evenkeel.io/limits, which only the webhook writes. Default: Overwrite.
	UserLimits UserLimits `json:"userLimits,omitempty"`

	// CRIO says by which annotations CRI-O is told the limits, for nodes that run no
	// evenkeel-node. Default: Off.
	CRIO CRIOAnnotations `json:"crio,omitempty"`
}

// UserLimits says what becomes of resolved limits that a user wrote himself.
type UserLimits string

const (
	// UserLimitsOverwrite puts Evenkeel's in their place, with a warning.
	UserLimitsOverwrite UserLimits = "Overwrite"
	// UserLimitsError makes them an error, like a tier that does not exist: onError
	// says whether the pod is refused. Where errors admit it, they are overwritten.
	UserLimitsError UserLimits = "Error"
)

// CRIOAnnotations says which annotations for CRI-O are written. CRI-O heeds them
// for a workload whose allowed_annotations name them, on nodes with cgroup v2.
// They open every other key of cgroup v2 as well, so allow them only where a
// policy keeps users from writing them.
type CRIOAnnotations string

const (
	// CRIOOff writes none.
	CRIOOff CRIOAnnotations = "Off"
	// CRIOCurrent writes unified-cgroup.crio.io/<container>, which CRI-O reads since
	// 1.35.
	CRIOCurrent CRIOAnnotations = "Current"
	// CRIOLegacy writes io.kubernetes.cri-o.UnifiedCgroup.<container>, which all of
	// them read. A name of an annotation holds 63 characters, so the container's may
	// have no more than 29.
	CRIOLegacy CRIOAnnotations = "Legacy"
	// CRIOBoth writes both, for a cluster that is being upgraded.
	CRIOBoth CRIOAnnotations = "Both"
)

// UnmarshalJSON takes a bare Off as what it is meant to be, as Mode does.
func (c *CRIOAnnotations) UnmarshalJSON(content []byte) error {
	var m Mode
	if err := m.UnmarshalJSON(content); err != nil {
		return err
	}
	*c = CRIOAnnotations(m)
	return nil
}

func (f *PidLimitFeature) setDefaults() {
	f.Policy.setDefaults()
	f.UserLimits = cmp.Or(f.UserLimits, UserLimitsOverwrite)
	f.CRIO = cmp.Or(f.CRIO, CRIOOff)
	if f.Tiers == nil {
		f.Tiers = map[string]int64{"small": 512, "medium": 2048, "large": 4096, "xlarge": 16384}
	}
	f.DefaultTier = cmp.Or(f.DefaultTier, "medium")
}

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
	errs = append(errs, validateOneOf(path.Child("userLimits"), f.UserLimits, []UserLimits{UserLimitsOverwrite, UserLimitsError})...)
	errs = append(errs, validateOneOf(path.Child("crio"), f.CRIO, []CRIOAnnotations{CRIOOff, CRIOCurrent, CRIOLegacy, CRIOBoth})...)
	return append(errs, f.choice().validate(path)...)
}

// TierOf returns the tier of the containers of a workload of that kind which
// choose none.
func (f *PidLimitFeature) TierOf(kind string) string { return f.choice().tierOf(kind) }

func (f *PidLimitFeature) choice() tierChoice {
	return tierChoice{names: f.TierNames(), byDefault: f.DefaultTier, byWorkload: f.WorkloadTiers}
}

// TierNames returns the names of the tiers, the smallest first.
func (f *PidLimitFeature) TierNames() []string {
	return slices.SortedFunc(maps.Keys(f.Tiers), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.Tiers[a], f.Tiers[b]), cmp.Compare(a, b))
	})
}
