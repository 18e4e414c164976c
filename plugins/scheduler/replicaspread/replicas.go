// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// replicas knows how many replicas a workload has, placed or not: what a
// percentage is of.
//
// It counts the pods that exist, which a controller makes as many as its
// spec.replicas says. The field itself is not to be had for every kind of
// controller, is that of one revision where a Deployment rolls out, and would
// take a watch on every kind that is; the pods are at hand in any case. It goes
// by an index of the pod informer, so it knows every pod that has ever reached
// the scheduling queue. Only pods with a percentage are in it.
type replicas struct {
	// pods is nil where there is no informer.
	pods cache.Indexer
	name string
}

func newReplicas(factory informers.SharedInformerFactory, identity index.Identity) (*replicas, error) {
	if factory == nil {
		return &replicas{}, nil
	}
	informer := factory.Core().V1().Pods().Informer()
	// Profiles that identify workloads alike share an index of the informer.
	r := &replicas{pods: informer.GetIndexer(), name: fmt.Sprint(Name, identity)}
	if _, ok := r.pods.GetIndexers()[r.name]; ok {
		return r, nil
	}
	err := informer.AddIndexers(cache.Indexers{r.name: func(obj any) ([]string, error) {
		pod, ok := obj.(*corev1.Pod)
		if !ok || pod.DeletionTimestamp != nil || !hasPercentage(pod) {
			return nil, nil
		}
		if w, ok := identity.WorkloadOf(pod); ok {
			return []string{w.ID}, nil
		}
		return nil, nil
	}})
	if err != nil {
		return nil, fmt.Errorf("adding an index to the pod informer: %w", err)
	}
	return r, nil
}

// of returns the number of replicas of a workload with so many placed ones, for
// the caps of a pod that is not. The pod itself is among them. It is not looked
// up where no cap is a percentage.
func (r *replicas) of(workload string, placed int32, caps []limit) (int32, error) {
	n := placed + 1
	for _, c := range caps {
		if !c.percent || r.pods == nil {
			continue
		}
		keys, err := r.pods.IndexKeys(r.name, workload)
		if err != nil {
			return 0, fmt.Errorf("looking up the replicas of a workload: %w", err)
		}
		// Replicas from before the annotation was added are placed, and not among
		// the keys.
		return max(n, int32(len(keys))), nil
	}
	return n, nil
}

func hasPercentage(pod *corev1.Pod) bool {
	for name, value := range pod.Annotations {
		if strings.HasPrefix(name, wellknown.SpreadMaxPerPrefix) && strings.HasSuffix(value, "%") {
			return true
		}
	}
	return false
}
