// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	evenkeel "github.com/evenkeel/evenkeel/internal/version"
	"github.com/evenkeel/evenkeel/manifests"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// defaultKubernetesVersion is the one that Evenkeel is built for.
var defaultKubernetesVersion = minor(evenkeel.KubernetesVersion)

// shippedConfiguration names the embedded configuration in messages.
const shippedConfiguration = "the shipped configuration"

// cluster is what stands in for a cluster: its configuration of admission, its
// version and its namespaces, which all have the same labels.
type cluster struct {
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

// newCluster reads the flags. labelled says that the user gave the namespaces'
// labels, even if none.
func newCluster(o *options, labelled bool, chain newChain) (*cluster, error) {
	c := &cluster{
		namespace:     o.namespace,
		labels:        map[string]string{wellknown.InjectionLabel: wellknown.InjectionEnabled},
		assumed:       !labelled,
		configuration: shippedConfiguration,
	}
	if errs := validation.IsDNS1123Label(o.namespace); len(errs) > 0 {
		return nil, fmt.Errorf("--namespace %q is not a namespace's name: %s", o.namespace, rule(errs))
	}
	var err error
	if c.version, err = version.ParseGeneric(o.kubernetesVersion); err != nil {
		return nil, fmt.Errorf("--kubernetes-version %q is not a version; write it as %s", o.kubernetesVersion, defaultKubernetesVersion)
	}
	if labelled {
		if c.labels, err = parseLabels(o.namespaceLabels); err != nil {
			return nil, fmt.Errorf("--namespace-labels: %w", err)
		}
	}
	content := manifests.AdmissionConfiguration
	if o.config != "" {
		c.configuration = o.config
		if content, err = os.ReadFile(o.config); err != nil {
			return nil, fileError("--config", o.config, err)
		}
	}
	cfg, err := v1alpha1.LoadAdmissionConfiguration(c.configuration, content)
	if err != nil {
		return nil, err
	}
	c.chain, c.excluded = chain(cfg), cfg.ExcludedNamespaces
	return c, nil
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
func (c *cluster) labelsOf(namespace string) map[string]string {
	out := maps.Clone(c.labels)
	out[corev1.LabelMetadataName] = namespace
	return out
}

// String describes the cluster in one line.
func (c *cluster) String() string {
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
	return fmt.Sprintf("%s (%s), Kubernetes %s, %s", c.configuration, c.chain.ConfigHash, minor(c.version.String()), labels)
}

// minor returns the first two numbers of a version.
func minor(v string) string {
	parsed := version.MustParseGeneric(v)
	return fmt.Sprintf("%d.%d", parsed.Major(), parsed.Minor())
}
