// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	configv1 "k8s.io/kube-scheduler/config/v1"

	"github.com/evenkeel/evenkeel/api/config"
)

func TestValidateGuardedPodTopologySpreadArgs(t *testing.T) {
	zones := corev1.TopologySpreadConstraint{MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: corev1.ScheduleAnyway}
	selecting := zones
	selecting.LabelSelector = &metav1.LabelSelector{}
	for name, tc := range map[string]struct {
		defaulting  configv1.PodTopologySpreadConstraintsDefaulting
		constraints []corev1.TopologySpreadConstraint
		want        []string
	}{
		"those of Kubernetes": {defaulting: configv1.SystemDefaulting},
		"none":                {defaulting: configv1.ListDefaulting},
		"a list":              {defaulting: configv1.ListDefaulting, constraints: []corev1.TopologySpreadConstraint{zones}},
		"another type":        {defaulting: "list", want: []string{`args.defaultingType: Unsupported value: "list": supported values: "System", "List"`}},
		"both": {defaulting: configv1.SystemDefaulting, constraints: []corev1.TopologySpreadConstraint{zones},
			want: []string{`args.defaultingType: Invalid value: "System": when .defaultConstraints are not empty`}},
		"several errors": {defaulting: configv1.ListDefaulting, constraints: []corev1.TopologySpreadConstraint{{TopologyKey: "a zone", WhenUnsatisfiable: "No"}, selecting}, want: []string{
			"args.defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf)",
			"args.defaultConstraints[0].topologyKey: Invalid value: \"a zone\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
			`args.defaultConstraints[0].whenUnsatisfiable: Unsupported value: "No": supported values: "DoNotSchedule", "ScheduleAnyway"`,
			"args.defaultConstraints[1].labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			args := &config.GuardedPodTopologySpreadArgs{DefaultingType: tc.defaulting, DefaultConstraints: tc.constraints}
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
