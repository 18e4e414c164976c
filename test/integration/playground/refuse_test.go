// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/evenkeel/evenkeel/test/integration/program"
)

// What cannot work is told before anything is started.
func TestPlaygroundRefusesEarly(t *testing.T) {
	dir := program.Bin(t)
	alone := filepath.Join(t.TempDir(), "evenkeel")
	if err := os.Link(filepath.Join(dir, "evenkeel"), alone); err != nil {
		content, err := os.ReadFile(filepath.Join(dir, "evenkeel"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(alone, content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const schedulerHead = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nclientConnection: {kubeconfig: /etc/kubernetes/scheduler.conf}\nprofiles:\n- schedulerName: mine\n"
	configs := t.TempDir()
	// schedulerFile writes a scheduler configuration and returns its path.
	schedulerFile := func(name, profile string) string {
		path := filepath.Join(configs, name)
		if err := os.WriteFile(path, []byte(schedulerHead+profile), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	unknown := schedulerFile("unknown.yaml", "  plugins: {multiPoint: {enabled: [{name: ReplicaSpraed}]}}\n")
	arguments := schedulerFile("arguments.yaml", "  pluginConfig: [{name: ReplicaSpread, args: {familyWeightPercent: 900}}]\n")
	unguarded := schedulerFile("unguarded.yaml", "  plugins: {filter: {disabled: [{name: NodePorts}]}}\n")
	tests := map[string]struct {
		program  string
		args     []string
		wantCode int
		want     string
	}{
		"our programs are not there": {
			program: alone, wantCode: 1,
			want: "evenkeel playground: evenkeel-webhook is neither beside this program nor in PATH: run `make build`\n",
		},
		"a run directory that is in use": {
			program: filepath.Join(dir, "evenkeel"), args: []string{"--dir", dir}, wantCode: 2,
			want: "evenkeel playground: --dir " + dir + " is not empty: name an empty folder or a new one\n",
		},
		"a plugin of the scheduler that is none": {
			program: filepath.Join(dir, "evenkeel"), args: []string{"--scheduler-config", unknown}, wantCode: 2,
			want: "evenkeel playground: --scheduler-config " + unknown + `: profiles[0].plugins.multiPoint.enabled: Invalid value: "ReplicaSpraed": there is no such plugin: correct the name, or remove it` + "\n",
		},
		"wrong arguments of a plugin": {
			program: filepath.Join(dir, "evenkeel"), args: []string{"--scheduler-config", arguments}, wantCode: 2,
			want: "evenkeel playground: --scheduler-config " + arguments + ": profiles[0].pluginConfig[0].args.familyWeightPercent: Invalid value: 900: must be from 0 to 100\n",
		},
		"a profile that the scheduler refuses": {
			program: filepath.Join(dir, "evenkeel"), args: []string{"--scheduler-config", unguarded}, wantCode: 2,
			want: "evenkeel playground: --scheduler-config " + unguarded + ": profile mine: NodePorts is off at Filter: host ports would be given to two pods of one node; " +
				"enable what is off, or accept it by name and with a reason in acceptMissing of the plugin ProfileGuard\n",
		},
		"a flag that is none": {
			program: filepath.Join(dir, "evenkeel"), args: []string{"--zone", "3"}, wantCode: 2,
			want: "evenkeel playground: unknown flag: --zone; see evenkeel playground --help\n",
		},
		"a number that is none": {
			program: filepath.Join(dir, "evenkeel"), args: []string{"--zones", "many"}, wantCode: 2,
			want: `evenkeel playground: --zones must be a whole number, not "many"; see evenkeel playground --help` + "\n",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir())
			p := program.Start(t, tc.program, append([]string{"playground"}, tc.args...)...)
			if code := p.ExitCode(t); code != tc.wantCode {
				t.Errorf("exit code is %d, want %d", code, tc.wantCode)
			}
			if got := p.Printed(); got != tc.want {
				t.Errorf("it printed\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}
