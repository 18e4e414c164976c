// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/config"
)

func TestProfileGuardArgsAreValidated(t *testing.T) {
	many := make([]config.AcceptedOmission, 33)
	for i := range many {
		many[i] = config.AcceptedOmission{Plugin: strconv.Itoa(i), Reason: "x"}
	}
	for name, tc := range map[string]struct {
		accept []config.AcceptedOmission
		want   []string
	}{
		"none":             {},
		"one":              {accept: []config.AcceptedOmission{{Plugin: "VolumeZone", Reason: strings.Repeat("ß", 256)}}},
		"as many as there": {accept: many[:32]},
		"too many":         {accept: many, want: []string{"args.acceptMissing: Too many: 33: must have at most 32 items"}},
		"no name": {
			accept: []config.AcceptedOmission{{Reason: "x"}},
			want:   []string{"args.acceptMissing[0].plugin: Required value: name a plugin of Kubernetes' default profile"},
		},
		"no reason": {
			accept: []config.AcceptedOmission{{Plugin: "VolumeZone", Reason: " "}},
			want:   []string{"args.acceptMissing[0].reason: Required value: say why nothing is lost without the plugin; it stands in the events of pods"},
		},
		"a name twice": {
			accept: []config.AcceptedOmission{{Plugin: "VolumeZone", Reason: "x"}, {Plugin: "VolumeZone", Reason: "y"}},
			want:   []string{`args.acceptMissing[1].plugin: Duplicate value: "VolumeZone"`},
		},
		"a long reason": {
			accept: []config.AcceptedOmission{{Plugin: "VolumeZone", Reason: strings.Repeat("ß", 257)}},
			want:   []string{"args.acceptMissing[0].reason: Too long: may not be more than 256 characters"},
		},
		"two lines": {
			accept: []config.AcceptedOmission{{Plugin: "VolumeZone", Reason: "a\nb"}},
			want:   []string{`args.acceptMissing[0].reason: Invalid value: "a\nb": must be one line`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, err := range ValidatePluginArgs(field.NewPath("args"), &config.ProfileGuardArgs{AcceptMissing: tc.accept}) {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
