// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"errors"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
)

// The injectors change pods as those of the four projects do, as far as it
// concerns anybody else: what they look at, what they add and where. Each is
// called once for a pod, and does nothing to one that it has been at before.

func emptyDir(name, medium string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMedium(medium)}}}
}

func tokenVolume(name, audience string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: audience, ExpirationSeconds: ptr.To[int64](43200), Path: name}}}}}}
}

func annotate(pod *corev1.Pod, key, value string) {
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[key] = value
}

func limits(cpu, memory string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Limits: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}}
}

// istio adds its proxy as the last container and istio-init as the last init
// container (istio/istio, pkg/kube/inject: injection-template.yaml and
// reorderPod).
func istio(pod *corev1.Pod) error { return injectIstio(pod, false) }

// istioNative adds the proxy as a native sidecar: istio-init and it go before all
// other init containers.
func istioNative(pod *corev1.Pod) error { return injectIstio(pod, true) }

func injectIstio(pod *corev1.Pod, native bool) error {
	if pod.Annotations["sidecar.istio.io/status"] != "" {
		return nil
	}
	annotate(pod, "sidecar.istio.io/status", `{"containers":["istio-proxy"],"revision":"default"}`)
	annotate(pod, "prometheus.io/scrape", "true")
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels["security.istio.io/tlsMode"] = "istio"
	setup := corev1.Container{Name: "istio-init", Image: "registry.example.com/istio/proxyv2:1.28.0",
		Args: []string{"istio-iptables", "-p", "15001", "-z", "15006"}, Resources: limits("2", "1Gi")}
	proxy := corev1.Container{Name: "istio-proxy", Image: "registry.example.com/istio/proxyv2:1.28.0", Args: []string{"proxy", "sidecar"},
		Env: []corev1.EnvVar{{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
			{Name: "ISTIO_META_APP_CONTAINERS", Value: pod.Spec.Containers[0].Name}},
		Resources: limits("2", "1Gi"),
		VolumeMounts: []corev1.VolumeMount{{Name: "istio-envoy", MountPath: "/etc/istio/proxy"}, {Name: "istio-token", MountPath: "/var/run/secrets/tokens"},
			{Name: "istiod-ca-cert", MountPath: "/var/run/secrets/istio"}}}
	if native {
		proxy.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
		pod.Spec.InitContainers = append([]corev1.Container{setup, proxy}, pod.Spec.InitContainers...)
	} else {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, setup)
		pod.Spec.Containers = append(pod.Spec.Containers, proxy)
	}
	pod.Spec.Volumes = append(pod.Spec.Volumes, emptyDir("istio-envoy", "Memory"), tokenVolume("istio-token", "istio-ca"),
		corev1.Volume{Name: "istiod-ca-cert", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "istio-ca-root-cert"}}}})
	return nil
}

// linkerd adds its proxy as the first container and linkerd-init as the last init
// container (linkerd/linkerd2, charts/patch/templates/patch.json, awaitProxy).
func linkerd(pod *corev1.Pod) error {
	if slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == "linkerd-proxy" }) {
		return nil
	}
	annotate(pod, "linkerd.io/created-by", "linkerd/proxy-injector edge-26.8.3")
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: "linkerd-init", Image: "registry.example.com/linkerd/proxy-init:v2.4.2",
		VolumeMounts: []corev1.VolumeMount{{Name: "linkerd-proxy-init-xtables-lock", MountPath: "/run"}}})
	pod.Spec.Containers = slices.Insert(pod.Spec.Containers, 0, corev1.Container{Name: "linkerd-proxy", Image: "registry.example.com/linkerd/proxy:edge-26.8.3",
		Env: []corev1.EnvVar{{Name: "_pod_name", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
			{Name: "LINKERD2_PROXY_DESTINATION_CONTEXT", Value: `{"pod":"$(_pod_name)"}`}},
		VolumeMounts: []corev1.VolumeMount{{Name: "linkerd-identity-end-entity", MountPath: "/var/run/linkerd/identity/end-entity"},
			{Name: "linkerd-identity-token", MountPath: "/var/run/secrets/tokens"}}})
	pod.Spec.Volumes = append(pod.Spec.Volumes, emptyDir("linkerd-proxy-init-xtables-lock", ""), emptyDir("linkerd-identity-end-entity", "Memory"),
		tokenVolume("linkerd-identity-token", "identity.l5d.io"))
	return nil
}

// vault adds its agent as the last container and as the last init container, and
// its secrets to every container, init containers included. It logs in with the
// token whose mount it finds in a container, and refuses a pod that has none
// (hashicorp/vault-k8s, agent-inject/agent: Patch, serviceaccount, Validate).
func vault(pod *corev1.Pod) error {
	if pod.Annotations["vault.hashicorp.com/agent-inject"] != "true" || pod.Annotations["vault.hashicorp.com/agent-inject-status"] == "injected" {
		return nil
	}
	var token *corev1.VolumeMount
	for _, c := range pod.Spec.Containers {
		for i, m := range c.VolumeMounts {
			if token == nil && strings.Contains(m.MountPath, "serviceaccount") {
				token = &c.VolumeMounts[i]
			}
		}
	}
	if token == nil {
		return errors.New("no service account name or path found")
	}
	secrets := corev1.VolumeMount{Name: "vault-secrets", MountPath: "/vault/secrets"}
	agent := func(name, home string) corev1.Container {
		return corev1.Container{Name: name, Image: "registry.example.com/hashicorp/vault:1.18.3", Resources: limits("500m", "128Mi"),
			VolumeMounts: []corev1.VolumeMount{{Name: home, MountPath: "/home/vault"}, *token, secrets}}
	}
	// The agents take the token's mount before others are added.
	first, last := agent("vault-agent-init", "home-init"), agent("vault-agent", "home-sidecar")
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			list[i].VolumeMounts = append(list[i].VolumeMounts, secrets)
		}
	}
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, first)
	pod.Spec.Containers = append(pod.Spec.Containers, last)
	pod.Spec.Volumes = append(pod.Spec.Volumes, emptyDir("home-init", "Memory"), emptyDir("home-sidecar", "Memory"), emptyDir("vault-secrets", "Memory"))
	annotate(pod, "vault.hashicorp.com/agent-inject-status", "injected")
	return nil
}

// opentelemetry adds its agent to the container that the pod's annotation names: a
// volume, an init container, variables that are not set, and its option at the end of
// JAVA_TOOL_OPTIONS, unless that has a valueFrom (open-telemetry/opentelemetry-operator,
// internal/instrumentation: injectJavaagent, injectCommonEnvVar).
func opentelemetry(pod *corev1.Pod) error {
	const name, mount = "opentelemetry-auto-instrumentation-java", "/otel-auto-instrumentation-java"
	target := pod.Annotations["instrumentation.opentelemetry.io/container-names"]
	if target == "" || slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == name }) {
		return nil
	}
	i := slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == target })
	c := &pod.Spec.Containers[i]
	set := func(name string) int {
		return slices.IndexFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == name })
	}
	option := " -javaagent:" + mount + "-" + target + "/javaagent.jar"
	if at := set("JAVA_TOOL_OPTIONS"); at < 0 {
		c.Env = append(c.Env, corev1.EnvVar{Name: "JAVA_TOOL_OPTIONS", Value: option})
	} else if c.Env[at].ValueFrom != nil {
		return nil
	} else {
		c.Env[at].Value += option
	}
	for _, env := range []corev1.EnvVar{
		{Name: "OTEL_SERVICE_NAME", Value: target},
		{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "http://collector.observability:4318"},
		{Name: "OTEL_RESOURCE_ATTRIBUTES_POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
		{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "k8s.pod.name=$(OTEL_RESOURCE_ATTRIBUTES_POD_NAME)"},
	} {
		if set(env.Name) < 0 {
			c.Env = append(c.Env, env)
		}
	}
	c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: mount + "-" + target})
	pod.Spec.Volumes = append(pod.Spec.Volumes, emptyDir(name, ""))
	pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: name,
		Image: "registry.example.com/open-telemetry/autoinstrumentation-java:2.11.0", Command: []string{"cp", "/javaagent.jar", mount + "/javaagent.jar"},
		Resources: limits("500m", "64Mi"), VolumeMounts: []corev1.VolumeMount{{Name: name, MountPath: mount}}})
	return nil
}
