// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package standin is what stands in for a cluster where the command line has
// none: a configuration of admission, a Kubernetes version, and namespaces that
// all have the same labels. It decides as the webhook does which pods are looked
// at, and runs the webhook's chain over them.
package standin

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/cli/input"
	evenkeel "github.com/evenkeel/evenkeel/internal/version"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// DefaultKubernetesVersion is the one that Evenkeel is built for.
var DefaultKubernetesVersion = minor(evenkeel.KubernetesVersion)

// shippedConfiguration names the embedded configuration in messages.
const shippedConfiguration = "the shipped configuration"

// Options are the flags.
type Options struct {
	// Config is the file of the AdmissionConfiguration; "" for the shipped one.
	Config string
	// Namespace of objects that name none.
	Namespace string
	// NamespaceLabels are those of all namespaces, as k=v,k=v. Labelled says that the
	// user gave them, even if none; otherwise they are the default ones.
	NamespaceLabels string
	Labelled        bool
	// KubernetesVersion of the API server, such as 1.37.
	KubernetesVersion string
}

// AddFlags adds the flags that say what the cluster is like.
func (o *Options) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.Config, "config", "", "use the AdmissionConfiguration in `FILE` instead of the shipped one")
	f.StringVar(&o.NamespaceLabels, "namespace-labels", "",
		"`LABELS` of the namespaces, k=v,k=v; empty for none (default evenkeel.io/injection=enabled)")
	f.StringVar(&o.KubernetesVersion, "kubernetes-version", DefaultKubernetesVersion, "Kubernetes `VERSION` of the cluster")
}

// NewChain makes the chain of mutators of a configuration.
type NewChain func(*v1alpha1.AdmissionConfiguration) *mutate.Chain

// Cluster is what stands in for a cluster.
type Cluster struct {
	chain    *mutate.Chain
	excluded []string
	// configuration names where the chain's configuration comes from.
	configuration string
	version       *version.Version
	namespace     string
	labels        map[string]string
	// assumed says that the labels are the default ones.
	assumed bool
}

// New returns what the flags describe. The error is one sentence about a flag or
// the configuration file.
func New(o *Options, chain NewChain) (*Cluster, error) {
	c := &Cluster{
		namespace: o.Namespace,
		labels:    map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled},
		assumed:   !o.Labelled,
	}
	if err := CheckNamespace(o.Namespace); err != nil {
		return nil, err
	}
	var err error
	if c.version, err = version.ParseGeneric(o.KubernetesVersion); err != nil {
		return nil, fmt.Errorf("--kubernetes-version %q is not a version; write it as %s", o.KubernetesVersion, DefaultKubernetesVersion)
	}
	if o.Labelled {
		if c.labels, err = parseLabels(o.NamespaceLabels); err != nil {
			return nil, fmt.Errorf("--namespace-labels: %w", err)
		}
	}
	cfg, name, err := LoadConfiguration(o.Config)
	if err != nil {
		return nil, err
	}
	c.configuration, c.chain, c.excluded = name, chain(cfg), cfg.ExcludedNamespaces
	return c, nil
}

// CheckNamespace returns an error about the flag --namespace if its value cannot be
// the name of one.
func CheckNamespace(name string) error {
	if errs := validation.IsDNS1123Label(name); len(errs) > 0 {
		return fmt.Errorf("--namespace %q is not a namespace's name: %s", name, rule(errs))
	}
	return nil
}

// LoadConfiguration reads the configuration that --config names, or the shipped one
// where file is "". name is what to call it. The error is one sentence.
func LoadConfiguration(file string) (cfg *v1alpha1.AdmissionConfiguration, name string, err error) {
	name, content := shippedConfiguration, manifests.AdmissionConfiguration
	if file != "" {
		name = file
		if content, err = os.ReadFile(file); err != nil {
			return nil, "", input.FileError("--config", file, err)
		}
	}
	cfg, err = v1alpha1.LoadAdmissionConfiguration(name, content)
	return cfg, name, err
}

// parseLabels reads k=v,k=v.
func parseLabels(text string) (map[string]string, error) {
	out := map[string]string{}
	if text == "" {
		return out, nil
	}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok {
			return nil, fmt.Errorf("%q is not a label; write key=value, several with commas between them", pair)
		}
		if errs := validation.IsQualifiedName(key); len(errs) > 0 {
			return nil, fmt.Errorf("%q is not a label's key: %s", key, rule(errs))
		}
		if errs := validation.IsValidLabelValue(value); len(errs) > 0 {
			return nil, fmt.Errorf("%q is not a value for the label %s: %s", value, key, rule(errs))
		}
		if _, ok := out[key]; ok {
			return nil, fmt.Errorf("the label %s is there twice", key)
		}
		out[key] = value
	}
	return out, nil
}

// rule returns the first of the messages of a validation, without the example and
// the regular expression.
func rule(messages []string) string {
	text, _, _ := strings.Cut(messages[0], " (e.g.")
	return text
}

// labelsOf returns the labels of a namespace. The API server gives each one its
// name as a label.
func (c *Cluster) labelsOf(namespace string) map[string]string {
	out := maps.Clone(c.labels)
	out[corev1.LabelMetadataName] = namespace
	return out
}

// Configuration names the configuration, and tells its hash.
func (c *Cluster) Configuration() (name, hash string) { return c.configuration, c.chain.ConfigHash }

// Version returns the Kubernetes version as a minor release, such as 1.37.
func (c *Cluster) Version() string { return minor(c.version.String()) }

// String describes the cluster in one line.
func (c *Cluster) String() string {
	pairs := []string{}
	for _, key := range slices.Sorted(maps.Keys(c.labels)) {
		pairs = append(pairs, key+"="+c.labels[key])
	}
	labels := "no namespace labels"
	if len(pairs) > 0 {
		labels = "namespace labels " + strings.Join(pairs, ",")
	}
	if c.assumed {
		labels += " (assumed; --namespace-labels replaces them)"
	}
	return fmt.Sprintf("%s (%s), Kubernetes %s, %s", c.configuration, c.chain.ConfigHash, c.Version(), labels)
}

// minor returns the first two numbers of a version.
func minor(v string) string {
	parsed := version.MustParseGeneric(v)
	return fmt.Sprintf("%d.%d", parsed.Major(), parsed.Minor())
}
