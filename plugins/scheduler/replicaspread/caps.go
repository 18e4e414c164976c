// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/wellknown"
)

// maxCap is the greatest count that a cap can be.
const maxCap = 1_000_000

// limit is what a pod says about the replicas in one domain of a level.
type limit struct {
	// level is the position of the level in the arguments, and name its name.
	level int
	name  config.LevelName
	// value is a number of pods, or a percentage of the workload's.
	value   int32
	percent bool
}

// No message in this file has a percent sign: the scheduler of v1.37 hands the
// message of the FailedScheduling event over as a format without arguments, which
// garbles it (schedule_one.go, handleSchedulingFailure).

// capsOf returns the caps that a pod declares, narrowest level first. The error
// is a sentence for the event that the user sees.
func capsOf(pod *corev1.Pod, levels []config.LevelName) ([]limit, error) {
	var caps []limit
	var wrong []string
	for annotation, value := range pod.Annotations {
		name, ok := strings.CutPrefix(annotation, wellknown.SpreadMaxPerPrefix)
		if !ok {
			continue
		}
		level := slices.Index(levels, config.LevelName(name))
		if level < 0 {
			wrong = append(wrong, unknownLevel(annotation, config.LevelName(name), levels))
			continue
		}
		l, ok := parseLimit(value)
		if !ok {
			wrong = append(wrong, fmt.Sprintf(`annotation %s is %s: give a count from 1, such as "2", or a number from 1 to 100 with a percent sign`,
				annotation, quoted(value)))
			continue
		}
		l.level, l.name = level, levels[level]
		caps = append(caps, l)
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return nil, fmt.Errorf("%s", strings.Join(wrong, "; "))
	}
	slices.SortFunc(caps, func(a, b limit) int { return a.level - b.level })
	return caps, nil
}

// unknownLevel says what is wrong with a cap on a level that replicas are not
// counted on. Ignoring it would break a promise in silence.
func unknownLevel(annotation string, name config.LevelName, levels []config.LevelName) string {
	var has []string
	for _, level := range levels {
		has = append(has, string(level))
	}
	if slices.Contains(config.LevelNames, name) {
		return fmt.Sprintf("annotation %s cannot be kept: the scheduler is not configured to count replicas per %s, only per %s; remove the annotation, or list the level in ReplicaSpreadArgs",
			annotation, name, strings.Join(has, ", "))
	}
	return fmt.Sprintf("annotation %s names no level: end it with one of %s, or remove it", quoted(annotation), strings.Join(has, ", "))
}

// parseLimit reads the value of a cap: digits, and a percent sign for a
// percentage.
func parseLimit(value string) (limit, bool) {
	digits, percent := strings.CutSuffix(value, "%")
	most := uint64(maxCap)
	if percent {
		most = 100
	}
	// Strictly: no sign, no space. ParseUint takes neither.
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || n < 1 || n > most {
		return limit{}, false
	}
	return limit{value: int32(n), percent: percent}, true
}

// quoted quotes what a user wrote, cut to a length that fits into an event.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ReplaceAll(strconv.Quote(s), "%", " percent")
}

// pods returns the number of pods that may be in one domain when the workload has
// so many replicas: a percentage is rounded up, so that it is never 0, and so
// that 50% of 3 replicas in each of two zones is enough for all.
func (l limit) pods(replicas int32) int32 {
	if !l.percent {
		return l.value
	}
	return int32((int64(replicas)*int64(l.value) + 99) / 100)
}

// reason says, in the words of an event, why a node was ruled out.
func (l limit) reason(replicas int32, workload string) string {
	if !l.percent {
		return fmt.Sprintf("node(s) would exceed max-per-%s %d of %s", l.name, l.value, workload)
	}
	return fmt.Sprintf("node(s) would exceed max-per-%s %d percent (%d of %d replicas) of %s", l.name, l.value, l.pods(replicas), replicas, workload)
}
