// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutatortest

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

// Objects is what a kubelet reads the values of environment variables from.
type Objects struct {
	// ConfigMaps and Secrets by name, then key.
	ConfigMaps, Secrets map[string]map[string]string
	// Files of fileKeyRef by volume and path, joined with a slash, then key.
	Files map[string]map[string]string
	// Fields of the pod and resources of the container by their paths, such as
	// "metadata.name" and "limits.memory".
	Fields map[string]string
	// Services are the variables that tell of services.
	Services map[string]string
}

// ResolveEnv returns a container's environment as a kubelet of v1.37.2 makes it,
// or why the container does not start. It restates makeEnvironmentVariables of
// k8s.io/kubernetes/pkg/kubelet/kubelet_pods.go, which cannot be called from
// outside; TestResolveEnvIsOfThisKubelet tells when that changes. The references
// are resolved by the kubelet's own code.
func ResolveEnv(c *corev1.Container, objects Objects) (map[string]string, error) {
	env := map[string]string{}
	for _, from := range c.EnvFrom {
		var data map[string]string
		var found bool
		var optional *bool
		switch {
		case from.ConfigMapRef != nil:
			data, found = objects.ConfigMaps[from.ConfigMapRef.Name]
			optional = from.ConfigMapRef.Optional
		case from.SecretRef != nil:
			data, found = objects.Secrets[from.SecretRef.Name]
			optional = from.SecretRef.Optional
		default:
			continue
		}
		if !found && !isTrue(optional) {
			return nil, fmt.Errorf("an object of envFrom is not there")
		}
		for key, value := range data {
			env[from.Prefix+key] = value
		}
	}
	mapping := expansion.MappingFuncFor(env, objects.Services)
	for i := range c.Env {
		e := &c.Env[i]
		value := e.Value
		switch {
		case value != "":
			value = expansion.Expand(value, mapping)
		case e.ValueFrom != nil:
			var found, optional bool
			value, found, optional = resolveSource(e.ValueFrom, objects)
			if !found && optional {
				continue
			}
			if !found {
				return nil, fmt.Errorf("the source of %s is not there", e.Name)
			}
		}
		env[e.Name] = value
	}
	for name, value := range objects.Services {
		if _, ok := env[name]; !ok {
			env[name] = value
		}
	}
	return env, nil
}

// resolveSource returns the value of a valueFrom and whether there is one.
func resolveSource(from *corev1.EnvVarSource, objects Objects) (value string, found, optional bool) {
	switch {
	case from.FieldRef != nil:
		return objects.Fields[from.FieldRef.FieldPath], true, false
	case from.ResourceFieldRef != nil:
		return objects.Fields[from.ResourceFieldRef.Resource], true, false
	case from.ConfigMapKeyRef != nil:
		value, found = objects.ConfigMaps[from.ConfigMapKeyRef.Name][from.ConfigMapKeyRef.Key]
		return value, found, isTrue(from.ConfigMapKeyRef.Optional)
	case from.SecretKeyRef != nil:
		value, found = objects.Secrets[from.SecretKeyRef.Name][from.SecretKeyRef.Key]
		return value, found, isTrue(from.SecretKeyRef.Optional)
	case from.FileKeyRef != nil:
		// An empty value is one that is not there.
		value = objects.Files[from.FileKeyRef.VolumeName+"/"+from.FileKeyRef.Path][from.FileKeyRef.Key]
		return value, value != "", isTrue(from.FileKeyRef.Optional)
	}
	return "", true, false
}

// ExpandCommand returns a container's command and arguments as a kubelet starts
// them with an environment.
func ExpandCommand(c *corev1.Container, env map[string]string) []string {
	mapping := expansion.MappingFuncFor(maps.Clone(env))
	var out []string
	for _, list := range [][]string{c.Command, c.Args} {
		for _, word := range list {
			out = append(out, expansion.Expand(word, mapping))
		}
	}
	return out
}

func isTrue(b *bool) bool { return b != nil && *b }
