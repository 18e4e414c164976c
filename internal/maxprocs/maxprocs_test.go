// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package maxprocs

import (
	"os"
	"os/exec"
	"runtime"
	"testing"

	"k8s.io/klog/v2"
	"k8s.io/klog/v2/ktesting"
)

// The cgroup of a test cannot be chosen without privileges, so what is done for
// each quota is tested by the number alone.
func TestProcsFor(t *testing.T) {
	for name, tc := range map[string]struct {
		quota float64
		cpus  int
		want  int
	}{
		"a whole number":           {quota: 4, cpus: 8, want: 4},
		"a fraction is cut off":    {quota: 2.5, cpus: 8, want: 2},
		"almost three":             {quota: 2.999, cpus: 8, want: 2},
		"below one; raised to 1":   {quota: 0.5, cpus: 8, want: 0},
		"more than there are CPUs": {quota: 16, cpus: 8, want: 8},
	} {
		t.Run(name, func(t *testing.T) {
			if got := procsFor(tc.quota, tc.cpus); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestSetLogsOneLine(t *testing.T) {
	logger := ktesting.NewLogger(t, ktesting.NewConfig(ktesting.BufferLogs(true)))
	Set(logger)
	log := logger.GetSink().(ktesting.Underlier).GetBuffer().Data()
	if len(log) != 1 {
		t.Fatalf("%d lines were logged, want 1: %v", len(log), log)
	}
}

const childEnv = "EVENKEEL_TEST_MAXPROCS_CHILD"

// TestSetLeavesTheEnvironmentsNumber starts itself again with GOMAXPROCS set.
func TestSetLeavesTheEnvironmentsNumber(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		Set(klog.Background())
		if got := runtime.GOMAXPROCS(0); got != 7 {
			t.Errorf("the number of the environment was replaced by %d", got)
		}
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), childEnv+"=1", "GOMAXPROCS=7")
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
