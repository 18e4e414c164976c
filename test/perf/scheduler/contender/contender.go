// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package contender says which schedulers are compared, and how each is set up:
// the profile, the feature gates and the garbage collector's setting that it
// would run with in a cluster.
//
// How they are run and measured is not here.
package contender

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/validation"
	"k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"sigs.k8s.io/yaml"

	configscheme "github.com/evenkeel/evenkeel/api/config/scheme"
	"github.com/evenkeel/evenkeel/manifests"
	plugins "github.com/evenkeel/evenkeel/plugins/scheduler"
)

// The names of the contenders.
const (
	// Default is kube-scheduler as it is shipped: no configuration file, no
	// feature gate, the collector as Go sets it.
	Default = "default"
	// Tuned is the default profile as whoever knows it would run it, with
	// everything that can be had without giving up its spreading: the alpha gate
	// for anti-affinity over hostnames, and our own settings of the collector and
	// of the share of nodes that are scored. Our client QPS belongs to it too,
	// which changes nothing where there is no API server.
	Tuned = "tuned"
	// Evenkeel is what manifests/base/scheduler installs.
	Evenkeel = "evenkeel"
)

// Names lists all contenders in the order in which they are shown.
func Names() []string {
	return []string{Default, Tuned, Evenkeel}
}

// Contender is a scheduler that takes part.
type Contender struct {
	Name string
	// Config is complete: defaults are filled in.
	Config *config.KubeSchedulerConfiguration
	// Registry holds the plugins that are not in-tree.
	Registry runtime.Registry
	// FeatureGates are set while the scheduler is made and while it runs.
	FeatureGates map[string]bool
	// GOGC is the collector's setting, in percent of the live heap.
	GOGC int
	// FastPath says that the scheduler has the fast path, as our binary does.
	FastPath bool
}

// Load returns a contender by its name. configFile is a
// KubeSchedulerConfiguration for Evenkeel, or empty for the shipped one.
func Load(name, configFile string) (*Contender, error) {
	if err := configscheme.Install(); err != nil {
		return nil, fmt.Errorf("registering the plugin arguments: %w", err)
	}
	shipped, err := fromDeployment("base/scheduler/deployment.yaml")
	if err != nil {
		return nil, err
	}
	stock, err := latest.Default()
	if err != nil {
		return nil, fmt.Errorf("making the default configuration: %w", err)
	}
	switch name {
	case Default:
		return &Contender{Name: name, Config: stock, GOGC: 100}, nil
	case Tuned:
		ours, err := loadConfig("")
		if err != nil {
			return nil, err
		}
		stock.PercentageOfNodesToScore = ours.PercentageOfNodesToScore
		stock.ClientConnection.QPS, stock.ClientConnection.Burst = ours.ClientConnection.QPS, ours.ClientConnection.Burst
		return &Contender{
			Name:         name,
			Config:       stock,
			FeatureGates: map[string]bool{"InterPodAffinityHostnameFastPath": true},
			GOGC:         shipped.gogc,
		}, nil
	case Evenkeel:
		cfg, err := loadConfig(configFile)
		if err != nil {
			return nil, err
		}
		registry := runtime.Registry{}
		for _, option := range plugins.Options() {
			if err := option(registry); err != nil {
				return nil, fmt.Errorf("registering the plugins: %w", err)
			}
		}
		return &Contender{Name: name, Config: cfg, Registry: registry, FeatureGates: shipped.gates, GOGC: shipped.gogc, FastPath: true}, nil
	}
	return nil, fmt.Errorf("there is no profile %q: the profiles are %s", name, strings.Join(Names(), ", "))
}

// loadConfig reads a KubeSchedulerConfiguration as the binary does for
// --config. Without a file it takes the shipped one.
func loadConfig(file string) (*config.KubeSchedulerConfiguration, error) {
	if file == "" {
		dir, err := os.MkdirTemp("", "evenkeel-bench-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		file = filepath.Join(dir, "config.yaml")
		if err := os.WriteFile(file, manifests.SchedulerConfiguration, 0o600); err != nil {
			return nil, err
		}
	}
	cfg, err := options.LoadConfigFromFile(klog.Background(), file)
	if err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", file, err)
	}
	if err := validation.ValidateKubeSchedulerConfiguration(cfg); err != nil {
		return nil, fmt.Errorf("configuration file %s: %w", file, err)
	}
	return cfg, nil
}

// process is what a Deployment says about the process it runs.
type process struct {
	gogc  int
	gates map[string]bool
}

// fromDeployment reads GOGC and the feature gates off the manifest of our
// scheduler, so that what is measured is what is installed.
func fromDeployment(file string) (process, error) {
	p := process{gogc: 100, gates: map[string]bool{}}
	data, err := manifests.FS.ReadFile(file)
	if err != nil {
		return p, err
	}
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict(data, &deployment); err != nil {
		return p, fmt.Errorf("%s: %w", file, err)
	}
	for _, container := range deployment.Spec.Template.Spec.Containers {
		for _, env := range container.Env {
			if env.Name != "GOGC" {
				continue
			}
			if p.gogc, err = strconv.Atoi(env.Value); err != nil {
				return p, fmt.Errorf("%s: GOGC: %w", file, err)
			}
		}
		for _, arg := range append(container.Command, container.Args...) {
			list, ok := strings.CutPrefix(arg, "--feature-gates=")
			if !ok {
				continue
			}
			for gate := range strings.SplitSeq(list, ",") {
				key, value, _ := strings.Cut(gate, "=")
				if p.gates[key], err = strconv.ParseBool(value); err != nil {
					return p, fmt.Errorf("%s: feature gate %s: %w", file, key, err)
				}
			}
		}
	}
	return p, nil
}
