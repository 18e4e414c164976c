// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// StorageFeature configures the storage feature: how much of the node's disk a
// container and an emptyDir may take. A pod that says so itself, by a limit of
// ephemeral-storage or a sizeLimit, keeps what it says.
type StorageFeature struct {
	Policy `json:",inline"`

	// Tiers by name. Names are DNS labels. Default: small 2Gi, medium 10Gi,
	// large 20Gi, xlarge 50Gi.
	Tiers map[string]StorageTier `json:"tiers,omitempty"`

	// DefaultTier is the tier of a container and a pod that choose none.
	// Default: medium.
	DefaultTier string `json:"defaultTier,omitempty"`

	// WorkloadTiers maps the kind of a workload, such as DaemonSet or Job, to the
	// tier of its pods that choose none. Job is for the pods of a CronJob too, unless
	// CronJob has a tier of its own.
	// Default: none, so that DefaultTier is for all.
	WorkloadTiers map[string]string `json:"workloadTiers,omitempty"`
}

// StorageTier is how much disk a container and an emptyDir may take.
type StorageTier struct {
	// Container is the limit of ephemeral-storage of each container: what it writes
	// beside its volumes, and its logs. Required.
	Container *resource.Quantity `json:"container,omitempty"`
	// EmptyDir is the sizeLimit of each emptyDir on disk that has none, by the tier of
	// the first container that mounts it. Default: that
	// of container.
	EmptyDir *resource.Quantity `json:"emptyDir,omitempty"`
}

func (f *StorageFeature) setDefaults() {
	f.Policy.setDefaults()
	if f.Tiers == nil {
		f.Tiers = map[string]StorageTier{}
		for name, size := range map[string]string{"small": "2Gi", "medium": "10Gi", "large": "20Gi", "xlarge": "50Gi"} {
			q := resource.MustParse(size)
			f.Tiers[name] = StorageTier{Container: &q}
		}
	}
	for name, t := range f.Tiers {
		if t.EmptyDir == nil && t.Container != nil {
			q := t.Container.DeepCopy()
			t.EmptyDir = &q
			f.Tiers[name] = t
		}
	}
	f.DefaultTier = cmp.Or(f.DefaultTier, "medium")
}

// minStorage bounds the sizes of tiers from below: with less than the logs that a
// kubelet keeps by default (containerLogMaxSize 10Mi, containerLogMaxFiles 5) a
// container could be evicted for its logs alone.
var minStorage = resource.MustParse("64Mi")

func (f *StorageFeature) validate(path *field.Path) field.ErrorList {
	errs := f.Policy.validate(path)
	for _, name := range slices.Sorted(maps.Keys(f.Tiers)) {
		path, t := path.Child("tiers").Key(name), f.Tiers[name]
		for _, msg := range validation.IsDNS1123Label(name) {
			errs = append(errs, field.Invalid(path, name, msg))
		}
		if t.Container == nil {
			errs = append(errs, field.Required(path.Child("container"), "the limit of each container, such as 10Gi"))
			continue
		}
		for _, child := range []string{"container", "emptyDir"} {
			q := map[string]*resource.Quantity{"container": t.Container, "emptyDir": t.EmptyDir}[child]
			if q.Cmp(minStorage) < 0 || q.Value() > maxBytes {
				errs = append(errs, field.Invalid(path.Child(child), q.String(), "must be an amount of disk from 64Mi to 1Pi"))
			}
		}
	}
	return append(errs, f.choice().validate(path)...)
}

// TierOf returns the tier of the pods of a workload of that kind which choose
// none.
func (f *StorageFeature) TierOf(kind string) string { return f.choice().tierOf(kind) }

// TierNames returns the names of the tiers, the smallest first.
func (f *StorageFeature) TierNames() []string {
	return slices.SortedFunc(maps.Keys(f.Tiers), func(a, b string) int {
		x, y := f.Tiers[a].Container, f.Tiers[b].Container
		if x == nil || y == nil {
			return cmp.Compare(a, b)
		}
		return cmp.Or(x.Cmp(*y), cmp.Compare(a, b))
	})
}

func (f *StorageFeature) choice() tierChoice {
	return tierChoice{names: f.TierNames(), byDefault: f.DefaultTier, byWorkload: f.WorkloadTiers}
}
