// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package side is one of two schedulers that are compared: a real one, from
// scheduler.New, whose cache and queue are filled by its own event handlers from a
// feed. It says in words all that the scheduler decides about a pod, so that two
// of them can be compared line by line.
//
// What is decided about, and what may differ, is said elsewhere.
package side

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	internalqueue "k8s.io/kubernetes/pkg/scheduler/backend/queue"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/utils/clock"

	"github.com/evenkeel/evenkeel/plugins/scheduler/fastpath"
	"github.com/evenkeel/evenkeel/test/differential/feed"
	"github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
)

// SchedulerName is the name of the only profile of each side, so that a pod is
// the same for both.
const SchedulerName = "default-scheduler"

// equivalents are plugins that stand in for an in-tree one. In what a side says,
// they have its name.
var equivalents = strings.NewReplacer("GuardedInterPodAffinity", "InterPodAffinity", "GuardedPodTopologySpread", "PodTopologySpread")

// listed are the names of plugins in a sentence of the scheduler, which has sorted
// them.
var listed = regexp.MustCompile(`plugin\(s\) \[[^\]]*\]`)

// inTree returns what a side says with the names of the in-tree plugins, sorted where
// the scheduler sorts them.
func inTree(text string) string {
	return listed.ReplaceAllStringFunc(equivalents.Replace(text), func(list string) string {
		head, names, _ := strings.Cut(strings.TrimSuffix(list, "]"), "[")
		sorted := strings.Fields(names)
		slices.Sort(sorted)
		return head + "[" + strings.Join(sorted, " ") + "]"
	})
}

// Side is a scheduler.
type Side struct {
	// Name is the name of the contender that it runs.
	Name string
	// Feed is where it learns of the cluster.
	Feed *feed.Feed

	contender  *contender.Contender
	client     *client
	sched      *scheduler.Scheduler
	framework  framework.Framework
	queue      internalqueue.SchedulingQueue
	snapshot   *internalcache.Snapshot
	preemption *defaultpreemption.DefaultPreemption
	events     *eventLog
	profiles   []config.KubeSchedulerProfile
}

// New makes a scheduler of a contender's first profile, in an empty cluster. It
// runs until the context ends. The queue reads the time off the clock; nothing in
// it moves by itself.
func New(ctx context.Context, c *contender.Contender, clock clock.WithTicker) (*Side, error) {
	leave, err := c.Enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	s := &Side{Name: c.Name, contender: c, client: newClient(), events: &eventLog{}}
	s.Feed = feed.New(s.client)
	s.snapshot = internalcache.NewEmptySnapshot()
	profile := *c.Config.Profiles[0].DeepCopy()
	profile.SchedulerName = SchedulerName
	s.profiles = []config.KubeSchedulerProfile{profile}
	// The options are those of app.Setup, but for what would make a run
	// impossible to repeat: the number of goroutines that filter nodes decides
	// in which order feasible nodes are found, and so which of equal ones is
	// taken.
	s.sched, err = scheduler.New(ctx, s.client, s.Feed.Factory, nil,
		func(string) events.EventRecorderLogger { return s.events },
		scheduler.WithComponentConfigVersion(c.Config.APIVersion),
		scheduler.WithProfiles(profile),
		scheduler.WithPercentageOfNodesToScore(c.Config.PercentageOfNodesToScore),
		scheduler.WithFrameworkOutOfTreeRegistry(c.Registry),
		scheduler.WithPodMaxBackoffSeconds(c.Config.PodMaxBackoffSeconds),
		scheduler.WithPodInitialBackoffSeconds(c.Config.PodInitialBackoffSeconds),
		scheduler.WithExtenders(c.Config.Extenders...),
		scheduler.WithParallelism(1),
		scheduler.WithNodeInfoSnapshot(s.snapshot),
		scheduler.WithClock(clock),
	)
	if err != nil {
		return nil, fmt.Errorf("profile %s: %w", c.Name, err)
	}
	s.framework, s.queue = s.sched.Profiles[SchedulerName], s.sched.SchedulingQueue
	for _, plugin := range s.framework.PreEnqueuePlugins() {
		if preemption, ok := plugin.(*defaultpreemption.DefaultPreemption); ok {
			s.preemption = preemption
		}
	}
	if s.preemption == nil {
		return nil, fmt.Errorf("profile %s has no DefaultPreemption, so there is nothing to compare preemption by", c.Name)
	}
	return s, nil
}

// TakeFastPath puts the fast path in front of the scheduler's own way, however
// few nodes there are.
func (s *Side) TakeFastPath(ctx context.Context) {
	fastpath.Install(ctx, s.sched, fastpath.Options{MinNodes: 0, Profiles: s.profiles})
}

// enter sets the contender's feature gates, which some code reads in every
// cycle, and returns what sets them back.
func (s *Side) enter() func() {
	if len(s.contender.FeatureGates) == 0 {
		return func() {}
	}
	leave, err := s.contender.Enter()
	if err != nil {
		panic(err) // New did the same without an error.
	}
	return leave
}

// Refresh takes the snapshot that a scheduling cycle begins with.
func (s *Side) Refresh(ctx context.Context) error {
	return s.sched.Cache.UpdateSnapshot(klog.FromContext(ctx), s.snapshot)
}

// errNotAPod says that the queue holds something that is never put in.
var errNotAPod = errors.New("the queue answered a pod group")

// Pop takes the next pod out of the queue, which must not be empty.
func (s *Side) Pop(ctx context.Context) (*framework.QueuedPodInfo, error) {
	entity, err := s.sched.NextEntity(klog.FromContext(ctx))
	if err != nil {
		return nil, err
	}
	info, ok := entity.(*framework.QueuedPodInfo)
	if !ok {
		return nil, errNotAPod
	}
	return info, nil
}

// eventLog keeps the notes of the events that are sent.
type eventLog struct {
	mu    sync.Mutex
	notes []string
}

var _ events.EventRecorderLogger = &eventLog{}

func (l *eventLog) Eventf(_, _ runtime.Object, eventType, reason, _, note string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notes = append(l.notes, eventType+" "+reason+" "+fmt.Sprintf(note, args...))
}

func (l *eventLog) WithLogger(klog.Logger) events.EventRecorderLogger { return l }

// take returns the notes and forgets them.
func (l *eventLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	notes := l.notes
	l.notes = nil
	return notes
}

// Ready reports whether Pop would answer at once.
func (s *Side) Ready() bool { return len(s.queue.PodsInActiveQ()) > 0 }

// Activate moves a pod that waits to the active queue, unless it is gated.
func (s *Side) Activate(ctx context.Context, pod *corev1.Pod) {
	s.queue.Activate(klog.FromContext(ctx), map[string]*corev1.Pod{pod.Namespace + "/" + pod.Name: pod})
}

// Scorers returns the plugins that score, with their weights.
func (s *Side) Scorers() map[string]int32 {
	weights := map[string]int32{}
	for _, plugin := range s.framework.ListPlugins().Score.Enabled {
		weights[equivalents.Replace(plugin.Name)] = plugin.Weight
	}
	return weights
}
