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

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Name of the feature.
const Name = "jvm"

// Mutator is the jvm feature.
type Mutator struct {
	cfg      *v1alpha1.JVMFeature
	profiles []profile
	// What the lists of the configuration select: containers to leave alone, init
	// containers to look at, and images that size themselves.
	skipImages, initNames, initImages, selfSized mutate.Patterns
}

var _ mutate.Mutator = &Mutator{}

// New returns the mutator for a configuration that is defaulted and valid.
func New(cfg *v1alpha1.JVMFeature) *Mutator {
	return &Mutator{
		cfg: cfg, profiles: profilesOf(cfg),
		skipImages: mutate.NewPatterns(cfg.SkipImages),
		initNames:  mutate.NewPatterns(cfg.InitContainers.Names), initImages: mutate.NewPatterns(cfg.InitContainers.Images),
		selfSized: mutate.NewPatterns(cfg.SelfSizedImages),
	}
}

// Name implements mutate.Mutator.
func (m *Mutator) Name() string { return Name }

// Paths implements mutate.Mutator.
func (m *Mutator) Paths() []string {
	paths := []string{"/spec/volumes/*"}
	for _, list := range []string{"containers", "initContainers"} {
		paths = append(paths, mutate.OptionPaths(list)...)
		paths = append(paths, "/spec/"+list+"/*/volumeMounts/*", "/spec/"+list+"/*/resizePolicy", "/spec/"+list+"/*/resizePolicy/*")
	}
	return paths
}

// Mutate implements mutate.Mutator.
func (m *Mutator) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	report := &mutate.Report{}
	pod := e.Pod()
	targets := m.targets(pod)
	plans := make([]*plan, len(targets))
	dumps := newDumps(req, pod)
	done := false
	for i, t := range targets {
		w, err := m.wishesOf(req, pod, t)
		if err != nil {
			return nil, err
		}
		if plans[i], err = m.plan(req, pod, t, w, dumps); err != nil {
			return nil, err
		}
	}
	// After the plans, because an edit may move what the targets point to.
	for i, p := range plans {
		name := targets[i].Name
		p.apply(req, e, name)
		report.SetContainer(name, p.result)
		done = done || p.result.Outcome == mutate.Done
	}
	dumps.apply(e)
	if !done {
		report.Pod.Outcome = mutate.Skipped
	}
	switch stray := strayAnnotation(pod); {
	case stray != "":
		report.Pod.Code, report.Pod.Detail = mutate.CodeUnknownContainer, stray
	case len(report.Containers) == 0:
		report.Pod.Code = mutate.CodeNoContainer
	}
	return report, nil
}

// plan is what becomes of one container. The zero plan takes away what an
// earlier pass put there.
type plan struct {
	// channel is the environment variable and options what is to stand in it of
	// this feature.
	channel, options string
	// share is the heap that the options set, if any.
	share share
	// dump is where the heap dump goes, or nil; dumpPath is what the options besides
	// these say of it.
	dump     *dump
	dumpPath string
	// restart says that a resize of the memory is to restart the container.
	restart bool
	// downward says that the options refer to the memory limit's variable.
	downward bool
	result   mutate.Result
}

func skip(code mutate.Code, detail string) *plan {
	return &plan{result: mutate.Result{Outcome: mutate.Skipped, Code: code, Detail: detail}}
}

// note adds a code to the result. The first one that a user should be told of
// stands; the others are listed in a fact.
func (p *plan) note(code mutate.Code, detail string) {
	r := &p.result
	switch {
	case code == "":
		return
	case r.Code == "":
		r.Code, r.Detail = code, detail
		return
	case code.Warn() && !r.Code.Warn():
		code, r.Code, r.Detail = r.Code, code, detail
	}
	also := r.Facts[mutate.FactAlso]
	if also != "" {
		also += ","
	}
	r.Facts[mutate.FactAlso] = also + string(code)
}

// plan decides for one container. It changes nothing. The error is for the user.
func (m *Mutator) plan(req *mutate.Request, pod *corev1.Pod, t target, w *wishes, dumps *dumps) (*plan, error) {
	if w.off {
		return skip(mutate.CodeJVMOff, ""), nil
	}
	c := t.Container
	if podspec.UseInCommand(c, w.channel) == podspec.CommandJoins {
		return skip(mutate.CodeOptionsInCommand, w.channel), nil
	}
	s := see(req, c)
	sized := sizerOf(c, s.words)
	if sized != nil && sized.alone {
		return skip(mutate.CodeSelfSizer, sized.String()), nil
	}
	user := userFlagsOf(s.flags)
	p := &plan{channel: w.channel, dumpPath: dumpPathOf(user.dumpPath), result: mutate.Result{Outcome: mutate.Done, Facts: map[string]string{}}}
	if w.profile != "" {
		p.result.Facts[mutate.FactProfile] = w.profile
	}
	in := &inputs{req: req, pod: pod, target: t, wishes: w, sight: s, user: user, sizer: sized, mem: memoryOf(pod, t)}
	options, err := m.heap(in, p)
	if err != nil {
		return nil, err
	}
	options = append(options, processors(in, p)...)
	if *w.settings.ExitOnOutOfMemory && user.outOfMemory == nil {
		options = append(options, "-XX:+ExitOnOutOfMemoryError")
	}
	dumping, err := dumps.plan(in, p)
	if err != nil {
		return nil, err
	}
	options = append(options, dumping...)
	if len(options) == 0 {
		// What was found of the heap says more than that nothing was left to do.
		if p.result.Code == "" {
			p.result.Code = mutate.CodeUserFlags
		}
		p.result.Outcome = mutate.Skipped
		return p, nil
	}
	if user.ignore == nil {
		// One set of options for every JVM: those that one does not know are passed
		// over. JDK 8 heeds it on the command line alone, but knows them all from 8u191
		// on.
		options = append(options, "-XX:+IgnoreUnrecognizedVMOptions")
	}
	p.options = strings.Join(options, " ")
	p.result.Facts[mutate.FactOptions], p.result.Facts[mutate.FactChannel] = p.options, p.channel
	if why := tooLong(req, c, p); why != "" {
		p.note(mutate.CodeOptionsTooLong, why)
	}
	if s.file != "" {
		p.note(mutate.CodeOptionsInFile, mutate.Quote(s.file))
	}
	p.note(mutate.UnseenOptions(c, w.channel))
	return p, nil
}

// inputs is what the decisions about one container stand on.
type inputs struct {
	target

	req    *mutate.Request
	pod    *corev1.Pod
	wishes *wishes
	sight  sight
	user   userFlags
	sizer  *sizer
	mem    memory
}

// processors returns the options that follow from the CPU limit.
func processors(in *inputs, p *plan) []string {
	settings := &in.wishes.settings
	limit, processors := processorsOf(in.pod, in.Container)
	if processors == 0 || in.user.noContainer != nil {
		return nil
	}
	p.result.Facts[mutate.FactCPULimit] = limit.String()
	// A number of GC threads that the user gives must fit that of the processors and
	// the collector, or the JVM does not start.
	if in.user.gcThreads != nil {
		return nil
	}
	var options []string
	if settings.Processors == v1alpha1.ProcessorsLimit && settings.Release == v1alpha1.ReleaseAny && in.user.processors == nil {
		options = append(options, fmt.Sprintf("-XX:ActiveProcessorCount=%d", processors))
	}
	if settings.ServerClass.Mode == v1alpha1.ServerClassAuto && processors >= 2 && in.user.collector == nil && in.mem.code == "" &&
		in.mem.visible.Cmp(*settings.ServerClass.MinMemory) >= 0 && in.mem.visible.CmpInt64(serverMemory) < 0 {
		options = append(options, "-XX:+AlwaysActAsServerClassMachine")
	}
	return options
}

// serverMemory is the memory from which HotSpot takes a machine for a server:
// 2 GiB less the 256 MiB that it grants firmware (os::is_server_class_machine).
const serverMemory = 1792 << 20

// apply brings the container to the plan.
func (p *plan) apply(req *mutate.Request, e *podspec.Editor, container string) {
	if p.downward {
		e.SetEnvSourceFirst(container, memoryLimitEnv(container))
	}
	req.MergeOptions(e, Name, container, p.channel, p.options)
	p.dropMemoryLimit(e, container)
	p.dump.apply(e, container, p.dumpPath)
	p.applyResize(req, e, container)
}

// tooLong returns why a JVM of JDK 8 would ignore the options that the container
// ends up with, or "".
func tooLong(req *mutate.Request, c *corev1.Container, p *plan) string {
	value, _ := podspec.LookupEnv(c, p.channel)
	previous, channel := req.PreviousOptions(Name, c)
	if channel != p.channel {
		previous = ""
	}
	return podspec.TooLongForJDK8(p.channel, podspec.MergeOptions(value, previous, p.options))
}
