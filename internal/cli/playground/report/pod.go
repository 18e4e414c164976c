// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/placement"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
	"github.com/evenkeel/evenkeel/webhooks/pidlimit"
	"github.com/evenkeel/evenkeel/webhooks/satoken"
)

// injectedPrefix begins the names of the containers that Evenkeel adds, which
// are part of what it did to the others.
const injectedPrefix = "evenkeel-"

// tokenPath is where every client library looks for the pod's token.
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

// podFacts returns the facts of one stored pod.
func podFacts(pod *corev1.Pod, status *mutate.Status, topology *placement.Topology) Pod {
	if status == nil {
		status = &mutate.Status{}
	}
	out := Pod{
		Namespace: pod.Namespace,
		Name:      pod.Name,
		Workload:  ownerOf(pod),
		Phase:     string(pod.Status.Phase),
		Ready:     ready(pod),
		Node:      pod.Spec.NodeName,
		Admission: Admission{Features: features(status)},
		Token:     token(pod, status),
	}
	if location, ok := topology.Location(pod.Spec.NodeName); ok {
		out.Zone, out.Rack, out.Host = location[placement.Zone], location[placement.Rack], location[placement.Host]
	}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if strings.HasPrefix(c.Name, injectedPrefix) {
			continue
		}
		kind := "init"
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			kind = "sidecar"
		}
		out.Containers = append(out.Containers, container(pod, c, kind, status))
	}
	for i := range pod.Spec.Containers {
		out.Containers = append(out.Containers, container(pod, &pod.Spec.Containers[i], "app", status))
	}
	return out
}

func container(pod *corev1.Pod, c *corev1.Container, kind string, status *mutate.Status) Container {
	opts := options(c)
	return Container{
		Name:       c.Name,
		Type:       kind,
		HeapFlags:  heap(opts),
		JavaAgents: javaAgents(c, opts, status.Features[agent.Name].Containers[c.Name]),
		Pids:       pids(pod, c.Name, status),
	}
}

// pids returns the limit that the node applies, and the tier that it stands for.
func pids(pod *corev1.Pod, container string, status *mutate.Status) Pids {
	var limits map[string]int64
	// What cannot be read limits nothing.
	if err := json.Unmarshal([]byte(pod.Annotations[wellknown.PidsLimitsAnnotation]), &limits); err != nil || limits[container] == 0 {
		return Pids{}
	}
	out := Pids{Limit: limits[container], Tier: status.Features[pidlimit.Name].Containers[container].Facts[mutate.FactTier]}
	if out.Tier == "" {
		// A record that was cut short has no facts.
		out.Tier, _, _ = podspec.Annotation(pod, wellknown.PidsTierAnnotation, container)
	}
	return out
}

// token tells whether a container finds a token for the Kubernetes API, and the
// rule by which admission decided.
func token(pod *corev1.Pod, status *mutate.Status) Token {
	out := Token{Rule: status.Features[satoken.Name].Facts[mutate.FactRule]}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, c := range list {
			for _, m := range c.VolumeMounts {
				if !out.Mounted && (m.MountPath == tokenPath || holdsToken(pod, m.Name)) {
					out.Mounted, out.Volume = true, m.Name
				}
			}
		}
	}
	return out
}

// holdsToken tells whether the volume holds a token that the API server takes:
// one for another audience is somebody else's.
func holdsToken(pod *corev1.Pod, volume string) bool {
	for _, v := range pod.Spec.Volumes {
		if v.Name != volume || v.Projected == nil {
			continue
		}
		for _, s := range v.Projected.Sources {
			if s.ServiceAccountToken != nil && s.ServiceAccountToken.Audience == "" {
				return true
			}
		}
	}
	return false
}

// features returns what the record says, by the names of the features.
func features(status *mutate.Status) []Feature {
	out := []Feature{}
	for _, name := range slices.Sorted(maps.Keys(status.Features)) {
		f := status.Features[name]
		feature := Feature{Name: name, Outcome: string(f.Outcome), Reason: string(f.Reason), Containers: []Result{}}
		for _, c := range slices.Sorted(maps.Keys(f.Containers)) {
			feature.Containers = append(feature.Containers,
				Result{Container: c, Outcome: string(f.Containers[c].Outcome), Reason: string(f.Containers[c].Reason)})
		}
		out = append(out, feature)
	}
	return out
}
