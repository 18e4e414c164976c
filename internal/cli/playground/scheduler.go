// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	configv1 "k8s.io/kube-scheduler/config/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/controlplane"
)

// schedulerFile is a KubeSchedulerConfiguration as a tree, so that what is not
// changed stays as it was written.
type schedulerFile struct {
	name   string
	fields map[string]any
}

// parseSchedulerConfiguration reads the configuration as far as this process can
// judge it: its shape. Plugins and their arguments are for the scheduler to judge,
// which trySchedulerFile has it do.
func parseSchedulerConfiguration(name string, content []byte) (schedulerFile, error) {
	f := schedulerFile{name: name}
	if err := yaml.UnmarshalStrict(content, &f.fields); err != nil {
		return f, fmt.Errorf("%s: not valid YAML: %s", name, strings.Join(strings.Fields(err.Error()), " "))
	}
	want := configv1.SchemeGroupVersion.String()
	if f.fields["apiVersion"] != want || f.fields["kind"] != "KubeSchedulerConfiguration" {
		return f, fmt.Errorf("%s: is apiVersion %v, kind %v; want apiVersion: %s and kind: KubeSchedulerConfiguration",
			name, f.fields["apiVersion"], f.fields["kind"], want)
	}
	asJSON, err := json.Marshal(f.fields)
	if err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	unknown, err := kjson.UnmarshalStrict(asJSON, &configv1.KubeSchedulerConfiguration{})
	if err == nil {
		err = errors.Join(unknown...)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %s", name, strings.Join(strings.Fields(err.Error()), " "))
	}
	return f, nil
}

// forPlayground returns the configuration with what the playground must have: no
// election, as there is one scheduler, the kubeconfig, and profiles for pods that
// name no scheduler and for those that name the one of the shipped manifests. Such
// a profile, if the file has none, is a copy of the file's first one: a queue is
// sorted one way for all profiles.
func (f schedulerFile) forPlayground(kubeconfig string) ([]byte, error) {
	fields, err := clone(f.fields)
	if err != nil {
		return nil, err
	}
	section(fields, "leaderElection")["leaderElect"] = false
	section(fields, "clientConnection")["kubeconfig"] = kubeconfig

	profiles, _ := fields["profiles"].([]any)
	if len(profiles) == 0 {
		profiles = []any{nil}
	}
	first, _ := profiles[0].(map[string]any)
	if first == nil {
		first = map[string]any{}
		profiles[0] = first
	}
	if len(profiles) == 1 && first["schedulerName"] == nil {
		// What the API's own default is.
		first["schedulerName"] = corev1.DefaultSchedulerName
	}
	for _, name := range []string{corev1.DefaultSchedulerName, schedulerName} {
		named := func(p any) bool {
			profile, _ := p.(map[string]any)
			return profile["schedulerName"] == name
		}
		if slices.ContainsFunc(profiles, named) {
			continue
		}
		profile := maps.Clone(first)
		profile["schedulerName"] = name
		profiles = append(profiles, profile)
	}
	fields["profiles"] = profiles
	return yaml.Marshal(fields)
}

// section returns the map under the key, made if need be.
func section(fields map[string]any, key string) map[string]any {
	s, ok := fields[key].(map[string]any)
	if !ok {
		s = map[string]any{}
		fields[key] = s
	}
	return s
}

// clone copies a tree of JSON values.
func clone(fields map[string]any) (map[string]any, error) {
	content, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, json.Unmarshal(content, &out)
}

// startScheduler starts evenkeel-scheduler with the rights of its manifests.
func (r *running) startScheduler(ctx context.Context, path string, file schedulerFile) error {
	user, err := r.plane.AddServiceAccount(ctx, ownNamespace, schedulerName)
	if err != nil {
		return err
	}
	content, err := file.forPlayground(user.Kubeconfig)
	if err != nil {
		return fmt.Errorf("%s: %w", file.name, err)
	}
	dir, err := r.folder(schedulerName)
	if err != nil {
		return err
	}
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, content, 0o600); err != nil {
		return fmt.Errorf("configuration of the scheduler: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	return r.plane.StartProcess(ctx, controlplane.Process{
		Name: schedulerName,
		Path: path,
		Args: []string{
			"--config=" + config,
			"--authentication-kubeconfig=" + user.Kubeconfig,
			"--authorization-kubeconfig=" + user.Kubeconfig,
			"--bind-address=" + loopback,
			"--secure-port=" + port,
			"--cert-dir=" + dir,
			"--v=2",
		},
		Ready: answers("https://" + loopback + ":" + port + "/readyz"),
	})
}
