// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/manifests"
)

func TestSchedulerConfigurationForPlayground(t *testing.T) {
	const both = "profiles: [{schedulerName: default-scheduler}, {schedulerName: evenkeel-scheduler}]"
	tests := map[string]struct {
		fields string
		// want are the fields that are there besides the kubeconfig and the election.
		want string
	}{
		"without profiles there are two":            {fields: "{}", want: "profiles: [{schedulerName: default-scheduler}, {schedulerName: evenkeel-scheduler}]"},
		"the first profile serves all other pods":   {fields: "profiles: [{schedulerName: a, percentageOfNodesToScore: 5}, {schedulerName: b}]", want: "profiles: [{schedulerName: a, percentageOfNodesToScore: 5}, {schedulerName: b}, {schedulerName: default-scheduler, percentageOfNodesToScore: 5}, {schedulerName: evenkeel-scheduler, percentageOfNodesToScore: 5}]"},
		"a profile without a name gets it":          {fields: "profiles: [{percentageOfNodesToScore: 5}]", want: "profiles: [{percentageOfNodesToScore: 5, schedulerName: default-scheduler}, {percentageOfNodesToScore: 5, schedulerName: evenkeel-scheduler}]"},
		"those that have the names already stay":    {fields: "profiles: [{schedulerName: evenkeel-scheduler}, {schedulerName: default-scheduler, percentageOfNodesToScore: 5}]", want: "profiles: [{schedulerName: evenkeel-scheduler}, {schedulerName: default-scheduler, percentageOfNodesToScore: 5}]"},
		"what else is in the file stays":            {fields: "{parallelism: 7, " + both + "}", want: "{parallelism: 7, " + both + "}"},
		"the file's own kubeconfig is not obeyed":   {fields: "{clientConnection: {kubeconfig: /other}, " + both + "}", want: both},
		"the file's own election is switched off":   {fields: "{leaderElection: {leaderElect: true}, " + both + "}", want: both},
		"an empty profile in the file is filled in": {fields: "profiles: [null]", want: both},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			file, err := parseSchedulerConfiguration("test", []byte(goodScheduler+"---\n"))
			if err != nil {
				t.Fatal(err)
			}
			var more, want map[string]any
			if err := yaml.Unmarshal([]byte(tc.fields), &more); err != nil {
				t.Fatal(err)
			}
			for key, value := range more {
				file.fields[key] = value
			}
			content, err := file.forPlayground("/run/kubeconfig")
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := yaml.Unmarshal(content, &got); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			want["apiVersion"], want["kind"] = "kubescheduler.config.k8s.io/v1", "KubeSchedulerConfiguration"
			want["leaderElection"] = map[string]any{"leaderElect": false}
			want["clientConnection"] = map[string]any{"kubeconfig": "/run/kubeconfig"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("forPlayground() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSchedulerConfigurationKeepsTheShippedProfile(t *testing.T) {
	file, err := parseSchedulerConfiguration("shipped", manifests.SchedulerConfiguration)
	if err != nil {
		t.Fatal(err)
	}
	content, err := file.forPlayground("/run/kubeconfig")
	if err != nil {
		t.Fatal(err)
	}
	var got, want struct {
		Profiles []map[string]any `json:"profiles"`
	}
	if err := yaml.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(manifests.SchedulerConfiguration, &want); err != nil {
		t.Fatal(err)
	}
	other := maps.Clone(want.Profiles[0])
	other["schedulerName"] = "default-scheduler"
	want.Profiles = append(want.Profiles, other)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("profiles (-shipped +playground):\n%s", diff)
	}
}
