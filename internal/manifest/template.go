// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/json"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	kjson "sigs.k8s.io/json"
)

// workloadKind is a kind of object that is a pod or holds a pod template.
type workloadKind struct {
	// pointer to the pod or the template in the object.
	pointer string
	// new returns an empty object, and a function that returns its template once
	// it is filled. The template of a pod is the pod's metadata and spec.
	new func() (object any, template func() corev1.PodTemplateSpec)
}

// workloadKinds are the kinds that Parse looks into, by apiVersion and kind.
var workloadKinds = map[string]workloadKind{
	"v1 Pod": {new: func() (any, func() corev1.PodTemplateSpec) {
		o := &corev1.Pod{}
		return o, func() corev1.PodTemplateSpec { return corev1.PodTemplateSpec{ObjectMeta: o.ObjectMeta, Spec: o.Spec} }
	}},
	"v1 ReplicationController": {pointer: "/spec/template", new: func() (any, func() corev1.PodTemplateSpec) {
		o := &corev1.ReplicationController{}
		return o, func() corev1.PodTemplateSpec {
			if o.Spec.Template == nil {
				return corev1.PodTemplateSpec{}
			}
			return *o.Spec.Template
		}
	}},
	"apps/v1 Deployment": {pointer: "/spec/template", new: func() (any, func() corev1.PodTemplateSpec) {
		o := &appsv1.Deployment{}
		return o, func() corev1.PodTemplateSpec { return o.Spec.Template }
	}},
	"apps/v1 StatefulSet": {pointer: "/spec/template", new: func() (any, func() corev1.PodTemplateSpec) {
		o := &appsv1.StatefulSet{}
		return o, func() corev1.PodTemplateSpec { return o.Spec.Template }
	}},
	"apps/v1 DaemonSet": {pointer: "/spec/template", new: func() (any, func() corev1.PodTemplateSpec) {
		o := &appsv1.DaemonSet{}
		return o, func() corev1.PodTemplateSpec { return o.Spec.Template }
	}},
	"apps/v1 ReplicaSet": {pointer: "/spec/template", new: func() (any, func() corev1.PodTemplateSpec) {
		o := &appsv1.ReplicaSet{}
		return o, func() corev1.PodTemplateSpec { return o.Spec.Template }
	}},
	"batch/v1 Job": {pointer: "/spec/template", new: func() (any, func() corev1.PodTemplateSpec) {
		o := &batchv1.Job{}
		return o, func() corev1.PodTemplateSpec { return o.Spec.Template }
	}},
	"batch/v1 CronJob": {pointer: "/spec/jobTemplate/spec/template", new: func() (any, func() corev1.PodTemplateSpec) {
		o := &batchv1.CronJob{}
		return o, func() corev1.PodTemplateSpec { return o.Spec.JobTemplate.Spec.Template }
	}},
}

// retired are the groups and versions that once served the kinds above and that
// no supported Kubernetes serves.
var retired = map[string]bool{
	"extensions/v1beta1": true, "apps/v1beta1": true, "apps/v1beta2": true,
	"batch/v1beta1": true, "batch/v2alpha1": true,
}

// Retired reports whether the object is a workload of an apiVersion that no
// supported Kubernetes serves any more.
func (o *Object) Retired() bool {
	if !retired[o.APIVersion] {
		return false
	}
	for name := range workloadKinds {
		if strings.HasSuffix(name, " "+o.Kind) {
			return true
		}
	}
	return false
}

// Template is the pod that an object is, or the pod template that it holds.
type Template struct {
	// Pod with the template's metadata and spec.
	Pod *corev1.Pod
	// Bare says that the object is the pod itself.
	Bare bool

	// pointer to it in the document.
	pointer string
	// missing are the members that patches of pods take for granted and that are
	// not there: metadata and spec of a live pod always are.
	missing []string
}

// Template returns the pod or pod template of the object, or nil when it has
// none: it is of another kind, or a fragment without containers, as a patch for
// kustomize may be. An error is an *Error: a field of the object does not have
// the type that Kubernetes wants. Fields that Kubernetes does not know are no
// error.
func (o *Object) Template() (*Template, error) {
	kind, ok := workloadKinds[o.APIVersion+" "+o.Kind]
	if !ok {
		return nil, nil
	}
	decode := func(content []byte) error {
		object, _ := kind.new()
		return kjson.UnmarshalCaseSensitivePreserveInts(content, object)
	}
	object, template := kind.new()
	if err := kjson.UnmarshalCaseSensitivePreserveInts(o.content, object); err != nil {
		pointer, message := locate(o.content, decode)
		return nil, o.fault(pointer, message)
	}
	t := template()
	if len(t.Spec.Containers) == 0 {
		return nil, nil
	}
	out := &Template{
		Pod:     &corev1.Pod{ObjectMeta: t.ObjectMeta, Spec: t.Spec},
		Bare:    kind.pointer == "",
		pointer: o.pointer + kind.pointer,
	}
	out.findMissing(o.content, kind.pointer)
	return out, nil
}

func (t *Template) findMissing(content json.RawMessage, pointer string) {
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if token == "" {
			continue
		}
		var members map[string]json.RawMessage
		// It has been decoded into a typed object before.
		_ = json.Unmarshal(content, &members)
		content = members[token]
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(content, &members)
	if raw := members["metadata"]; raw == nil || string(raw) == "null" {
		t.missing = append(t.missing, "metadata")
	}
}

// Operations returns the operations on the document that make the given ones on
// its pod.
func (t *Template) Operations(pod []jsonpatch.Operation) []jsonpatch.Operation {
	if len(pod) == 0 {
		return nil
	}
	var out []jsonpatch.Operation
	for _, name := range t.missing {
		out = append(out, jsonpatch.NewOperation("add", t.pointer+"/"+name, map[string]any{}))
	}
	for _, op := range pod {
		op.Path = t.pointer + op.Path
		out = append(out, op)
	}
	return out
}
