// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutatortest

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// Drawable returns what the containers of a Draw read from: each ConfigMap and
// Secret is there with the variable for JVM options, there without it, or not
// there.
func Drawable() Objects {
	return Objects{
		ConfigMaps: map[string]map[string]string{
			"with": {wellknown.JavaToolOptions: "-Dfrom=configmap", "TOOL_OPTIONS": "-Dfrom=prefix", "options": "-Dfrom='key of'  configmap",
				"OTHER": "1", "dollar": "-Da=$(OTHER) $$x"},
			"without": {"OTHER": "2"},
		},
		Secrets: map[string]map[string]string{
			"with":    {wellknown.JavaToolOptions: "-Dfrom=secret", "options": "-Dfrom=key-of-secret"},
			"without": {},
		},
		Files:  map[string]map[string]string{"files/env": {"options": "-Dfrom=file"}},
		Fields: map[string]string{"metadata.annotations['java']": "-Dfrom=annotation", "limits.memory": "1073741824"},
	}
}

// Draw makes choices of a fuzzer's bytes; when they are used up it draws the
// first of everything.
type Draw struct{ bytes []byte }

// NewDraw returns a Draw of these bytes.
func NewDraw(bytes []byte) *Draw { return &Draw{bytes: bytes} }

// N draws a number below n.
func (d *Draw) N(n int) int {
	if len(d.bytes) == 0 {
		return 0
	}
	b := d.bytes[0]
	d.bytes = d.bytes[1:]
	return int(b) % n
}

func pick[T any](d *Draw, from ...T) T { return from[d.N(len(from))] }

func (d *Draw) optional() *bool {
	return pick(d, nil, new(bool), ptr.To(true))
}

// value is a literal value: text is what the fuzzer makes up.
func (d *Draw) value(text string) string {
	return pick(d, "-Du=1", "", text, "$(JAVA_TOOL_OPTIONS) -Dv", "$(A)", "$$(JAVA_TOOL_OPTIONS)", "-Da=$(B) $(NONE)", " -Du=2 ",
		"$(", "$", "-Da='b  c'\t-Dd", "$(A) "+text+" $(JAVA_TOOL_OPTIONS)", "$$$(A)", text+"$")
}

// source is any valueFrom that the API server takes.
func (d *Draw) source() *corev1.EnvVarSource {
	object := corev1.LocalObjectReference{Name: pick(d, "with", "without", "none")}
	key := pick(d, "options", wellknown.JavaToolOptions, "OTHER")
	switch d.N(5) {
	case 0:
		return &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: object, Key: key, Optional: d.optional()}}
	case 1:
		return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: object, Key: key, Optional: d.optional()}}
	case 2:
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: pick(d, "metadata.annotations['java']", "metadata.name")}}
	case 3:
		return &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"}}
	}
	return &corev1.EnvVarSource{FileKeyRef: &corev1.FileKeySelector{VolumeName: "files", Path: pick(d, "env", "other"), Key: key, Optional: d.optional()}}
}

// Container draws a container, app, whose JAVA_TOOL_OPTIONS and other variables
// come from any mix of sources, of which Drawable has some. text is a literal value
// that the fuzzer makes up.
func (d *Draw) Container(text string) corev1.Container {
	c := corev1.Container{Name: "app", Image: "registry.example/app:1"}
	for range d.N(7) {
		env := corev1.EnvVar{Name: pick(d, wellknown.JavaToolOptions, "A", "B", "JAVA_OPTS", wellknown.JavaToolOptions)}
		if d.N(2) == 0 {
			env.Value = d.value(text)
		} else {
			env.ValueFrom = d.source()
		}
		c.Env = append(c.Env, env)
	}
	for range d.N(4) {
		from := corev1.EnvFromSource{Prefix: pick(d, "", "JAVA_", "APP_", wellknown.JavaToolOptions, "JAVA_TOOL_OPTION")}
		object := corev1.LocalObjectReference{Name: pick(d, "with", "without", "none", "none-")}
		if d.N(2) == 0 {
			from.ConfigMapRef = &corev1.ConfigMapEnvSource{LocalObjectReference: object, Optional: d.optional()}
		} else {
			from.SecretRef = &corev1.SecretEnvSource{LocalObjectReference: object, Optional: d.optional()}
		}
		c.EnvFrom = append(c.EnvFrom, from)
	}
	return c
}
