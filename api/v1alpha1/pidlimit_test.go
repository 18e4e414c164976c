// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestPidLimitValidate(t *testing.T) {
	tests := map[string]struct {
		feature PidLimitFeature
		want    []string
	}{
		"defaults":            {},
		"the smallest number": {feature: PidLimitFeature{Tiers: map[string]int64{"medium": 128}}},
		"the largest number":  {feature: PidLimitFeature{Tiers: map[string]int64{"medium": 16384}}},
		"too small": {
			feature: PidLimitFeature{Tiers: map[string]int64{"medium": 127}},
			want:    []string{"features.pidlimit.tiers[medium]: Invalid value: 127: must be between 128 and 16384 pids"},
		},
		"too large": {
			feature: PidLimitFeature{Tiers: map[string]int64{"medium": 16385}},
			want:    []string{"features.pidlimit.tiers[medium]: Invalid value: 16385: must be between 128 and 16384 pids"},
		},
		"without limit": {
			feature: PidLimitFeature{Tiers: map[string]int64{"medium": 2048, "none": -1, "zero": 0}},
			want: []string{
				"features.pidlimit.tiers[none]: Invalid value: -1: must be between 128 and 16384 pids",
				"features.pidlimit.tiers[zero]: Invalid value: 0: must be between 128 and 16384 pids",
			},
		},
		"a name that no annotation should carry": {
			feature: PidLimitFeature{Tiers: map[string]int64{"medium": 2048, "Very Big": 4096}},
			want: []string{"features.pidlimit.tiers[Very Big]: Invalid value: \"Very Big\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " +
				"and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"},
		},
		"own tiers without a default tier": {
			feature: PidLimitFeature{Tiers: map[string]int64{"web": 1024, "batch": 256}},
			want:    []string{`features.pidlimit.defaultTier: Invalid value: "medium": no such tier; the tiers are batch, web`},
		},
		"no tiers": {
			feature: PidLimitFeature{Tiers: map[string]int64{}},
			want:    []string{`features.pidlimit.defaultTier: Invalid value: "medium": there are no tiers; leave tiers out for the default ones`},
		},
		"a kind's tier that is not there": {
			feature: PidLimitFeature{WorkloadTiers: map[string]string{"Job": "tiny", "DaemonSet": "small"}},
			want:    []string{`features.pidlimit.workloadTiers[Job]: Invalid value: "tiny": no such tier; the tiers are small, medium, large, xlarge`},
		},
		"a kind in the plural": {
			feature: PidLimitFeature{WorkloadTiers: map[string]string{"jobs": "small"}},
			want:    []string{`features.pidlimit.workloadTiers[jobs]: Invalid value: "jobs": must be a kind as it is written in manifests, such as DaemonSet`},
		},
		"what becomes of a user's limits": {
			feature: PidLimitFeature{UserLimits: "Refuse"},
			want:    []string{`features.pidlimit.userLimits: Unsupported value: "Refuse": supported values: "Overwrite", "Error"`},
		},
		"CRI-O's annotations": {
			feature: PidLimitFeature{CRIO: "On"},
			want:    []string{`features.pidlimit.crio: Unsupported value: "On": supported values: "Off", "Current", "Legacy", "Both"`},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.feature.setDefaults()
			if diff := cmp.Diff(tc.want, texts(tc.feature.validate(field.NewPath("features", "pidlimit")))); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPidLimitTierNamesAreSortedBySize(t *testing.T) {
	f := PidLimitFeature{Tiers: map[string]int64{"b": 200, "huge": 9000, "a": 200, "z": 150}}
	if diff := cmp.Diff([]string{"z", "a", "b", "huge"}, f.TierNames()); diff != "" {
		t.Errorf("TierNames (-want +got):\n%s", diff)
	}
}

// texts returns the errors as text, nil for none.
func texts(errs field.ErrorList) []string {
	var out []string
	for _, e := range errs {
		out = append(out, e.Error())
	}
	return out
}
