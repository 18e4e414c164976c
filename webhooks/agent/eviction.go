// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// safeToEvictAnnotation lists the volumes of a pod that the cluster autoscaler may
// lose with a node that it removes, separated by commas
// (kubernetes/autoscaler, cluster-autoscaler/utils/drain).
const safeToEvictAnnotation = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"

// evictionPath is the annotation as a JSON Pointer.
const evictionPath = "/metadata/annotations/cluster-autoscaler.kubernetes.io~1safe-to-evict-local-volumes"

// nameVolumes brings the names of Evenkeel's volumes in the annotation up to date.
// Others' stay as they are. again says that an earlier pass may have put names
// there that are to go.
func (m *Mutator) nameVolumes(e *podspec.Editor, again bool) {
	name := *m.cfg.SafeToEvictLocalVolumes
	if !name && !again {
		return
	}
	current, ok := e.Pod().Annotations[safeToEvictAnnotation]
	var names []string
	if ok {
		for entry := range strings.SplitSeq(current, ",") {
			if !reserved(strings.TrimSpace(entry)) {
				names = append(names, entry)
			}
		}
	}
	if name {
		for _, v := range e.Pod().Spec.Volumes {
			if reserved(v.Name) && v.EmptyDir != nil {
				names = append(names, v.Name)
			}
		}
	}
	switch value := strings.Join(names, ","); {
	case value != "":
		e.SetAnnotation(safeToEvictAnnotation, value)
	case current != "":
		e.RemoveAnnotation(safeToEvictAnnotation)
	}
}

// overflow returns why a pod may be evicted for what its agents write, or "". A
// kubelet evicts a pod whose emptyDirs, logs and writable layers come to more
// than the limits of its containers together
// (pkg/kubelet/eviction, podEphemeralStorageLimitEviction).
func overflow(req *mutate.Request, pod *corev1.Pod) string {
	var limit, volumes resource.Quantity
	for _, c := range pod.Spec.Containers {
		if q, ok := req.UserStorageLimit(&c); ok {
			limit.Add(q)
		}
	}
	for _, v := range pod.Spec.Volumes {
		if reserved(v.Name) && v.EmptyDir != nil && v.EmptyDir.SizeLimit != nil {
			volumes.Add(*v.EmptyDir.SizeLimit)
		}
	}
	if limit.IsZero() || volumes.Cmp(limit) <= 0 {
		return ""
	}
	return fmt.Sprintf("up to %s of %s", volumes.String(), limit.String())
}
