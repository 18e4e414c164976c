// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rbacview

import (
	"cmp"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"
)

// bySubject is the name of the index from subjects to the bindings that name
// them.
const bySubject = "subject"

// subject is somebody whom a binding names.
type subject struct {
	// kind is ServiceAccount, User or Group.
	kind string
	// name of the user or the group; of a ServiceAccount, "<namespace>/<name>".
	name string
}

func (s subject) key() string { return s.kind + ":" + s.name }

// subjectsOf returns everybody that a ServiceAccount is to the authorizer
// (kubernetes v1.37.2, pkg/registry/rbac/validation, appliesToUser): itself, a
// user, and the groups that it is in.
func subjectsOf(namespace, name string) []subject {
	out := []subject{
		{kind: rbacv1.ServiceAccountKind, name: namespace + "/" + name},
		{kind: rbacv1.UserKind, name: serviceaccount.MakeUsername(namespace, name)},
		{kind: rbacv1.GroupKind, name: user.AllAuthenticated},
	}
	for _, group := range serviceaccount.MakeGroupNames(namespace) {
		out = append(out, subject{kind: rbacv1.GroupKind, name: group})
	}
	return out
}

// indexSubjects returns the keys of the subjects of a binding.
func indexSubjects(object any) ([]string, error) {
	switch b := object.(type) {
	case *rbacv1.ClusterRoleBinding:
		return keysOf(b.Subjects, ""), nil
	case *rbacv1.RoleBinding:
		return keysOf(b.Subjects, b.Namespace), nil
	}
	return nil, nil
}

// keysOf returns the keys of subjects of a binding in a namespace.
func keysOf(subjects []rbacv1.Subject, namespace string) []string {
	keys := make([]string, 0, len(subjects))
	for _, s := range subjects {
		name := s.Name
		if s.Kind == rbacv1.ServiceAccountKind {
			// As the authorizer has it: without a namespace it is the binding's own.
			name = cmp.Or(s.Namespace, namespace) + "/" + name
		}
		keys = append(keys, subject{kind: s.Kind, name: name}.key())
	}
	return keys
}
