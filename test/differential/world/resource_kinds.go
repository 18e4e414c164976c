// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package world

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	resourcehelper "k8s.io/component-helpers/resource"
	"k8s.io/utils/ptr"
)

// resourceKinds ask for a part of a node.
var resourceKinds = []Kind{
	requestKind("cpu request", 15, corev1.ResourceCPU, "1", "2", "4", "8"),
	requestKind("memory request", 15, corev1.ResourceMemory, "2Gi", "4Gi", "8Gi", "20Gi"),
	requestKind("ephemeral storage request", 8, corev1.ResourceEphemeralStorage, "5Gi", "20Gi", "60Gi"),
	requestKind("extended resource", 6, gpu, "1", "2"),
	requestKind("extended resource of a device class", 4, deviceResource, "1", "2"),
	{Name: "pod overhead", Percent: 5, add: func(w *World, pod *corev1.Pod) {
		pod.Spec.RuntimeClassName = ptr.To("sandboxed")
		pod.Spec.Overhead = amount(w)
	}, Strip: func(pod *corev1.Pod) bool {
		had := pod.Spec.Overhead != nil
		pod.Spec.Overhead = nil
		return had
	}},
	{Name: "init container", Percent: 6, add: func(w *World, pod *corev1.Pod) {
		addInitContainer(w, pod, nil)
	}, Strip: stripAll(initContainers, func(c corev1.Container) bool { return c.RestartPolicy == nil })},
	{Name: "native sidecar", Percent: 6, add: func(w *World, pod *corev1.Pod) {
		addInitContainer(w, pod, ptr.To(corev1.ContainerRestartPolicyAlways))
	}, Strip: stripAll(initContainers, func(c corev1.Container) bool { return c.RestartPolicy != nil })},
	{Name: "pod-level resources", Percent: 5, add: func(w *World, pod *corev1.Pod) {
		// At least the sum of the containers', as validation demands.
		sum, more := resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{}), amount(w)
		requests := corev1.ResourceList{}
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			quantity := more[name]
			quantity.Add(sum[name])
			requests[name] = quantity
		}
		pod.Spec.Resources = &corev1.ResourceRequirements{Requests: requests}
	}, Strip: func(pod *corev1.Pod) bool {
		had := pod.Spec.Resources != nil
		pod.Spec.Resources = nil
		return had
	}},
}

func initContainers(pod *corev1.Pod) *[]corev1.Container { return &pod.Spec.InitContainers }

func requestKind(kind string, percent int, name corev1.ResourceName, quantities ...string) Kind {
	return Kind{Name: kind, Percent: percent, add: func(w *World, pod *corev1.Pod) {
		request(pod, name, pick(w, quantities))
	}, Strip: func(pod *corev1.Pod) bool {
		_, had := pod.Spec.Containers[0].Resources.Requests[name]
		delete(pod.Spec.Containers[0].Resources.Requests, name)
		return had
	}}
}

func amount(w *World) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse(pick(w, []string{"250m", "1", "3"})),
		corev1.ResourceMemory: resource.MustParse(pick(w, []string{"256Mi", "2Gi", "6Gi"})),
	}
}

// addInitContainer adds one at either end, because a sidecar counts beside the
// init containers after it.
func addInitContainer(w *World, pod *corev1.Pod, restart *corev1.ContainerRestartPolicy) {
	at := w.IntN(len(pod.Spec.InitContainers) + 1)
	pod.Spec.InitContainers = slices.Insert(pod.Spec.InitContainers, at, corev1.Container{
		Name: "init-" + strconv.Itoa(len(pod.Spec.InitContainers)), RestartPolicy: restart,
		Resources: corev1.ResourceRequirements{Requests: amount(w)},
	})
}

// portKinds ask for ports of the node.
var portKinds = []Kind{
	{Name: "host port", Percent: 8, add: func(w *World, pod *corev1.Pod) { addPort(w, pod, "") },
		Strip: stripAll(ports, func(corev1.ContainerPort) bool { return true })},
	{Name: "host IP of a port", Percent: 9, add: func(w *World, pod *corev1.Pod) {
		addPort(w, pod, pick(w, []string{"127.0.0.1", "10.0.0.1", "0.0.0.0"}))
	},
		Strip: editAll(ports, func(p corev1.ContainerPort) bool { return p.HostIP != "" }, func(p *corev1.ContainerPort) {
			if p.HostIP == "0.0.0.0" {
				p.HostIP = "10.0.0.9" // An address of its own instead of every one.
			} else {
				p.HostIP = ""
			}
		})},
}

func ports(pod *corev1.Pod) *[]corev1.ContainerPort { return &pod.Spec.Containers[0].Ports }

func addPort(w *World, pod *corev1.Pod, ip string) {
	port := pick(w, []int32{8080, 8080, 9090})
	pod.Spec.Containers[0].Ports = append(pod.Spec.Containers[0].Ports, corev1.ContainerPort{
		ContainerPort: port, HostPort: port, HostIP: ip, Protocol: pick(w, []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP}),
	})
}
