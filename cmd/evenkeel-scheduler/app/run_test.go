// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	kubeapp "k8s.io/kubernetes/cmd/kube-scheduler/app"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	"k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	ownflags "github.com/evenkeel/evenkeel/cmd/evenkeel-scheduler/app/flags"
	plugins "github.com/evenkeel/evenkeel/plugins/scheduler"
	"github.com/evenkeel/evenkeel/plugins/scheduler/profileguard"
)

// TestFlagsAreThoseOfKubeScheduler compares our command with upstream's, which has
// one flag less.
func TestFlagsAreThoseOfKubeScheduler(t *testing.T) {
	flags := func(cmd *cobra.Command) map[string]pflag.Flag {
		out := map[string]pflag.Flag{}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			flag := *f
			flag.Value = nil
			// The one that names the program.
			flag.Usage = strings.ReplaceAll(flag.Usage, program, "kube-scheduler")
			out[f.Name] = flag
		})
		return out
	}
	got, want := flags(NewCommand()), flags(kubeapp.NewSchedulerCommand())
	if len(want) < 50 {
		t.Fatalf("kube-scheduler has %d flags: the test compares too little", len(want))
	}
	if got[ownflags.ScheduledEvents].DefValue != "true" {
		t.Errorf("--%s is %q by default, want what kube-scheduler does", ownflags.ScheduledEvents, got[ownflags.ScheduledEvents].DefValue)
	}
	delete(got, ownflags.ScheduledEvents)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-kube-scheduler +ours):\n%s", diff)
	}
}

// TestDefaultProfilePassesTheGuard is the start without --config.
func TestDefaultProfilePassesTheGuard(t *testing.T) {
	opts, flags := options.NewOptions(), pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, f := range opts.Flags.FlagSets {
		flags.AddFlagSet(f)
	}
	if err := flags.Parse([]string{"--master", "http://127.0.0.1:1", "--secure-port=0"}); err != nil {
		t.Fatal(err)
	}
	_, sched, err := setUpScheduler(t.Context(), opts, ownflags.Options{ScheduledEvents: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(sched.Profiles) != 1 || sched.Profiles["default-scheduler"] == nil {
		t.Errorf("profiles: %v, want default-scheduler", sched.Profiles)
	}
}

// TestGuardEndsTheProcess starts the program with profiles that it must refuse.
func TestGuardEndsTheProcess(t *testing.T) {
	const head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nclientConnection: {kubeconfig: KUBECONFIG}\nprofiles: "
	for name, tc := range map[string]struct{ profiles, want string }{
		"a missing plugin": {
			"[{schedulerName: s, plugins: {preBind: {disabled: [{name: VolumeBinding}]}, filter: {disabled: [{name: NodePorts}]}}}]",
			"profile s: NodePorts is off at Filter: host ports would be given to two pods of one node; " +
				"profile s: VolumeBinding is off at PreBind: PersistentVolumeClaims would not be bound; enable what is off",
		},
		"neither of two": {
			"[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: PodTopologySpread}]}}}]",
			"profile s: PodTopologySpread is off at PreFilter and Filter: topologySpreadConstraints with DoNotSchedule would be ignored; enable what is off",
		},
		"both of two": {
			"[{schedulerName: s, plugins: {multiPoint: {enabled: [{name: GuardedPodTopologySpread}]}}}]",
			"profile s: PodTopologySpread and GuardedPodTopologySpread are both on, and would undo each other's work in preemption; disable PodTopologySpread at multiPoint",
		},
		"both of two at Score": {
			"[{schedulerName: s, plugins: {preScore: {enabled: [{name: GuardedPodTopologySpread}], disabled: [{name: PodTopologySpread}]}, score: {enabled: [{name: GuardedPodTopologySpread}], disabled: [{name: PodTopologySpread}]}}}]",
			"profile s: PodTopologySpread and GuardedPodTopologySpread are both on",
		},
		"a replacement at one point only": {
			"[{schedulerName: s, plugins: {multiPoint: {disabled: [{name: PodTopologySpread}]}, filter: {enabled: [{name: GuardedPodTopologySpread}]}}}]",
			"profile s: PodTopologySpread is off at PreFilter: topologySpreadConstraints with DoNotSchedule would be ignored",
		},
		"an acceptance without need": {
			"[{schedulerName: s, plugins: {multiPoint: {enabled: [{name: ProfileGuard}]}}, pluginConfig: [{name: ProfileGuard, args: {acceptMissing: [{plugin: NodePorts, reason: x}]}}]}]",
			"profile s: ProfileGuard accepts that NodePorts is missing, but",
		},
		"an acceptance of nothing known": {
			"[{schedulerName: s, pluginConfig: [{name: ProfileGuard, args: {acceptMissing: [{plugin: HostPorts, reason: x}]}}]}]",
			`profiles[0].pluginConfig[0].args.acceptMissing[0].plugin: Invalid value: \"HostPorts\": is not a plugin of Kubernetes' default profile`,
		},
		"an acceptance without a reason": {
			"[{schedulerName: s, pluginConfig: [{name: ProfileGuard, args: {acceptMissing: [{plugin: NodePorts}]}}]}]",
			"profiles[0].pluginConfig[0].args.acceptMissing[0].reason: Required value: say why",
		},
		"a field that is not": {
			"[{schedulerName: s, pluginConfig: [{name: ProfileGuard, args: {accept: []}}]}]",
			`decoding args for plugin ProfileGuard: strict decoding error: unknown field \"accept\"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			kubeconfig, file := filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "config.yaml")
			for name, content := range map[string]string{
				kubeconfig: `{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}], contexts: [{name: c, context: {cluster: c}}]}`,
				file:       strings.Replace(head, "KUBECONFIG", kubeconfig, 1) + tc.profiles + "\n",
			} {
				if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			// Above the errors stand the scheduler's own log lines.
			stdout, stderr, code := run(t, "--config", file, "--secure-port=0")
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			last := lines[len(lines)-1]
			if code != 1 || stdout != "" {
				t.Errorf("exit code %d and output %q, want 1 and none", code, stdout)
			}
			if !strings.Contains(last, `err="configuration file `+file+": ") || !strings.Contains(last, tc.want) {
				t.Errorf("got  %q\nwant %q", last, tc.want)
			}
			if strings.Contains(stderr, "goroutine") {
				t.Errorf("a stack trace:\n%s", stderr)
			}
		})
	}
}

// TestReplacementsAreRegistered keeps the guard from accepting a name that no
// plugin of this program has.
func TestReplacementsAreRegistered(t *testing.T) {
	registry := runtime.Registry{}
	for _, option := range plugins.Options() {
		if err := option(registry); err != nil {
			t.Fatal(err)
		}
	}
	for plugin, ours := range profileguard.Replacements {
		if _, ok := registry[ours]; !ok {
			t.Errorf("%s is said to be replaced by %s, which is not registered", plugin, ours)
		}
	}
}
