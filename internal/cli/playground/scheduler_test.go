// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/manifests"
)

func TestSchedulerConfigurationForPlayground(t *testing.T) {
	tests := map[string]struct {
		fields string
		// want are the fields that are there besides the kubeconfig and the election.
		want string
	}{
		"without profiles there is one":             {fields: "{}", want: "profiles: [{schedulerName: default-scheduler}]"},
		"the first profile serves unnamed pods":     {fields: "profiles: [{schedulerName: a}, {schedulerName: b}]", want: "profiles: [{schedulerName: default-scheduler}, {schedulerName: b}]"},
		"a profile without a name gets it":          {fields: "profiles: [{percentageOfNodesToScore: 5}]", want: "profiles: [{percentageOfNodesToScore: 5, schedulerName: default-scheduler}]"},
		"one that has the name already keeps it":    {fields: "profiles: [{schedulerName: a}, {schedulerName: default-scheduler}]", want: "profiles: [{schedulerName: a}, {schedulerName: default-scheduler}]"},
		"what else is in the file stays":            {fields: "parallelism: 7", want: "{parallelism: 7, profiles: [{schedulerName: default-scheduler}]}"},
		"the file's own kubeconfig is not obeyed":   {fields: "clientConnection: {kubeconfig: /other}", want: "profiles: [{schedulerName: default-scheduler}]"},
		"the file's own election is switched off":   {fields: "leaderElection: {leaderElect: true}", want: "profiles: [{schedulerName: default-scheduler}]"},
		"an empty profile in the file is filled in": {fields: "profiles: [null]", want: "profiles: [{schedulerName: default-scheduler}]"},
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
	want.Profiles[0]["schedulerName"] = "default-scheduler"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("profiles (-shipped +playground):\n%s", diff)
	}
}
