// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestStorageValidate(t *testing.T) {
	tier := func(container, emptyDir string) StorageTier {
		out := StorageTier{}
		for text, q := range map[string]**resource.Quantity{container: &out.Container, emptyDir: &out.EmptyDir} {
			if text != "" {
				parsed := resource.MustParse(text)
				*q = &parsed
			}
		}
		return out
	}
	tests := map[string]struct {
		feature StorageFeature
		want    []string
	}{
		"defaults":            {},
		"own tiers":           {feature: StorageFeature{DefaultTier: "web", Tiers: map[string]StorageTier{"web": tier("1Gi", "2Gi"), "batch": tier("100Gi", "")}}},
		"the smallest amount": {feature: StorageFeature{Tiers: map[string]StorageTier{"medium": tier("64Mi", "")}}},
		"too small": {
			feature: StorageFeature{Tiers: map[string]StorageTier{"medium": tier("63Mi", "1Ki")}},
			want: []string{
				`features.storage.tiers[medium].container: Invalid value: "63Mi": must be an amount of disk from 64Mi to 1Pi`,
				`features.storage.tiers[medium].emptyDir: Invalid value: "1Ki": must be an amount of disk from 64Mi to 1Pi`,
			},
		},
		"too large": {
			feature: StorageFeature{Tiers: map[string]StorageTier{"medium": tier("2Pi", "1Gi")}},
			want:    []string{`features.storage.tiers[medium].container: Invalid value: "2Pi": must be an amount of disk from 64Mi to 1Pi`},
		},
		"without a limit": {
			feature: StorageFeature{Tiers: map[string]StorageTier{"medium": tier("", "1Gi")}},
			want:    []string{`features.storage.tiers[medium].container: Required value: the limit of each container, such as 10Gi`},
		},
		"a tier that is not there": {
			feature: StorageFeature{DefaultTier: "huge", WorkloadTiers: map[string]string{"Job": "tiny"}},
			want: []string{
				`features.storage.defaultTier: Invalid value: "huge": no such tier; the tiers are small, medium, large, xlarge`,
				`features.storage.workloadTiers[Job]: Invalid value: "tiny": no such tier; the tiers are small, medium, large, xlarge`,
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.feature.setDefaults()
			if diff := cmp.Diff(tc.want, texts(tc.feature.validate(field.NewPath("features", "storage")))); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStorageDefaultsEmptyDirToTheContainers(t *testing.T) {
	q := resource.MustParse("3Gi")
	f := StorageFeature{Tiers: map[string]StorageTier{"medium": {Container: &q}}}
	f.setDefaults()
	if got := f.Tiers["medium"].EmptyDir; got == nil || got.Cmp(q) != 0 {
		t.Errorf("emptyDir = %v, want 3Gi", got)
	}
}

func TestTierOfWorkload(t *testing.T) {
	f := StorageFeature{DefaultTier: "medium", WorkloadTiers: map[string]string{"Job": "small", "DaemonSet": "large"}}
	for kind, want := range map[string]string{"": "medium", "Deployment": "medium", "DaemonSet": "large", "Job": "small", "CronJob": "small"} {
		if got := f.TierOf(kind); got != want {
			t.Errorf("TierOf(%s) = %s, want %s", kind, got, want)
		}
	}
	f.WorkloadTiers["CronJob"] = "xlarge"
	if got := f.TierOf("CronJob"); got != "xlarge" {
		t.Errorf("TierOf(CronJob) = %s, want its own tier", got)
	}
}
