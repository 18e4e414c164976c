// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// SATokenFeature configures the satoken feature: which pods keep the token of
// their ServiceAccount. All others lose it.
type SATokenFeature struct {
	Policy `json:",inline"`

	// KeepReasons are the reasons that a pod may name in the annotation
	// token.evenkeel.io/keep to keep its token. Default: none.
	KeepReasons []KeepReason `json:"keepReasons,omitempty"`

	// ServiceAccounts lists those whose pods keep their token, as
	// "<namespace>/<name>"; the name may be "*" for all of a namespace.
	// Default: none.
	ServiceAccounts []string `json:"serviceAccounts,omitempty"`

	// SystemNamespaces are names of namespaces whose pods keep their token, because
	// what runs there is made for Kubernetes; a "*" at the end stands for any rest.
	// An empty list names none. Default: DefaultSystemNamespaces.
	SystemNamespaces []string `json:"systemNamespaces,omitempty"`

	// RBAC keeps the tokens of ServiceAccounts that RBAC gives rights to.
	RBAC TokenRBAC `json:"rbac,omitempty"`

	// Dependants are programs that need the token of the pods which ask for them,
	// besides the Vault agent injector, which is always considered. An empty list
	// names none. Default: DefaultTokenDependants.
	Dependants []TokenDependant `json:"dependants,omitempty"`

	// Removal says what goes from a pod that loses its token. A pod chooses with the
	// annotation token.evenkeel.io/removal. Default: Volume.
	Removal TokenRemoval `json:"removal,omitempty"`
}

// TokenRemoval says what goes from a pod that loses its token.
type TokenRemoval string

const (
	// RemovalVolume takes the whole volume of the ServiceAccount plugin: the token,
	// ca.crt and namespace.
	RemovalVolume TokenRemoval = "Volume"
	// RemovalToken takes the token alone, for programs that read ca.crt or namespace
	// from the folder.
	RemovalToken TokenRemoval = "Token"
)

// TokenRBAC says which rights in RBAC keep a token.
type TokenRBAC struct {
	// Mode is Keep or Ignore. Default: Keep.
	Mode TokenRBACMode `json:"mode,omitempty"`

	// IgnoreClusterRoles are names of ClusterRoles that are no reason to keep a
	// token, whoever they are bound to; a "*" at the end stands for any rest. An
	// empty list ignores none. Default: DefaultIgnoredClusterRoles.
	IgnoreClusterRoles []string `json:"ignoreClusterRoles,omitempty"`

	// IgnoreGroups are names of groups, such as system:authenticated, whose bindings
	// are no reason to keep a token. Default: none.
	IgnoreGroups []string `json:"ignoreGroups,omitempty"`
}

// TokenRBACMode says whether rights in RBAC keep a token.
type TokenRBACMode string

const (
	// RBACKeep keeps the token of a ServiceAccount that a RoleBinding or a
	// ClusterRoleBinding names, by itself, as a user or by one of its groups.
	RBACKeep TokenRBACMode = "Keep"
	// RBACIgnore looks at no binding.
	RBACIgnore TokenRBACMode = "Ignore"
)

// TokenDependant is a program that needs the token of a pod which asks for it.
type TokenDependant struct {
	// Name of the program, for the record. A DNS label. Required.
	Name string `json:"name"`
	// Annotation is the annotation of the pod that asks for it. Either this or label
	// is required.
	Annotation string `json:"annotation,omitempty"`
	// Label is the label of the pod that asks for it.
	Label string `json:"label,omitempty"`
	// Values are those of the annotation or label that ask for it. Default: any.
	Values []string `json:"values,omitempty"`
	// UnlessVolume is the name of a volume with which a pod brings the program a
	// token of its own.
	UnlessVolume string `json:"unlessVolume,omitempty"`
}

// DefaultSystemNamespaces are the prefixes that Kubernetes and OpenShift keep for
// themselves.
var DefaultSystemNamespaces = []string{"kube-*", "openshift-*"}

// DefaultIgnoredClusterRoles are those that Kubernetes binds to every
// ServiceAccount (v1.37.2, plugin/pkg/auth/authorizer/rbac/bootstrappolicy).
var DefaultIgnoredClusterRoles = []string{
	"system:basic-user",
	"system:cluster-trust-bundle-discovery",
	"system:discovery",
	"system:public-info-viewer",
	"system:service-account-issuer-discovery",
}

// DefaultTokenDependants are injectors whose sidecars log in with the pod's token.
var DefaultTokenDependants = []TokenDependant{
	// vault-secrets-webhook: the process that it puts before the application logs in
	// to Vault with the token.
	{Name: "bank-vaults", Annotation: "vault.security.banzaicloud.io/vault-addr"},
	// consul-k8s, connect-inject: with ACLs it refuses a pod without a mount at the
	// folder ("unable to find service account token volumeMount").
	{Name: "consul", Annotation: "consul.hashicorp.com/connect-inject", Values: []string{"true", "1", "t", "T", "TRUE", "True"}},
	// linkerd2, pkg/inject/report.go: it leaves a pod alone whose first container has
	// no mount at the folder. Once it has injected a volume with a token for itself,
	// it needs no other.
	{Name: "linkerd", Annotation: "linkerd.io/inject", Values: []string{"enabled", "ingress"}, UnlessVolume: "linkerd-identity-token"},
}

// KeepReason is an approved reason to keep a token.
type KeepReason struct {
	// Name is what the annotation says. A DNS label. Required.
	Name string `json:"name"`
	// Description tells people when the reason applies. It is not used otherwise.
	Description string `json:"description,omitempty"`
}

func (f *SATokenFeature) setDefaults() {
	f.Policy.setDefaults()
	if f.SystemNamespaces == nil {
		f.SystemNamespaces = slices.Clone(DefaultSystemNamespaces)
	}
	f.RBAC.Mode = cmp.Or(f.RBAC.Mode, RBACKeep)
	if f.RBAC.IgnoreClusterRoles == nil {
		f.RBAC.IgnoreClusterRoles = slices.Clone(DefaultIgnoredClusterRoles)
	}
	if f.Dependants == nil {
		f.Dependants = slices.Clone(DefaultTokenDependants)
	}
	f.Removal = cmp.Or(f.Removal, RemovalVolume)
}

func (f *SATokenFeature) validate(path *field.Path) field.ErrorList {
	errs := f.Policy.validate(path)
	seen := map[string]bool{}
	for i, r := range f.KeepReasons {
		path := path.Child("keepReasons").Index(i).Child("name")
		switch msgs := validation.IsDNS1123Label(r.Name); {
		case r.Name == "":
			errs = append(errs, field.Required(path, "the annotation names a reason by it"))
		case len(msgs) > 0:
			errs = append(errs, field.Invalid(path, r.Name, strings.Join(msgs, "; ")))
		case seen[r.Name]:
			errs = append(errs, field.Duplicate(path, r.Name))
		}
		seen[r.Name] = true
	}
	for i, sa := range f.ServiceAccounts {
		path := path.Child("serviceAccounts").Index(i)
		namespace, name, ok := strings.Cut(sa, "/")
		if !ok {
			errs = append(errs, field.Invalid(path, sa, "must be <namespace>/<name>"))
			continue
		}
		for _, msg := range validation.IsDNS1123Label(namespace) {
			errs = append(errs, field.Invalid(path, sa, "namespace: "+msg))
		}
		if name == "*" {
			continue
		}
		for _, msg := range validation.IsDNS1123Subdomain(name) {
			errs = append(errs, field.Invalid(path, sa, "name: "+msg))
		}
	}
	for i, pattern := range f.SystemNamespaces {
		path := path.Child("systemNamespaces").Index(i)
		prefix, isPrefix := strings.CutSuffix(pattern, "*")
		switch {
		case isPrefix && prefix == "":
			errs = append(errs, field.Invalid(path, pattern, "would keep every token; set mode: Off for that"))
		case isPrefix:
			// What a prefix ends in is the middle of a name.
			prefix = strings.TrimRight(prefix, "-") + "x"
		}
		if prefix != "" {
			for _, msg := range validation.IsDNS1123Label(prefix) {
				errs = append(errs, field.Invalid(path, pattern, msg))
			}
		}
	}
	errs = append(errs, f.RBAC.validate(path.Child("rbac"))...)
	seen = map[string]bool{}
	for i, d := range f.Dependants {
		path := path.Child("dependants").Index(i)
		errs = append(errs, d.validate(path)...)
		if seen[d.Name] {
			errs = append(errs, field.Duplicate(path.Child("name"), d.Name))
		}
		seen[d.Name] = true
	}
	return append(errs, validateOneOf(path.Child("removal"), f.Removal, []TokenRemoval{RemovalVolume, RemovalToken})...)
}

func (r *TokenRBAC) validate(path *field.Path) field.ErrorList {
	errs := validateOneOf(path.Child("mode"), r.Mode, []TokenRBACMode{RBACKeep, RBACIgnore})
	for i, role := range r.IgnoreClusterRoles {
		if strings.TrimSuffix(role, "*") == "" {
			errs = append(errs, field.Invalid(path.Child("ignoreClusterRoles").Index(i), role,
				"must be the name of a ClusterRole; to look at no binding set mode: Ignore"))
		}
	}
	for i, group := range r.IgnoreGroups {
		if group == "" {
			errs = append(errs, field.Required(path.Child("ignoreGroups").Index(i), "the name of a group"))
		}
	}
	return errs
}

func (d *TokenDependant) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if d.Name == "" {
		errs = append(errs, field.Required(path.Child("name"), "the record names the program by it"))
	} else {
		for _, msg := range validation.IsDNS1123Label(d.Name) {
			errs = append(errs, field.Invalid(path.Child("name"), d.Name, msg))
		}
	}
	switch {
	case d.Annotation == "" && d.Label == "":
		errs = append(errs, field.Required(path.Child("annotation"), "name the annotation or the label by which a pod asks for the program"))
	case d.Annotation != "" && d.Label != "":
		errs = append(errs, field.Invalid(path.Child("label"), d.Label, "there is an annotation already; make it two dependants"))
	}
	for child, key := range map[string]string{"annotation": d.Annotation, "label": d.Label} {
		if key == "" {
			continue
		}
		for _, msg := range validation.IsQualifiedName(strings.ToLower(key)) {
			errs = append(errs, field.Invalid(path.Child(child), key, msg))
		}
	}
	if d.UnlessVolume != "" {
		for _, msg := range validation.IsDNS1123Label(d.UnlessVolume) {
			errs = append(errs, field.Invalid(path.Child("unlessVolume"), d.UnlessVolume, msg))
		}
	}
	return errs
}

// ReasonNames returns the names of the approved reasons, in order.
func (f *SATokenFeature) ReasonNames() []string {
	names := make([]string, len(f.KeepReasons))
	for i, r := range f.KeepReasons {
		names[i] = r.Name
	}
	return names
}

// Lists reports whether the configuration lists a ServiceAccount.
func (f *SATokenFeature) Lists(namespace, name string) bool {
	return slices.Contains(f.ServiceAccounts, namespace+"/"+name) ||
		slices.Contains(f.ServiceAccounts, namespace+"/*")
}

// IsSystem reports whether a namespace is one of SystemNamespaces.
func (f *SATokenFeature) IsSystem(namespace string) bool {
	return matchesAny(f.SystemNamespaces, namespace)
}

// IgnoresClusterRole reports whether a ClusterRole is no reason to keep a token.
func (r *TokenRBAC) IgnoresClusterRole(name string) bool {
	return matchesAny(r.IgnoreClusterRoles, name)
}

// LooksAtRBAC reports whether there is a namespace in which a binding decides
// about a token, so that the bindings must be known.
func (f *SATokenFeature) LooksAtRBAC() bool {
	if f.RBAC.Mode != RBACKeep {
		return false
	}
	return f.Mode != ModeOff || slices.ContainsFunc(f.Namespaces, func(n NamespacePolicy) bool { return n.Mode != "" && n.Mode != ModeOff })
}

// matchesAny reports whether a name is one of the patterns, of which a "*" at the
// end stands for any rest.
func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			return strings.HasPrefix(name, prefix)
		}
		return pattern == name
	})
}
