// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// nodeKinds choose nodes by their labels, names and taints.
var nodeKinds = []Kind{
	{Name: "node selector", Percent: 8, add: addNodeSelector, Strip: func(pod *corev1.Pod) bool {
		had := len(pod.Spec.NodeSelector) > 0
		pod.Spec.NodeSelector = nil
		return had
	}},
	expressionKind("node affinity In", corev1.NodeSelectorOpIn, func(w *World) (string, []string) {
		return w.labelValues(1 + w.IntN(2))
	}),
	expressionKind("node affinity NotIn", corev1.NodeSelectorOpNotIn, func(w *World) (string, []string) {
		return w.labelValues(1 + w.IntN(2))
	}),
	expressionKind("node affinity Exists", corev1.NodeSelectorOpExists, func(w *World) (string, []string) {
		return pick(w, []string{diskLabel, coresLabel, corev1.LabelTopologyZone}), nil
	}),
	expressionKind("node affinity DoesNotExist", corev1.NodeSelectorOpDoesNotExist, func(w *World) (string, []string) {
		return pick(w, []string{diskLabel, coresLabel, "example.com/none"}), nil
	}),
	expressionKind("node affinity Gt", corev1.NodeSelectorOpGt, func(w *World) (string, []string) {
		return coresLabel, []string{pick(w, []string{"3", "4", "8"})}
	}),
	expressionKind("node affinity Lt", corev1.NodeSelectorOpLt, func(w *World) (string, []string) {
		return coresLabel, []string{pick(w, []string{"8", "16", "17"})}
	}),
	{Name: "node affinity matchFields", Percent: 5, add: addMatchFields, Strip: stripFromTerms(func(term *corev1.NodeSelectorTerm) bool {
		had := len(term.MatchFields) > 0
		term.MatchFields = nil
		return had
	})},
	{Name: "preferred node affinity", Percent: 8, add: func(w *World, pod *corev1.Pod) {
		affinity := nodeAffinity(pod)
		key, values := w.labelValues(1)
		affinity.PreferredDuringSchedulingIgnoredDuringExecution = append(affinity.PreferredDuringSchedulingIgnoredDuringExecution,
			corev1.PreferredSchedulingTerm{Weight: int32(1 + w.IntN(100)), Preference: corev1.NodeSelectorTerm{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: values}},
			}})
	}},
	tolerationKind("toleration Equal", 25, func(t corev1.Toleration) bool { return t.Operator == corev1.TolerationOpEqual }, func(w *World) corev1.Toleration {
		return corev1.Toleration{Key: pick(w, taintKeys), Operator: corev1.TolerationOpEqual, Value: pick(w, teams)}
	}),
	tolerationKind("toleration Exists", 12, func(t corev1.Toleration) bool { return t.Operator == corev1.TolerationOpExists && t.Key != "" }, func(w *World) corev1.Toleration {
		return corev1.Toleration{Key: pick(w, taintKeys), Operator: corev1.TolerationOpExists}
	}),
	tolerationKind("toleration of everything", 4, func(t corev1.Toleration) bool { return t.Key == "" }, func(*World) corev1.Toleration {
		return corev1.Toleration{Operator: corev1.TolerationOpExists}
	}),
	tolerationKind("tolerationSeconds", 12, func(t corev1.Toleration) bool { return t.TolerationSeconds != nil }, func(w *World) corev1.Toleration {
		return corev1.Toleration{Key: pick(w, taintKeys), Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To(int64(w.IntN(600)))}
	}),
}

func (w *World) labelValues(n int) (string, []string) {
	switch w.IntN(3) {
	case 0:
		return diskLabel, some(w, disks, n)
	case 1:
		return corev1.LabelTopologyZone, some(w, zones, n)
	}
	return coresLabel, some(w, cores, n)
}

// some returns n different ones.
func some[T any](w *World, of []T, n int) []T {
	of = slices.Clone(of)
	w.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	return of[:min(n, len(of))]
}

func addNodeSelector(w *World, pod *corev1.Pod) {
	key, values := w.labelValues(1)
	if pod.Spec.NodeSelector == nil {
		pod.Spec.NodeSelector = map[string]string{}
	}
	pod.Spec.NodeSelector[key] = values[0]
}

func nodeAffinity(pod *corev1.Pod) *corev1.NodeAffinity {
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	if pod.Spec.Affinity.NodeAffinity == nil {
		pod.Spec.Affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	return pod.Spec.Affinity.NodeAffinity
}

// term returns a term of the pod's required node affinity: often one that is
// there, so that its requirements are combined, and otherwise an alternative.
func (w *World) term(pod *corev1.Pod) *corev1.NodeSelectorTerm {
	affinity := nodeAffinity(pod)
	if affinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		affinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{}
	}
	terms := &affinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	if len(*terms) == 0 || w.percent(30) {
		*terms = append(*terms, corev1.NodeSelectorTerm{})
	}
	return &(*terms)[len(*terms)-1]
}

func expressionKind(name string, op corev1.NodeSelectorOperator, draw func(*World) (string, []string)) Kind {
	is := func(r corev1.NodeSelectorRequirement) bool { return r.Operator == op }
	return Kind{Name: name, Percent: 4,
		add: func(w *World, pod *corev1.Pod) {
			key, values := draw(w)
			term := w.term(pod)
			term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{Key: key, Operator: op, Values: values})
		},
		Strip: stripFromTerms(func(term *corev1.NodeSelectorTerm) bool {
			n := len(term.MatchExpressions)
			term.MatchExpressions = slices.DeleteFunc(term.MatchExpressions, is)
			return len(term.MatchExpressions) != n
		}),
	}
}

func addMatchFields(w *World, pod *corev1.Pod) {
	nodes := w.Nodes()
	if len(nodes) == 0 {
		return
	}
	term := w.term(pod)
	term.MatchFields = append(term.MatchFields, corev1.NodeSelectorRequirement{
		Key: "metadata.name", Operator: pick(w, []corev1.NodeSelectorOperator{corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn}),
		Values: []string{pick(w, nodes).Name},
	})
}

// stripFromTerms returns what edits the terms of required node affinity. A term
// without a requirement, which would match nothing, is left out.
func stripFromTerms(edit func(*corev1.NodeSelectorTerm) bool) func(*corev1.Pod) bool {
	return func(pod *corev1.Pod) bool {
		if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil || pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
			return false
		}
		affinity, edited := pod.Spec.Affinity.NodeAffinity, false
		terms := &affinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
		for i := range *terms {
			edited = edit(&(*terms)[i]) || edited
		}
		*terms = slices.DeleteFunc(*terms, func(t corev1.NodeSelectorTerm) bool { return len(t.MatchExpressions)+len(t.MatchFields) == 0 })
		if len(*terms) == 0 {
			affinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
		}
		return edited
	}
}

func tolerationKind(name string, percent int, is func(corev1.Toleration) bool, draw func(*World) corev1.Toleration) Kind {
	tolerations := func(pod *corev1.Pod) *[]corev1.Toleration { return &pod.Spec.Tolerations }
	return Kind{Name: name, Percent: percent, Strip: stripAll(tolerations, is), suit: func(w *World) { w.tainted = 25 }, add: func(w *World, pod *corev1.Pod) {
		t := draw(w)
		if t.Effect == "" && w.percent(30) {
			t.Effect = pick(w, []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule})
		}
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, t)
	}}
}
