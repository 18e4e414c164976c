// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	configv1 "k8s.io/kube-scheduler/config/v1"
	"sigs.k8s.io/yaml"

	argsv1 "github.com/evenkeel/evenkeel/api/config/v1"
	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

// admissionConfiguration writes the page of the webhook's configuration file.
func admissionConfiguration(root string) (string, error) {
	const dir = "api/v1alpha1"
	cfg := &v1alpha1.AdmissionConfiguration{TypeMeta: metav1.TypeMeta{
		APIVersion: v1alpha1.GroupVersion, Kind: v1alpha1.AdmissionConfigurationKind}}
	cfg.SetDefaults()
	return configuration(root, dir, "AdmissionConfiguration", cfg, `The file that `+"`--config`"+` names for
evenkeel-webhook, `+"`evenkeel render`"+` and `+"`evenkeel playground`"+`. It is strict: a field that is unknown or wrong is
refused with its path. What is left out has the default that is named here. The file that is shipped, with
comments, is [manifests/base/webhook/config.yaml](../../manifests/base/webhook/config.yaml); the source is
[`+dir+`](../../`+dir+`).`, map[string]string{
		"DefaultSkipContainers":  "the list in [the defaults](#defaults)",
		"DefaultSkipImages":      "the list in [the defaults](#defaults)",
		"DefaultSelfSizedImages": "the list in [the defaults](#defaults)",
	})
}

// nodeConfiguration writes the page of the node daemon's configuration file.
func nodeConfiguration(root string) (string, error) {
	const dir = "api/v1alpha1"
	cfg := &v1alpha1.NodeConfiguration{TypeMeta: metav1.TypeMeta{
		APIVersion: v1alpha1.GroupVersion, Kind: v1alpha1.NodeConfigurationKind}}
	cfg.SetDefaults()
	return configuration(root, dir, "NodeConfiguration", cfg, `The file that `+"`--config`"+` names for evenkeel-node. It is
strict: a field that is unknown or wrong is refused with its path. What is left out has the default that is named
here. The file that is shipped, with comments, is
[manifests/base/node/config.yaml](../../manifests/base/node/config.yaml); the source is [`+dir+`](../../`+dir+`), and
what the daemon does with it is in [docs/node.md](../node.md).`, nil)
}

// replicaSpreadArgs writes the page of the arguments of the plugin.
func replicaSpreadArgs(root string) (string, error) {
	args := &argsv1.ReplicaSpreadArgs{}
	argsv1.SetDefaults_ReplicaSpreadArgs(args)
	args.TypeMeta = argsMeta("ReplicaSpreadArgs")
	return pluginArgs(root, "ReplicaSpread", args)
}

// guardedInterPodAffinityArgs writes the page of the arguments of the plugin.
func guardedInterPodAffinityArgs(root string) (string, error) {
	args := &argsv1.GuardedInterPodAffinityArgs{}
	argsv1.SetDefaults_GuardedInterPodAffinityArgs(args)
	args.TypeMeta = argsMeta("GuardedInterPodAffinityArgs")
	return pluginArgs(root, "GuardedInterPodAffinity", args)
}

// guardedPodTopologySpreadArgs writes the page of the arguments of the plugin.
func guardedPodTopologySpreadArgs(root string) (string, error) {
	args := &argsv1.GuardedPodTopologySpreadArgs{}
	argsv1.SetDefaults_GuardedPodTopologySpreadArgs(args)
	args.TypeMeta = argsMeta("GuardedPodTopologySpreadArgs")
	return pluginArgs(root, "GuardedPodTopologySpread", args)
}

// profileGuardArgs writes the page of the arguments of the plugin.
func profileGuardArgs(root string) (string, error) {
	return pluginArgs(root, "ProfileGuard", &argsv1.ProfileGuardArgs{TypeMeta: argsMeta("ProfileGuardArgs")})
}

func argsMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: configv1.SchemeGroupVersion.String(), Kind: kind}
}

// pluginArgs writes the page of the arguments of a scheduler plugin.
func pluginArgs(root, plugin string, defaults any) (string, error) {
	const dir = "api/config/v1"
	return configuration(root, dir, plugin+"Args", defaults, `In a KubeSchedulerConfiguration they stand at
`+"`profiles[].pluginConfig[].args`"+` beside `+"`name: "+plugin+"`"+`; apiVersion and kind may be left out there. A field that is
unknown or wrong is refused with its path. How the plugin is used is said in its
[README](../../plugins/scheduler/`+strings.ToLower(plugin)+`/README.md); the source is [`+dir+`](../../`+dir+`).`, nil)
}

// configuration writes a page of all fields from a type on, and of the defaults
// as the code sets them.
func configuration(root, dir, kind string, defaults any, intro string, names map[string]string) (string, error) {
	src, err := readSource(root, dir)
	if err != nil {
		return "", err
	}
	fields, err := newSchema(src, names).write(kind)
	if err != nil {
		return "", fmt.Errorf("%s: %w", dir, err)
	}
	content, err := yaml.Marshal(defaults)
	if err != nil {
		return "", fmt.Errorf("encoding the defaults: %w", err)
	}
	return fmt.Sprintf("# %s\n\n%s\n\n%s\n## Defaults\n\nA file that sets nothing comes to this:\n\n```yaml\n%s```\n", kind, intro, fields, content), nil
}
