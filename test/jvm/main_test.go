// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/evenkeel/evenkeel/test/jvm/container"
	"github.com/evenkeel/evenkeel/test/jvm/jdk"
)

// releases are those that the features promise to serve.
var releases = []int{8, 11, 17, 21, 25}

// required must be there; the others are the extended matrix.
const required = 17

// machine is what the tests have to work with.
var machine struct {
	jdks     []jdk.JDK
	problems []error
	// limits says why there are no cgroups and mounts why there are no mounts, or
	// are nil.
	limits, mounts error
	cgroup         int
}

// summary is printed at the end.
var summary struct {
	starts, cases atomic.Int64
	sync.Mutex
	lines []string
}

func note(format string, args ...any) {
	summary.Lock()
	defer summary.Unlock()
	summary.lines = append(summary.lines, fmt.Sprintf(format, args...))
}

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("test/jvm: not with -short; make test-jvm runs it")
		return
	}
	started := time.Now()
	machine.cgroup, machine.limits = container.Limits()
	machine.mounts = container.Mounts()
	machine.jdks, machine.problems = jdk.Find(context.Background())
	code := m.Run()
	printSummary(time.Since(started))
	os.Exit(code)
}

func printSummary(took time.Duration) {
	fmt.Println("--- JVMs")
	for _, j := range machine.jdks {
		fmt.Println(j)
	}
	for _, err := range machine.problems {
		fmt.Println("not usable:", err)
	}
	for _, line := range absences() {
		fmt.Println(line)
	}
	if machine.limits == nil {
		fmt.Printf("limits: cgroup v%d\n", machine.cgroup)
	}
	slices.Sort(summary.lines)
	for _, line := range slices.Compact(summary.lines) {
		fmt.Println(line)
	}
	fmt.Printf("%d cases, %d starts of a JVM, in %s\n", summary.cases.Load(), summary.starts.Load(), took.Round(time.Second))
}

// absences says what is not there, and so not proved.
func absences() []string {
	var out []string
	for _, r := range releases {
		if !slices.ContainsFunc(machine.jdks, func(j jdk.JDK) bool { return j.Major == r }) {
			out = append(out, fmt.Sprintf("ABSENT: JDK %d; install it, or let test/jvm/fetch-jdks.sh put it into %s", r, jdk.Folder()))
		}
	}
	if machine.limits != nil {
		out = append(out, "ABSENT: memory and CPU limits, which need root and a writable cgroup: "+machine.limits.Error())
	}
	if machine.mounts != nil {
		out = append(out, "ABSENT: mounts, which need root: "+machine.mounts.Error())
	}
	return out
}

func TestMachineHasTheJDKThatIsAlwaysTested(t *testing.T) {
	for _, line := range absences() {
		t.Log(line)
	}
	if strings.Contains(strings.Join(absences(), "\n"), fmt.Sprintf("JDK %d;", required)) {
		t.Errorf("there is no JDK %d: it is tested everywhere", required)
	}
}

// forEachJDK runs a test on each JDK, as a subtest of its own.
func forEachJDK(t *testing.T, test func(t *testing.T, j jdk.JDK)) {
	t.Helper()
	for _, j := range machine.jdks {
		t.Run(fmt.Sprintf("jdk%d", j.Major), func(t *testing.T) { test(t, j) })
	}
}

// needLimits skips a test that means nothing without real limits. The summary
// says so too.
func needLimits(t *testing.T) {
	t.Helper()
	if machine.limits != nil {
		t.Skip("ABSENT: memory and CPU limits: ", machine.limits)
	}
}

// needMounts skips a test that means nothing without mounts.
func needMounts(t *testing.T) {
	t.Helper()
	if machine.mounts != nil {
		t.Skip("ABSENT: mounts: ", machine.mounts)
	}
}
