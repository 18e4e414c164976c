// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package maxprocs settles how many threads run Go code (GOMAXPROCS) in the
// long-running binaries, and keeps the two that want to decide it from fighting.
//
// Since 1.25 Go itself follows the CPU quota of the container's cgroup and keeps
// following it when the quota changes. It rounds a fraction up and never goes
// below 2: with a limit of 500m or 2500m more threads run than the quota pays
// for, and the kernel then stops the whole process for the rest of each 100 ms
// period. A scheduling cycle or an admission request in flight waits that long.
// go.uber.org/automaxprocs rounds down, to at least 1, so that cannot happen; but
// it decides once, and an explicit setting ends Go's own updates.
//
// So each decides where it is the better one:
//
//   - GOMAXPROCS is set in the environment: the user has decided.
//   - No quota: Go decides, and nothing is set.
//   - A quota that both round alike (a whole number from 2 on, or one above the
//     number of CPUs): Go decides, and goes on following the quota.
//   - Any other quota: automaxprocs decides, once.
//
// The price is in the last case: when the limit of a running container is
// changed in place, the process keeps its number until it is started again, and
// up to one CPU of a fractional limit is left to the garbage collector's and the
// runtime's short bursts.
package maxprocs

import (
	"fmt"
	"math"
	"os"
	"runtime"

	"go.uber.org/automaxprocs/maxprocs"
	"k8s.io/klog/v2"
)

// Set settles GOMAXPROCS for this process and logs one line about it. A main
// calls it once, before it starts its work. Failing to read the cgroup is no
// reason not to run: Go's number stays.
func Set(logger klog.Logger) {
	before := runtime.GOMAXPROCS(0)
	// automaxprocs says what it did in words only, and calls this once.
	var said string
	_, err := maxprocs.Set(
		maxprocs.RoundQuotaFunc(func(quota float64) int { return procsFor(quota, runtime.NumCPU()) }),
		maxprocs.Logger(func(format string, args ...any) { said = fmt.Sprintf(format, args...) }),
	)
	after := runtime.GOMAXPROCS(0)
	if _, byUser := os.LookupEnv("GOMAXPROCS"); err == nil && !byUser && after == before {
		// Setting the number that Go had chosen anyway has still ended Go's
		// updates; this lets them go on. Without a quota it changes nothing.
		runtime.SetDefaultGOMAXPROCS()
	}
	if err != nil {
		logger.Error(err, "Could not read the CPU quota; GOMAXPROCS stays as Go chose it", "gomaxprocs", after)
		return
	}
	logger.Info("Settled GOMAXPROCS", "gomaxprocs", after, "goDefault", before, "cpus", runtime.NumCPU(), "reason", said)
}

// procsFor returns the number of threads that a quota of CPUs pays for: rounded
// down, and no more than there are CPUs, which automaxprocs does not look at. It
// raises 0 to 1 itself.
func procsFor(quota float64, cpus int) int {
	return int(min(math.Floor(quota), float64(cpus)))
}
