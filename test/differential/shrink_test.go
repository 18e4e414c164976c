// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/evenkeel/evenkeel/test/differential/side"
	"github.com/evenkeel/evenkeel/test/differential/world"
)

// shrink leaves out objects, and constraints of pods, for as long as two new
// schedulers still differ about the pod, and reports whether they do at all: a
// difference can rest on what happened before, which a new scheduler has not seen.
func (d *duel) shrink(objects []world.Object, pod *corev1.Pod, patience time.Duration) ([]world.Object, bool) {
	giveUp := time.Now().Add(patience)
	differ := func(objects []world.Object) bool { return time.Now().Before(giveUp) && d.differInState(objects, pod) }
	if !differ(objects) {
		return objects, false
	}
	for size := len(objects); size > 0; size /= 2 {
		for from := 0; from < len(objects); {
			without := slices.DeleteFunc(slices.Clone(objects), func(object world.Object) bool {
				at := slices.Index(objects, object)
				return at >= from && at < from+size && object.GetUID() != pod.UID
			})
			if len(without) < len(objects) && differ(without) {
				objects = without
			} else {
				from += size
			}
		}
	}
	for i := range objects {
		for _, kind := range world.Kinds {
			if stripped, ok := objects[i].DeepCopyObject().(*corev1.Pod); ok && kind.Strip != nil && kind.Strip(stripped) {
				without := slices.Clone(objects)
				without[i] = stripped
				if differ(without) {
					objects = without
				}
			}
		}
	}
	return objects, true
}

// differInState reports whether two new schedulers that are shown the objects
// differ about the pod, which is one of them.
func (d *duel) differInState(objects []world.Object, pod *corev1.Pod) bool {
	ctx, cancel := context.WithCancel(d.ctx)
	defer cancel()
	trial := &duel{TB: d.TB, ctx: ctx, clock: d.clock, fast: d.fast}
	trial.sides = trial.newSides()
	var infos both[*framework.QueuedPodInfo]
	trial.each(func(i int, s *side.Side) error {
		for _, object := range objects {
			if err := s.Feed.Add(object); err != nil {
				return err
			}
			if of, ok := object.(*corev1.Pod); ok && of.UID == pod.UID {
				info, err := framework.NewPodInfo(of)
				if err != nil {
					return err
				}
				infos[i] = &framework.QueuedPodInfo{PodInfo: info}
			}
		}
		return nil
	})
	trial.Rand = d.Rand
	judged, tried := trial.ask(infos)
	return trial.differentVerdicts(infos[0].Pod, judged, tried).diff != ""
}
