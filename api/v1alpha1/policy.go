// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Mode says how far a feature goes.
type Mode string

const (
	// ModeOff means that the feature does not run.
	ModeOff Mode = "Off"
	// ModeObserve means that the feature runs, counts what it would change, and changes nothing.
	ModeObserve Mode = "Observe"
	// ModeEnforce means that the feature changes pods.
	ModeEnforce Mode = "Enforce"
)

// UnmarshalJSON takes a bare Off as what it is meant to be: YAML reads it as the
// boolean false, which no other mode can be confused with. Any other value that
// is not text is kept for validation to refuse, with the field's path.
func (m *Mode) UnmarshalJSON(content []byte) error {
	var text string
	switch {
	case string(content) == "false":
		text = string(ModeOff)
	case json.Unmarshal(content, &text) != nil:
		text = string(content)
	}
	*m = Mode(text)
	return nil
}

// OnError says what becomes of a pod for which a feature fails: a wrong
// annotation, a fault of the webhook's own, a cache that is not filled yet.
type OnError string

const (
	// OnErrorAdmit means that the pod is admitted without the feature, with a warning.
	OnErrorAdmit OnError = "Admit"
	// OnErrorDeny means that the pod is refused, with the reason.
	OnErrorDeny OnError = "Deny"
)

// Policy is the declared outcome of a feature, for all namespaces and for some.
type Policy struct {
	// Mode is Off, Observe or Enforce. Default: Enforce.
	Mode Mode `json:"mode,omitempty"`
	// OnError is Admit or Deny. Default: Admit.
	OnError OnError `json:"onError,omitempty"`
	// Namespaces holds exceptions by namespace label. The first whose selector
	// matches decides; what it leaves out is as above.
	Namespaces []NamespacePolicy `json:"namespaces,omitempty"`
}

// NamespacePolicy is an exception to a Policy.
type NamespacePolicy struct {
	// Selector picks namespaces by their labels. Required; an empty one matches all.
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// Mode in these namespaces; empty: as in the Policy.
	Mode Mode `json:"mode,omitempty"`
	// OnError in these namespaces; empty: as in the Policy.
	OnError OnError `json:"onError,omitempty"`
}

// For returns the mode and the error outcome in a namespace with these labels.
// The policy must be valid.
func (p *Policy) For(namespace map[string]string) (Mode, OnError) {
	mode, onError := p.Mode, p.OnError
	for _, n := range p.Namespaces {
		s, err := metav1.LabelSelectorAsSelector(n.Selector)
		if err != nil || !s.Matches(labels.Set(namespace)) {
			continue
		}
		if n.Mode != "" {
			mode = n.Mode
		}
		if n.OnError != "" {
			onError = n.OnError
		}
		break
	}
	return mode, onError
}

func (p *Policy) setDefaults() {
	if p.Mode == "" {
		p.Mode = ModeEnforce
	}
	if p.OnError == "" {
		p.OnError = OnErrorAdmit
	}
}

func (p *Policy) validate(path *field.Path) field.ErrorList {
	errs := validateModes(path, p.Mode, p.OnError, false)
	for i, n := range p.Namespaces {
		path := path.Child("namespaces").Index(i)
		if n.Selector == nil {
			errs = append(errs, field.Required(path.Child("selector"), "say which namespaces the exception is for"))
		} else {
			errs = append(errs, metav1validation.ValidateLabelSelector(n.Selector,
				metav1validation.LabelSelectorValidationOptions{}, path.Child("selector"))...)
		}
		errs = append(errs, validateModes(path, n.Mode, n.OnError, true)...)
	}
	return errs
}

func validateModes(path *field.Path, mode Mode, onError OnError, optional bool) field.ErrorList {
	var errs field.ErrorList
	switch {
	case mode == ModeOff, mode == ModeObserve, mode == ModeEnforce, optional && mode == "":
	default:
		errs = append(errs, field.NotSupported(path.Child("mode"), mode, []Mode{ModeOff, ModeObserve, ModeEnforce}))
	}
	switch {
	case onError == OnErrorAdmit, onError == OnErrorDeny, optional && onError == "":
	default:
		errs = append(errs, field.NotSupported(path.Child("onError"), onError, []OnError{OnErrorAdmit, OnErrorDeny}))
	}
	return errs
}
