// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/config"
)

func TestValidateGuardedInterPodAffinityArgs(t *testing.T) {
	for name, tc := range map[string]struct {
		weight int32
		want   []string
	}{
		"the least":    {weight: 0},
		"the greatest": {weight: 100},
		"too little":   {weight: -1, want: []string{"args.hardPodAffinityWeight: Invalid value: -1: must be from 0 to 100"}},
		"too much":     {weight: 101, want: []string{"args.hardPodAffinityWeight: Invalid value: 101: must be from 0 to 100"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := &config.GuardedInterPodAffinityArgs{HardPodAffinityWeight: tc.weight}
			var got []string
			for _, err := range ValidatePluginArgs(field.NewPath("args"), args) {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
