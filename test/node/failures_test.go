// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/evenkeel/evenkeel/api/pidlimits"
	"github.com/evenkeel/evenkeel/test/node/machine"
)

var errNotYet = errors.New("not yet")

func atLeast(got, want int64) error {
	if got < want {
		return fmt.Errorf("it is %d, want %d", got, want)
	}
	return nil
}

const number = 512

// try creates and starts a container, and says what became of it: its pids.max,
// or that it was refused.
func try(t *testing.T, runtime *machine.Containerd, pod string, annotations ...string) string {
	t.Helper()
	p := runtime.StartPod(t, pod, pidlimits.Limits{"app": number}, annotations...)
	c, err := p.Create(t, "app", idle...)
	if err != nil {
		if !strings.Contains(err.Error(), `required plugin "evenkeel-node" not present`) {
			t.Errorf("pod %s is refused for another reason: %v", pod, err)
		}
		return "refused"
	}
	c.Start(t)
	return c.PidsMax(t)
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	saw("%s: %s", what, map[string]string{"512": "the limit is set", "max": "starts WITHOUT a limit", "refused": "refused"}[got])
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// What happens when the daemon is not there, with and without required_plugins of
// the runtime.
func TestDaemonFails(t *testing.T) {
	for _, required := range []bool{false, true} {
		name, without := "best effort", "max"
		if required {
			name, without = "required", "refused"
		}
		t.Run(name, func(t *testing.T) {
			runtime := machine.StartContainerd(t, settings, required)
			say := func(what string) string { return name + ", " + what }

			want(t, say("01 daemon never started"), try(t, runtime, "never"), without)
			if required {
				want(t, say("02 daemon never started, a pod that tolerates it"), try(t, runtime, "tolerates", machine.ToleratesMissing), "max")
			}
			daemon := machine.StartDaemon(t, settings, "{}")
			daemon.WaitReady(t)
			want(t, say("03 daemon connected"), try(t, runtime, "connected"), "512")

			daemon.Kill()
			want(t, say("04 daemon killed"), try(t, runtime, "killed"), without)
			daemon = machine.StartDaemon(t, settings, "{}")
			daemon.WaitReady(t)
			want(t, say("05 daemon started again"), try(t, runtime, "again"), "512")

			// Slow: the process is stopped, so it answers nothing.
			daemon.Signal(t, syscall.SIGSTOP)
			begin := time.Now()
			// The plugin counts as asked, though it has not answered, so even
			// required_plugins lets this one pass.
			want(t, say("06 daemon hangs, first container"), try(t, runtime, "hangs"), "max")
			if took := time.Since(begin); took < 1500*time.Millisecond {
				t.Errorf("the container took %v, and NRI's time-out is two seconds", took)
			}
			want(t, say("07 daemon hangs, next container"), try(t, runtime, "hangs-on"), without)
			daemon.Signal(t, syscall.SIGCONT)
			connections := func() float64 { return daemon.Metric(t, "/metrics", "evenkeel_node_connections_total", nil) }
			machine.WaitFor(t, "the daemon to connect again", func() error {
				if connections() < 2 {
					return errNotYet
				}
				return daemon.Ready(t)
			})
			want(t, say("08 daemon goes on after it hung"), try(t, runtime, "goes-on"), "512")

			survivor := runtime.StartPod(t, "survivor", pidlimits.Limits{"app": number}).Start(t, "app", idle...)
			runtime.Restart(t)
			want(t, say("09 runtime restarted, a running container"), survivor.PidsMax(t), "512")
			machine.WaitFor(t, "the daemon to connect again", func() error {
				if connections() < 3 {
					return errNotYet
				}
				return daemon.Ready(t)
			})
			want(t, say("10 runtime restarted, the daemon connected by itself"), try(t, runtime, "restarted"), "512")
		})
	}
}

// A container that was started without the daemon is told of when the daemon
// comes; on cgroup v1 containerd cannot change it.
func TestRunningContainersAreTold(t *testing.T) {
	runtime := machine.StartContainerd(t, settings, false)
	pod := runtime.StartPod(t, "early", pidlimits.Limits{"app": number})
	c := pod.Start(t, "app", idle...)
	daemon := machine.StartDaemon(t, settings, "{}")
	daemon.WaitReady(t)
	result, reason, limit := "cannot", "RuntimeCannotUpdate", "max"
	if unified {
		result, reason, limit = "changed", "Annotation", "512"
	}
	machine.WaitFor(t, "the daemon's verdict", func() error {
		if daemon.Metric(t, "/metrics", "evenkeel_node_pids_updates_total", map[string]string{"result": result}) != 1 {
			return errNotYet
		}
		return nil
	})
	if got := c.PidsMax(t); got != limit {
		t.Errorf("pids.max is %s, want %s", got, limit)
	}
	if got := daemon.Metric(t, "/metrics/containers", "evenkeel_node_container_pids_wanted", map[string]string{"container": "app", "pod": "early", "reason": reason}); got != number {
		t.Errorf("wanted is %v", got)
	}
	saw("a container that was started without the daemon: pids.max is %s after the daemon came; it says %s", limit, reason)
}
