// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// JVMProfile is a named set of settings for some containers. What it leaves out
// is as in the feature's own settings, field by field.
type JVMProfile struct {
	// Name of the profile: what an annotation chooses it by. A DNS label.
	Name string `json:"name"`
	// Match says for which containers the profile counts that no annotation chooses
	// one for. Without it, only an annotation brings the profile.
	Match *JVMMatch `json:"match,omitempty"`

	JVMSettings `json:",inline"`
}

// JVMMatch selects containers. All that is given must fit; of a list, one of its
// patterns.
//
// Patterns are regular expressions (RE2) that must fit as a whole. An image is
// taken without its tag and digest, and a pattern may fit it from any slash on:
// registry.example.com/shop/billing:3 is fitted by "shop/.+", by "billing" and by
// "registry[.]example[.]com/.+".
type JVMMatch struct {
	// NamespaceSelector selects by the labels of the pod's namespace.
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	// PodSelector selects by the labels of the pod.
	PodSelector *metav1.LabelSelector `json:"podSelector,omitempty"`
	// Containers are patterns of container names.
	Containers []string `json:"containers,omitempty"`
	// Images are patterns of images.
	Images []string `json:"images,omitempty"`
}

// Profile returns the profile of that name, or nil.
func (f *JVMFeature) Profile(name string) *JVMProfile {
	i := slices.IndexFunc(f.Profiles, func(p JVMProfile) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &f.Profiles[i]
}

// ProfileNames returns the names of the profiles, in order.
func (f *JVMFeature) ProfileNames() []string {
	var names []string
	for _, p := range f.Profiles {
		names = append(names, p.Name)
	}
	return names
}

// inherit fills in what a profile leaves out.
func (p *JVMProfile) inherit(from *JVMSettings) {
	p.Channel = cmp.Or(p.Channel, from.Channel)
	p.Sizing = cmp.Or(p.Sizing, from.Sizing)
	if p.Release == ReleaseBefore8u191 && from.Release == ReleaseAny {
		// What the feature has of these is not for such a JVM.
		p.MaxRAM = cmp.Or(p.MaxRAM, MaxRAMOff)
		setDefaultTo(&p.ExitOnOutOfMemory, false)
	}
	p.Release = cmp.Or(p.Release, from.Release)
	p.MaxRAM = cmp.Or(p.MaxRAM, from.MaxRAM)
	p.Heap.inherit(&from.Heap)
	p.LimitTooSmall = cmp.Or(p.LimitTooSmall, from.LimitTooSmall)
	p.Processors = cmp.Or(p.Processors, from.Processors)
	p.ServerClass.Mode = cmp.Or(p.ServerClass.Mode, from.ServerClass.Mode)
	p.ServerClass.MinMemory = cmp.Or(p.ServerClass.MinMemory, from.ServerClass.MinMemory)
	p.ExitOnOutOfMemory = cmp.Or(p.ExitOnOutOfMemory, from.ExitOnOutOfMemory)
	p.HeapDump.inherit(&from.HeapDump)
	p.MemoryResize = cmp.Or(p.MemoryResize, from.MemoryResize)
}

func (f *JVMFeature) validateProfiles(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := map[string]bool{}
	for i := range f.Profiles {
		p, path := &f.Profiles[i], path.Index(i)
		if p.Name == wellknown.JVMProfileNone {
			errs = append(errs, field.Invalid(path.Child("name"), p.Name, "chooses no profile in an annotation; give it another name"))
		}
		for _, msg := range validation.IsDNS1123Label(p.Name) {
			errs = append(errs, field.Invalid(path.Child("name"), p.Name, msg))
		}
		if seen[p.Name] {
			errs = append(errs, field.Duplicate(path.Child("name"), p.Name))
		}
		seen[p.Name] = true
		if p.Match != nil {
			errs = append(errs, p.Match.validate(path.Child("match"))...)
		}
		errs = append(errs, p.JVMSettings.validate(path)...)
	}
	return errs
}

func (m *JVMMatch) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if m.NamespaceSelector == nil && m.PodSelector == nil && len(m.Containers) == 0 && len(m.Images) == 0 {
		errs = append(errs, field.Required(path, "say what it fits, or leave match out so that only an annotation chooses the profile"))
	}
	for name, s := range map[string]*metav1.LabelSelector{"namespaceSelector": m.NamespaceSelector, "podSelector": m.PodSelector} {
		if s != nil {
			errs = append(errs, metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, path.Child(name))...)
		}
	}
	errs = append(errs, validatePatterns(path.Child("containers"), m.Containers)...)
	return append(errs, validatePatterns(path.Child("images"), m.Images)...)
}

// channelPattern is the form of an environment variable's name that every shell
// can read.
var channelPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// notChannels are variables that must not carry options, with the reason.
var notChannels = map[string]string{
	wellknown.JavaOptions: "it beats the command line, so that no flag of a user's could win",
	"PATH":                "it is not for options", "HOME": "it is not for options", "JAVA_HOME": "it is not for options",
	"CLASSPATH": "it is not for options", "LD_PRELOAD": "it is not for options", "LD_LIBRARY_PATH": "it is not for options",
}

// validateChannel checks the name of a variable that is to carry JVM options.
func validateChannel(path *field.Path, name string) field.ErrorList {
	switch why, bad := notChannels[name]; {
	case bad:
		return field.ErrorList{field.Invalid(path, name, fmt.Sprintf("%s; use one such as %s", why, strings.Join(Channels, ", ")))}
	case strings.HasPrefix(name, wellknown.PrivateEnvPrefix):
		return field.ErrorList{field.Invalid(path, name, "names that begin with "+wellknown.PrivateEnvPrefix+" are Evenkeel's own")}
	case !channelPattern.MatchString(name):
		return field.ErrorList{field.Invalid(path, name, "must be the name of an environment variable: letters, digits and _")}
	}
	return nil
}
