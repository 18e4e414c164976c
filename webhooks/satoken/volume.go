// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package satoken

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

// What the ServiceAccount plugin of the API server adds to a pod
// (kubernetes v1.37, plugin/pkg/admission/serviceaccount/admission.go).
const (
	// volumePrefix begins the name of its volume; a random suffix follows. Without
	// the hyphen it is not the plugin's: Linkerd's control plane declares a volume
	// named exactly kube-api-access.
	volumePrefix = "kube-api-access-"
	// mountPath is where it mounts the volume.
	mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// removeToken removes the plugin's volume and its mounts. A volume that is also
// mounted elsewhere is the author's, which the plugin has found and used; it
// stays for those mounts.
func removeToken(e *podspec.Editor) {
	var volumes []string
	for _, v := range e.Pod().Spec.Volumes {
		if isPlugins(&v) {
			volumes = append(volumes, v.Name)
		}
	}
	for _, name := range volumes {
		stays := false
		for _, c := range containers(e.Pod()) {
			e.RemoveVolumeMount(c.Name, name, mountPath)
			stays = stays || mounts(e.Container(c.Name), name)
		}
		if !stays {
			e.RemoveVolume(name)
		}
	}
}

// isPlugins reports whether a volume is one that the plugin adds: its name, and
// exactly its three sources.
func isPlugins(v *corev1.Volume) bool {
	if !strings.HasPrefix(v.Name, volumePrefix) || v.Projected == nil || len(v.Projected.Sources) != 3 {
		return false
	}
	var token, ca, namespace bool
	for _, s := range v.Projected.Sources {
		token = token || isToken(s)
		ca = ca || isCA(s)
		namespace = namespace || isNamespace(s)
	}
	return token && ca && namespace
}

// isToken: a token for the API server itself, under its usual name.
func isToken(s corev1.VolumeProjection) bool {
	t := s.ServiceAccountToken
	return t != nil && t.Audience == "" && t.Path == "token"
}

func isCA(s corev1.VolumeProjection) bool {
	c := s.ConfigMap
	return c != nil && c.Name == "kube-root-ca.crt" && len(c.Items) == 1 && c.Items[0].Path == "ca.crt"
}

func isNamespace(s corev1.VolumeProjection) bool {
	d := s.DownwardAPI
	return d != nil && len(d.Items) == 1 && d.Items[0].Path == "namespace" &&
		d.Items[0].FieldRef != nil && d.Items[0].FieldRef.FieldPath == "metadata.namespace"
}

// mountedInPlace returns the name of a volume that some container mounts where
// the plugin would, or "".
func mountedInPlace(pod *corev1.Pod) string {
	for _, c := range containers(pod) {
		for _, m := range c.VolumeMounts {
			if m.MountPath == mountPath {
				return m.Name
			}
		}
	}
	return ""
}

func mounts(c *corev1.Container, volume string) bool {
	for _, m := range c.VolumeMounts {
		if m.Name == volume {
			return true
		}
	}
	return false
}

// containers returns the containers that a pod can be created with: the
// ephemeral ones come later, by another way.
func containers(pod *corev1.Pod) []corev1.Container {
	out := make([]corev1.Container, 0, len(pod.Spec.InitContainers)+len(pod.Spec.Containers))
	return append(append(out, pod.Spec.InitContainers...), pod.Spec.Containers...)
}
