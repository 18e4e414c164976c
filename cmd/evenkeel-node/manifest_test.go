// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/plugins/node"
)

// The DaemonSet takes of a node what the daemon needs and nothing else; what it
// needs is as good as root, so the rest matters.
func TestDaemonSetTakesLittle(t *testing.T) {
	content, err := os.ReadFile("../../manifests/base/node/daemonset.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.DaemonSet
	if err := yaml.UnmarshalStrict(content, &d); err != nil {
		t.Fatal(err)
	}
	spec := d.Spec.Template.Spec
	if spec.HostPID || spec.HostNetwork || spec.HostIPC || spec.HostUsers != nil {
		t.Error("it shares a namespace of the host")
	}
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		t.Error("it has a token, and no API to talk to")
	}
	var hostPaths []string
	for _, v := range spec.Volumes {
		if v.HostPath != nil {
			hostPaths = append(hostPaths, v.HostPath.Path)
		} else if v.ConfigMap == nil {
			t.Errorf("it mounts the volume %s", v.Name)
		}
	}
	if !slices.Equal(hostPaths, []string{"/var/run/nri"}) {
		t.Errorf("it mounts %v of the host, want the folder of the socket alone", hostPaths)
	}
	if len(spec.Containers) != 1 || len(spec.InitContainers) != 0 {
		t.Fatalf("it has %d containers and %d init containers", len(spec.Containers), len(spec.InitContainers))
	}
	c := spec.Containers[0]
	s := c.SecurityContext
	if s.Privileged != nil || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || len(s.Capabilities.Add) != 0 ||
		!slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || spec.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("it is not locked down: %+v", s)
	}
	if c.ReadinessProbe == nil || c.LivenessProbe == nil || c.Resources.Limits.Memory().IsZero() {
		t.Error("it lacks a probe or a memory limit")
	}
	if surge := d.Spec.UpdateStrategy.RollingUpdate.MaxSurge; surge == nil || surge.IntValue() != 0 || surge.StrVal != "" {
		t.Errorf("maxSurge is %v: two daemons on a node set one field, which stops every container there", surge)
	}
	if d.Spec.Template.Annotations["tolerate-missing-nri-plugins.noderesource.dev"] != "true" {
		t.Errorf("its pod does not tolerate the absence of %s, so it could not start where that is required", node.Name)
	}
}
