// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package contender says which schedulers are compared on top of a real API
// server: those of test/perf/scheduler, and two that bound them from above and
// from below.
//
// scheduler_perf takes a scheduler's plugins from a KubeSchedulerConfiguration
// and ignores what that says about clients: every contender has 5,000 requests
// per second, shared with whatever creates the pods.
package contender

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	configv1 "k8s.io/kube-scheduler/config/v1"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	"k8s.io/kubernetes/pkg/scheduler/framework/runtime"

	schedulers "github.com/evenkeel/evenkeel/test/perf/scheduler/contender"
)

// The names of the contenders.
const (
	// Default is the default profile of Kubernetes.
	Default = schedulers.Default
	// Tuned is the default profile with what can be had without giving up its
	// spreading.
	Tuned = schedulers.Tuned
	// Evenkeel is what manifests/base/scheduler installs.
	Evenkeel = schedulers.Evenkeel
	// Null decides as little as a scheduler can: it takes pods in their order,
	// looks whether they fit and binds them. Its throughput is what the API server
	// and the machine allow.
	Null = "null"
	// Shipped is Default as kube-scheduler is shipped: with a client of 50 requests
	// per second. It shows why the others do not have that.
	Shipped = "shipped"
)

// Names lists all contenders in the order in which they are shown.
func Names() []string {
	return []string{Default, Tuned, Shipped, Evenkeel, Null}
}

// Contender is a scheduler that takes part.
type Contender struct {
	Name string
	// Config is a KubeSchedulerConfiguration with one profile, for pods that name
	// no scheduler.
	Config []byte
	// FastPath are the profiles of a scheduler that has the fast path.
	FastPath []config.KubeSchedulerProfile
	// FeatureGates are set in the whole process, API server included.
	FeatureGates map[string]bool
	// NewRegistry makes the plugins that are not in-tree. Each scheduler needs its
	// own.
	NewRegistry func() (runtime.Registry, error)
}

// Load returns a contender by its name. configFile is a
// KubeSchedulerConfiguration for Evenkeel, or empty for the shipped one.
func Load(name, configFile string) (*Contender, error) {
	switch name {
	case Default, Tuned, Evenkeel:
		return load(name, configFile)
	case Null:
		return &Contender{Name: name, Config: []byte(nullConfig), NewRegistry: noPlugins}, nil
	case Shipped:
		return &Contender{Name: name, Config: []byte(shippedConfig), NewRegistry: func() (runtime.Registry, error) {
			return runtime.Registry{ThrottledBinder: newThrottledBinder}, nil
		}}, nil
	}
	return nil, fmt.Errorf("there is no scheduler %q: the schedulers are %s", name, strings.Join(Names(), ", "))
}

func load(name, configFile string) (*Contender, error) {
	// Loaded for its settings here, and again for each registry: its plugins are
	// for one scheduler.
	theirs, err := schedulers.Load(name, configFile)
	if err != nil {
		return nil, err
	}
	if len(theirs.Config.Profiles) != 1 {
		return nil, fmt.Errorf("the configuration of %s has %d profiles: the pods of the workloads need exactly one", name, len(theirs.Config.Profiles))
	}
	cfg := theirs.Config.DeepCopy()
	cfg.Profiles[0].SchedulerName = corev1.DefaultSchedulerName
	var fastPath []config.KubeSchedulerProfile
	if theirs.FastPath {
		fastPath = cfg.DeepCopy().Profiles
	}
	text, err := encode(cfg)
	if err != nil {
		return nil, fmt.Errorf("writing the configuration of %s: %w", name, err)
	}
	return &Contender{
		Name: name, Config: text, FeatureGates: theirs.FeatureGates, FastPath: fastPath,
		NewRegistry: func() (runtime.Registry, error) {
			again, err := schedulers.Load(name, configFile)
			if err != nil {
				return nil, err
			}
			return again.Registry, nil
		},
	}, nil
}

// encode writes a configuration as kube-scheduler's --write-config-to does.
func encode(cfg *config.KubeSchedulerConfiguration) ([]byte, error) {
	info, ok := kruntime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), kruntime.ContentTypeYAML)
	if !ok {
		return nil, errors.New("the scheduler's scheme has no YAML serializer")
	}
	return kruntime.Encode(scheme.Codecs.EncoderForVersion(info.Serializer, configv1.SchemeGroupVersion), cfg)
}

func noPlugins() (runtime.Registry, error) { return runtime.Registry{}, nil }

// Known reports whether there is a contender of that name.
func Known(name string) bool { return slices.Contains(Names(), name) }

// nullConfig leaves the queue's order, the fit and the binding. As few nodes are
// looked at as kube-scheduler lets one ask for.
const nullConfig = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
percentageOfNodesToScore: 1
profiles:
- schedulerName: default-scheduler
  plugins:
    multiPoint:
      disabled:
      - name: "*"
      enabled:
      - name: PrioritySort
      - name: NodeResourcesFit
      - name: DefaultBinder
`

// shippedConfig is the default profile with the binder that waits.
const shippedConfig = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
  plugins:
    bind:
      disabled:
      - name: "*"
      enabled:
      - name: ThrottledBinder
`
