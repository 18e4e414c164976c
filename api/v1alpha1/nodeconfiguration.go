// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// NodeConfigurationKind is the kind of the node daemon's configuration file.
const NodeConfigurationKind = "NodeConfiguration"

// NodeConfiguration configures evenkeel-node, the daemon that enforces on
// containers what the Pod API cannot say.
type NodeConfiguration struct {
	metav1.TypeMeta `json:",inline"`

	// OnTimeout says what becomes of a container for which the daemon does not answer
	// the runtime in time: Admit starts it without what the daemon would have set, Deny
	// fails its creation, which the kubelet tries again. It takes a runtime with NRI
	// 0.12.5 or later to obey; older ones admit. A change counts from the next
	// connection on. Default: Admit.
	OnTimeout OnError `json:"onTimeout,omitempty"`

	// Pids says which pid limits containers get.
	Pids NodePids `json:"pids,omitempty"`
}

// NodePids says how many processes and threads a container may have. The number
// comes from the pod's annotation pids.evenkeel.io/limits, which the webhook
// writes; what is set here is for containers without one, and a bound for all.
type NodePids struct {
	// Mode is Off, Observe or Enforce. Observe counts and reports what would be set
	// and sets nothing. Default: Enforce.
	Mode Mode `json:"mode,omitempty"`

	// Default is the limit in pids, 128 to 16384, of a container that the annotation
	// does not name, or whose number there is wrong. Default: none, so that such a
	// container has no limit but its pod's.
	Default *int64 `json:"default,omitempty"`

	// Ceiling is the greatest limit in pids, 128 to 16384, that a container of this
	// node gets; a greater number is lowered to it. Default: 16384.
	Ceiling *int64 `json:"ceiling,omitempty"`

	// ExcludedNamespaces are those whose containers get no Default. Their annotation
	// counts. Default: kube-system.
	ExcludedNamespaces []string `json:"excludedNamespaces,omitempty"`

	// Running says what becomes of containers that run already when the daemon
	// connects to the runtime. Default: Update.
	Running NodeRunning `json:"running,omitempty"`
}

// NodeRunning says what becomes of containers that run already.
type NodeRunning string

const (
	// RunningUpdate means that a running container gets the number that its
	// annotation has, where the runtime can change it. It never gets the Default: it
	// was started without a limit and may have more threads than that.
	RunningUpdate NodeRunning = "Update"
	// RunningReport means that running containers are compared and reported, and not
	// changed.
	RunningReport NodeRunning = "Report"
)

// LoadNodeConfiguration reads, defaults and validates a configuration file's
// content. file names it in errors, which tell every field that is wrong, in one
// line.
func LoadNodeConfiguration(file string, content []byte) (*NodeConfiguration, error) {
	cfg := &NodeConfiguration{}
	if err := decodeStrict(file, content, NodeConfigurationKind, cfg, &cfg.TypeMeta); err != nil {
		return nil, err
	}
	cfg.SetDefaults()
	if errs := cfg.Validate(); len(errs) > 0 {
		return nil, fmt.Errorf("%s: %w", file, oneLine(errs.ToAggregate().Errors()))
	}
	return cfg, nil
}

// SetDefaults fills in what the file left out.
func (c *NodeConfiguration) SetDefaults() {
	if c.OnTimeout == "" {
		c.OnTimeout = OnErrorAdmit
	}
	p := &c.Pids
	if p.Mode == "" {
		p.Mode = ModeEnforce
	}
	setDefaultTo(&p.Ceiling, MaxPids)
	if p.ExcludedNamespaces == nil {
		p.ExcludedNamespaces = []string{metav1.NamespaceSystem}
	}
	if p.Running == "" {
		p.Running = RunningUpdate
	}
}

// Validate returns what is wrong with a configuration whose defaults are set,
// each error with the field's path in the file.
func (c *NodeConfiguration) Validate() field.ErrorList {
	p, path := &c.Pids, field.NewPath("pids")
	errs := validateOneOf(field.NewPath("onTimeout"), c.OnTimeout, []OnError{OnErrorAdmit, OnErrorDeny})
	errs = append(errs, validateOneOf(path.Child("mode"), p.Mode, []Mode{ModeOff, ModeObserve, ModeEnforce})...)
	errs = append(errs, validatePids(path.Child("ceiling"), p.Ceiling)...)
	errs = append(errs, validatePids(path.Child("default"), p.Default)...)
	if len(errs) == 0 && p.Default != nil && *p.Default > *p.Ceiling {
		errs = append(errs, field.Invalid(path.Child("default"), *p.Default, fmt.Sprintf("must not be above pids.ceiling, which is %d", *p.Ceiling)))
	}
	for i, ns := range p.ExcludedNamespaces {
		for _, msg := range validation.IsDNS1123Label(ns) {
			errs = append(errs, field.Invalid(path.Child("excludedNamespaces").Index(i), ns, msg))
		}
	}
	return append(errs, validateOneOf(path.Child("running"), p.Running, []NodeRunning{RunningUpdate, RunningReport})...)
}

func validatePids(path *field.Path, pids *int64) field.ErrorList {
	if pids != nil && (*pids < MinPids || *pids > MaxPids) {
		return field.ErrorList{field.Invalid(path, *pids, fmt.Sprintf("must be between %d and %d pids", MinPids, MaxPids))}
	}
	return nil
}

// Excludes reports whether the containers of a namespace get no Default.
func (p *NodePids) Excludes(namespace string) bool {
	return slices.Contains(p.ExcludedNamespaces, namespace)
}

// Hash returns a short hash of the configuration with its defaults.
func (c *NodeConfiguration) Hash() string {
	// The type holds only what marshals: strings, numbers and lists.
	content, _ := json.Marshal(c)
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}
