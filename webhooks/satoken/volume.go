// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package satoken

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
)

// What the ServiceAccount plugin of the API server adds to a pod
// (kubernetes v1.37.2, plugin/pkg/admission/serviceaccount/admission.go,
// mountServiceAccountToken and TokenVolumeSource).
const (
	// volumePrefix begins the name of its volume; a random suffix follows. Without
	// the hyphen it is not the plugin's: Linkerd's control plane declares a volume
	// named exactly kube-api-access.
	volumePrefix = "kube-api-access-"
	// mountPath is where it mounts the volume.
	mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"
	// tokenSeconds is the life of its token. It is no round number, so that the API
	// server tells such tokens from those that users declare.
	tokenSeconds = 3607

	tokenFile     = "token"
	caFile        = "ca.crt"
	namespaceFile = "namespace"
)

// remove removes what the plugin has added: its volume and its mounts, or the
// token in it. A volume that is also mounted in another way is the author's,
// which the plugin has found and used; it stays for those mounts, with its token.
func remove(e *podspec.Editor, what v1alpha1.TokenRemoval) {
	for _, v := range pluginVolumes(e.Pod()) {
		if what == v1alpha1.RemovalToken && isPluginsAlone(e.Pod(), v.Name) {
			e.RemoveProjectedSource(v.Name, slices.IndexFunc(v.Projected.Sources, isToken))
			continue
		}
		stays := false
		for _, c := range containers(e.Pod()) {
			if plain := !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
				return m.Name == v.Name && m.MountPath == mountPath && !isPluginsMount(m)
			}); plain {
				e.RemoveVolumeMount(c.Name, v.Name, mountPath)
			}
			stays = stays || mounts(e.Container(c.Name), v.Name)
		}
		if !stays {
			e.RemoveVolume(v.Name)
		}
	}
}

// pluginVolumes returns the volumes that the plugin has added, or that are the
// very same: a pod may be a copy of a live one.
func pluginVolumes(pod *corev1.Pod) []corev1.Volume {
	return slices.DeleteFunc(slices.Clone(pod.Spec.Volumes), func(v corev1.Volume) bool { return !isPlugins(&v) })
}

// isPlugins reports whether a volume is one that the plugin adds: its name, and
// exactly its three sources.
func isPlugins(v *corev1.Volume) bool {
	return hasSources(v, isToken, isCA, isNamespace)
}

// isRemainder reports whether a volume is one of the plugin's from which the token
// was taken.
func isRemainder(v *corev1.Volume) bool {
	return hasSources(v, isCA, isNamespace)
}

// hasSources reports whether a volume is named as the plugin names its own and has
// one source of each kind, and no other.
func hasSources(v *corev1.Volume, kinds ...func(corev1.VolumeProjection) bool) bool {
	if !strings.HasPrefix(v.Name, volumePrefix) || v.Projected == nil || !isDefaultMode(v.Projected.DefaultMode) ||
		len(v.Projected.Sources) != len(kinds) {
		return false
	}
	for _, is := range kinds {
		if !slices.ContainsFunc(v.Projected.Sources, is) {
			return false
		}
	}
	return true
}

// isToken: a token for the API server itself, under the plugin's name and with
// its life.
func isToken(s corev1.VolumeProjection) bool {
	t := s.ServiceAccountToken
	return t != nil && t.Audience == "" && t.Path == tokenFile && t.ExpirationSeconds != nil && *t.ExpirationSeconds == tokenSeconds
}

func isCA(s corev1.VolumeProjection) bool {
	c := s.ConfigMap
	return c != nil && c.Name == "kube-root-ca.crt" && c.Optional == nil && len(c.Items) == 1 &&
		c.Items[0] == corev1.KeyToPath{Key: caFile, Path: caFile}
}

func isNamespace(s corev1.VolumeProjection) bool {
	d := s.DownwardAPI
	return d != nil && len(d.Items) == 1 && d.Items[0].Path == namespaceFile && d.Items[0].Mode == nil &&
		d.Items[0].FieldRef != nil && d.Items[0].FieldRef.FieldPath == "metadata.namespace"
}

// isDefaultMode: the plugin writes the API server's default.
func isDefaultMode(mode *int32) bool {
	return mode == nil || *mode == corev1.ProjectedVolumeSourceDefaultMode
}

// isPluginsMount reports whether a mount is as the plugin makes it.
func isPluginsMount(m corev1.VolumeMount) bool {
	return m.ReadOnly && m.MountPath == mountPath && m.SubPath == "" && m.SubPathExpr == "" && m.MountPropagation == nil
}

// isPluginsAlone reports whether all mounts of a volume are as the plugin makes them.
func isPluginsAlone(pod *corev1.Pod, volume string) bool {
	return !slices.ContainsFunc(containers(pod), func(c corev1.Container) bool {
		return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume && !isPluginsMount(m) })
	})
}

// mountedInPlace returns a volume that some container mounts where the plugin
// would, or nil. Of several it is one that is not the plugin's remainder.
func mountedInPlace(pod *corev1.Pod) *corev1.Volume {
	var found *corev1.Volume
	for _, c := range containers(pod) {
		for _, m := range c.VolumeMounts {
			i := slices.IndexFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
			if m.MountPath != mountPath || i < 0 {
				continue
			}
			if found == nil || isRemainder(found) {
				found = &pod.Spec.Volumes[i]
			}
		}
	}
	return found
}

func mounts(c *corev1.Container, volume string) bool {
	return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volume })
}

// containers returns the containers that a pod can be created with: the
// ephemeral ones come later, by another way.
func containers(pod *corev1.Pod) []corev1.Container {
	return slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers)
}
