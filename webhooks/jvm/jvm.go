// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package jvm is the mutator of the jvm feature: it gives the JVM in a container
// a heap that fits the memory limit and the processors of the CPU limit, as
// options in an environment variable.
//
// The heap is computed by a Budget and written as a percentage, which every JVM
// takes of the limit it sees when it starts, so that it follows a later change
// of the limit. A user's own options win, one by one, wherever they can be seen:
// percentages yield to any -Xmx, and Evenkeel's options stand before the user's
// because the last of equal ones counts. It never sets an initial heap and
// never chooses a collector: both make a JVM refuse to start beside a user's own
// choice.
//
// What is known of a container's environment and of merging options is in
// internal/podspec; the numbers of the budget are in api/v1alpha1.
package jvm

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Name of the feature.
const Name = "jvm"

// serverMemory is the memory from which HotSpot takes a machine for a server:
// 2 GiB less the 256 MiB that it grants firmware (os::is_server_class_machine).
const serverMemory = 1792 << 20

// Mutator is the jvm feature.
type Mutator struct {
	cfg *v1alpha1.JVMFeature
}

var _ mutate.Mutator = &Mutator{}

// New returns the mutator for a configuration that is defaulted and valid.
func New(cfg *v1alpha1.JVMFeature) *Mutator { return &Mutator{cfg: cfg} }

// Name implements mutate.Mutator.
func (m *Mutator) Name() string { return Name }

// Paths implements mutate.Mutator.
func (m *Mutator) Paths() []string {
	return []string{"/spec/containers/*/env/*", "/spec/containers/*/env/*/value"}
}

// Mutate implements mutate.Mutator.
func (m *Mutator) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	report := &mutate.Report{}
	pod := e.Pod()
	done := false
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if m.cfg.Skips(c.Name) && !named(pod, c.Name) {
			continue
		}
		w, err := wishesOf(m.cfg, pod, c.Name)
		if err != nil {
			return nil, err
		}
		p := m.plan(req, pod, c, w)
		p.apply(req, e, c)
		report.SetContainer(c.Name, p.result)
		done = done || p.result.Outcome == mutate.Done
	}
	if !done {
		report.Pod.Outcome = mutate.Skipped
	}
	switch stray := podspec.StrayAnnotation(pod, annotations...); {
	case stray != "":
		report.Pod.Code, report.Pod.Detail = mutate.CodeUnknownContainer, stray
	case len(report.Containers) == 0:
		report.Pod.Code = mutate.CodeNoContainer
	}
	return report, nil
}

// plan is what becomes of one container.
type plan struct {
	// channel is the environment variable and options what is to stand in it of
	// this feature; empty options take away what an earlier pass put there.
	channel, options string
	result           mutate.Result
}

func skip(code mutate.Code, detail string) plan {
	return plan{result: mutate.Result{Outcome: mutate.Skipped, Code: code, Detail: detail}}
}

// plan decides for one container. It changes nothing.
func (m *Mutator) plan(req *mutate.Request, pod *corev1.Pod, c *corev1.Container, w wishes) plan {
	if w.off {
		return skip(mutate.CodeJVMOff, "")
	}
	value, source := podspec.LookupEnv(c, w.channel)
	switch source {
	case podspec.EnvValueFrom:
		return skip(mutate.CodeOptionsByValueFrom, w.channel)
	case podspec.EnvFrom:
		return skip(mutate.CodeOptionsByEnvFrom, w.channel)
	}
	user := userFlagsOf(podspec.JVMFlags(c, func(name, value string) string {
		return req.UserOptions(c, name, value)
	}))

	facts := map[string]string{}
	p := plan{channel: w.channel, result: mutate.Result{Outcome: mutate.Done, Facts: facts}}
	mem := memoryOf(pod, c)
	options := m.heap(req, c, w, user, mem, &p.result)
	options = append(options, m.processors(pod, c, user, mem, facts)...)
	if *m.cfg.ExitOnOutOfMemory && user.outOfMemory == nil {
		options = append(options, "-XX:+ExitOnOutOfMemoryError")
	}
	if len(options) == 0 {
		// What was found of the heap says more than that nothing was left to do.
		if p.result.Code == "" {
			p.result.Code = mutate.CodeUserFlags
		}
		p.result.Outcome = mutate.Skipped
		return p
	}
	if user.ignore == nil {
		// One set of options for every JVM: those that an old or a new one does not
		// know are passed over.
		options = append(options, "-XX:+IgnoreUnrecognizedVMOptions")
	}
	p.options = strings.Join(options, " ")
	facts[mutate.FactOptions], facts[mutate.FactChannel] = p.options, p.channel
	if why := tooLong(req, c, p, value); why != "" {
		p.result.Code, p.result.Detail = mutate.CodeOptionsTooLong, why
	}
	return p
}

// heap returns the options of the heap, if any, and puts what was found into the
// result.
func (m *Mutator) heap(req *mutate.Request, c *corev1.Container, w wishes, user userFlags, mem memory, result *mutate.Result) []string {
	if mem.code == "" {
		result.Facts[mutate.FactMemoryLimit] = mem.visible.String()
	}
	switch {
	case user.heap != nil:
		result.Code, result.Detail = mutate.CodeUserHeapFlags, user.heap.String()
		return nil
	case user.noContainer != nil:
		result.Code, result.Detail = mutate.CodeContainerSupportOff, user.noContainer.String()
		return nil
	case mem.code != "":
		result.Code, result.Detail = mem.code, mem.detail
		return nil
	}
	visible := mem.visible.Value()
	permille, rule := w.permille, RuleAnnotation
	if permille == 0 {
		share := formatBytes(max(mem.share, 0))
		if mem.shared() {
			result.Facts[mutate.FactMemoryShare] = share
		}
		b := NewBudget(&m.cfg.Heap, max(mem.share, 1), sum(req.Reservations(c.Name)))
		permille, rule = b.Permille, b.Rule
		if mem.shared() {
			// The JVM takes its percentage of the limit it sees, of which this container
			// has a part.
			permille = int64(float64(b.Permille) * (float64(b.Limit) / float64(visible)))
		}
		if mem.share < m.cfg.Heap.MinimumLimit.Value() || permille == 0 {
			result.Code, result.Detail = mutate.CodeLimitTooSmall, share
			return nil
		}
		if rule == RuleFloor {
			result.Code, result.Detail = mutate.CodeHeapAtFloor, formatPermille(b.Permille)+" % of "+share
		}
	}
	percent := formatPermille(permille)
	result.Facts[mutate.FactHeapPercent] = percent
	result.Facts[mutate.FactHeap] = formatBytes(permilleOf(visible, permille))
	result.Facts[mutate.FactRule] = string(rule)
	// Both, because below some 250 MiB a JVM goes by the minimum alone.
	return []string{"-XX:MaxRAMPercentage=" + percent, "-XX:MinRAMPercentage=" + percent}
}

// processors returns the options that follow from the CPU limit.
func (m *Mutator) processors(pod *corev1.Pod, c *corev1.Container, user userFlags, mem memory, facts map[string]string) []string {
	limit, processors := processorsOf(pod, c)
	if processors == 0 || user.noContainer != nil {
		return nil
	}
	facts[mutate.FactCPULimit] = limit.String()
	var options []string
	if m.cfg.Processors == v1alpha1.ProcessorsLimit && user.processors == nil {
		options = append(options, fmt.Sprintf("-XX:ActiveProcessorCount=%d", processors))
	}
	if m.cfg.ServerClass.Mode == v1alpha1.ServerClassAuto && processors >= 2 && user.collector == nil && mem.code == "" &&
		mem.visible.Cmp(*m.cfg.ServerClass.MinMemory) >= 0 && mem.visible.CmpInt64(serverMemory) < 0 {
		options = append(options, "-XX:+AlwaysActAsServerClassMachine")
	}
	return options
}

// apply brings the container to the plan.
func (p plan) apply(req *mutate.Request, e *podspec.Editor, c *corev1.Container) {
	previous, channel := req.PreviousOptions(Name, c)
	if previous != "" && (channel != p.channel || p.options == "") {
		if value, source := podspec.LookupEnv(c, channel); source == podspec.EnvLiteral {
			e.SetOptions(c.Name, channel, podspec.RemoveOptions(value, previous))
		}
		previous = ""
	}
	if p.options == "" {
		return
	}
	value, _ := podspec.LookupEnv(c, p.channel)
	e.SetOptions(c.Name, p.channel, podspec.MergeOptions(value, previous, p.options))
	req.NoteOptions(c.Name, p.channel, p.options)
}

// tooLong returns why a JVM of JDK 8 would ignore the options that the container
// ends up with, or "".
func tooLong(req *mutate.Request, c *corev1.Container, p plan, value string) string {
	previous, channel := req.PreviousOptions(Name, c)
	if channel != p.channel {
		previous = ""
	}
	return podspec.TooLongForJDK8(p.channel, podspec.MergeOptions(value, previous, p.options))
}

func sum(reservations []mutate.Reservation) int64 {
	var total int64
	for _, r := range reservations {
		total += r.Bytes
	}
	return total
}

// formatBytes writes bytes as a quantity in whole MiB, rounded down, where that
// is not 0.
func formatBytes(n int64) string {
	if n >= 1<<20 {
		n = n >> 20 << 20
	}
	return resource.NewQuantity(n, resource.BinarySI).String()
}
