// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package guardtest

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
	"k8s.io/utils/ptr"
)

// Random draws what the objects of a cluster are made of. From few names and labels,
// selectors often nearly match.
type Random struct {
	*rand.Rand
	pods int
}

// Percent is true in so many cases of 100.
func (r *Random) Percent(p int) bool { return r.IntN(100) < p }

// Pick returns one of several.
func Pick[T any](r interface{ IntN(n int) int }, of []T) T { return of[r.IntN(len(of))] }

// Labels returns a random value for some of the keys, each with a probability in
// percent, or nil.
func (r *Random) Labels(percent int, keys []string, values map[string][]string) map[string]string {
	var labels map[string]string
	for _, key := range keys {
		if r.Percent(percent) {
			if labels == nil {
				labels = map[string]string{}
			}
			labels[key] = Pick(r, values[key])
		}
	}
	return labels
}

// NewPod returns a pod of one of the namespaces, of some priority, without labels.
func (r *Random) NewPod(namespaces []string) *corev1.Pod {
	r.pods++
	name := fmt.Sprintf("pod-%d", r.pods)
	return st.MakePod().Namespace(Pick(r, namespaces)).Name(name).UID(name).Priority(int32(r.IntN(3))).Obj()
}

// Selector returns a selector with one to three requirements: with a probability in
// percent a value that a label must have, or else an expression. A NotIn has the
// values that excluded returns.
func (r *Random) Selector(percent int, keys []string, values map[string][]string, excluded func([]string) []string) *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	for {
		key := Pick(r, keys)
		if r.Percent(percent) {
			if s.MatchLabels == nil {
				s.MatchLabels = map[string]string{}
			}
			s.MatchLabels[key] = Pick(r, values[key])
		} else {
			s.MatchExpressions = append(s.MatchExpressions, r.expression(key, values[key], excluded))
		}
		if !r.Percent(40) || len(s.MatchLabels)+len(s.MatchExpressions) == 3 {
			return s
		}
	}
}

func (r *Random) expression(key string, values []string, excluded func([]string) []string) metav1.LabelSelectorRequirement {
	switch r.IntN(6) {
	case 0:
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpExists}
	case 1:
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpDoesNotExist}
	case 2:
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: excluded(values)}
	default:
		return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: r.Some(values)}
	}
}

// One returns one of the values.
func (r *Random) One(values []string) []string { return []string{Pick(r, values)} }

// Some returns one to three of the values. The same one twice is legal in a selector.
func (r *Random) Some(values []string) []string {
	var some []string
	for range 1 + r.IntN(3) {
		some = append(some, Pick(r, values))
	}
	return some
}

// grouped returns the pod as one of a pod group.
func grouped(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	pod.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{PodGroupName: ptr.To("group")}
	return pod
}
