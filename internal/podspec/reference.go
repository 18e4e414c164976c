// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"iter"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// privateName returns the name of the variable that holds a user's options of a
// channel. Only letters, digits and underscores of the channel's name stay, so
// that $(name) can be written whatever the channel is called.
func privateName(channel string) string {
	return wellknown.PrivateEnvPrefix + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, channel)
}

// isPrivate reports whether name is that of a variable for a channel: the first
// choice, or one with a number for a container in which that was taken.
func isPrivate(name, channel string) bool {
	rest, ok := strings.CutPrefix(name, privateName(channel))
	if !ok || rest == "" {
		return ok
	}
	n, err := strconv.Atoi(strings.TrimPrefix(rest, "_"))
	return err == nil && n > 1 && rest == "_"+strconv.Itoa(n)
}

// freePrivateName returns the first private name for a channel that no entry of
// the container has.
func freePrivateName(c *corev1.Container, channel string) string {
	first := privateName(channel)
	for name, n := first, 2; ; n++ {
		if indexEnv(c, name) < 0 {
			return name
		}
		name = first + "_" + strconv.Itoa(n)
	}
}

// privateIn returns the private name for a channel that a value refers to.
func privateIn(value, channel string) (string, bool) {
	if !strings.Contains(value, wellknown.PrivateEnvPrefix) {
		return "", false
	}
	for name := range references(value) {
		if isPrivate(name, channel) {
			return name, true
		}
	}
	return "", false
}

// reference is what a kubelet replaces by the value of a variable.
func reference(name string) string { return "$(" + name + ")" }

// references yields the names of the variables that a kubelet would put into a
// value, as k8s.io/kubernetes/third_party/forked/golang/expansion reads it: $$
// is a dollar sign, and an open $( is text.
func references(value string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			i := strings.IndexByte(value, '$')
			if i < 0 || i+1 == len(value) {
				return
			}
			next := value[i+1]
			value = value[i+2:]
			if next != '(' {
				// An escaped dollar sign, or one that stands for itself. What follows the
				// latter is no dollar sign.
				continue
			}
			end := strings.IndexByte(value, ')')
			if end < 0 {
				// No later one is closed either.
				return
			}
			if !yield(value[:end]) {
				return
			}
			value = value[end+1:]
		}
	}
}

// refersTo reports whether a kubelet would put the variable into the value.
func refersTo(value, name string) bool {
	if !strings.Contains(value, name) {
		return false
	}
	for n := range references(value) {
		if n == name {
			return true
		}
	}
	return false
}

// isLiteral reports whether an entry holds its value itself.
func isLiteral(env *corev1.EnvVar) bool { return env.ValueFrom == nil }

// isOptional reports whether a kubelet may pass over an entry, so that what
// stands above it counts. All others have a value, or the container does not
// start.
func isOptional(env *corev1.EnvVar) bool {
	from := env.ValueFrom
	var optional *bool
	switch {
	case from == nil:
	case from.ConfigMapKeyRef != nil:
		optional = from.ConfigMapKeyRef.Optional
	case from.SecretKeyRef != nil:
		optional = from.SecretKeyRef.Optional
	case from.FileKeyRef != nil:
		optional = from.FileKeyRef.Optional
	}
	return optional != nil && *optional
}

// envFromKeys returns, for each envFrom of a container that may bring a
// variable, in their order, the reference to the one key that would. It is
// optional, because most ConfigMaps and Secrets do not have the key. Sources that
// cannot exist, or cannot have such a key, are left out: a reference to them
// would make the pod invalid.
func envFromKeys(c *corev1.Container, name string) []*corev1.EnvVarSource {
	var out []*corev1.EnvVarSource
	for _, from := range c.EnvFrom {
		key, ok := envFromKey(from.Prefix, name)
		if !ok {
			continue
		}
		optional := true
		switch {
		case from.ConfigMapRef != nil && canExist(from.ConfigMapRef.Name):
			out = append(out, &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
				LocalObjectReference: from.ConfigMapRef.LocalObjectReference, Key: key, Optional: &optional}})
		case from.SecretRef != nil && canExist(from.SecretRef.Name):
			out = append(out, &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: from.SecretRef.LocalObjectReference, Key: key, Optional: &optional}})
		}
	}
	return out
}

// envFromKey returns the key that an envFrom with a prefix makes the variable of
// that name of, if there is one.
func envFromKey(prefix, name string) (string, bool) {
	key, ok := strings.CutPrefix(name, prefix)
	return key, ok && len(validation.IsConfigMapKey(key)) == 0
}

func canExist(object string) bool { return len(validation.IsDNS1123Subdomain(object)) == 0 }
