// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rbacview knows which ServiceAccounts RBAC gives rights to. It watches
// RoleBindings and ClusterRoleBindings and answers from memory.
//
// It reads no Role: a binding counts as rights whatever its role holds. Which
// bindings everybody has, and are to be passed over, is for the caller to say.
package rbacview

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	rbacinformers "k8s.io/client-go/informers/rbac/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// View is the bindings of a cluster. It is safe for concurrent use.
type View struct {
	informers []cache.SharedIndexInformer
	start     chan struct{}
	started   sync.Once

	mu sync.Mutex
	// refused are the last refusals of the API server to let the bindings be read.
	refused map[*cache.Reflector]refusal
}

// refusal is of a reflector that had come as far as a version.
type refusal struct {
	err     error
	version string
}

// New returns a View that reads nothing before Start and Run are called.
func New(client kubernetes.Interface) (*View, error) {
	indexers := cache.Indexers{bySubject: indexSubjects}
	v := &View{
		start:   make(chan struct{}),
		refused: map[*cache.Reflector]refusal{},
		informers: []cache.SharedIndexInformer{
			// The order is that of the answers: rights in the whole cluster are told first.
			rbacinformers.NewClusterRoleBindingInformer(client, 0, indexers),
			rbacinformers.NewRoleBindingInformer(client, metav1.NamespaceAll, 0, cache.Indexers{bySubject: indexSubjects}),
		},
	}
	for _, informer := range v.informers {
		if err := informer.SetTransform(strip); err != nil {
			return nil, fmt.Errorf("setting up the informer of bindings: %w", err)
		}
		if err := informer.SetWatchErrorHandlerWithContext(v.watchFailed); err != nil {
			return nil, fmt.Errorf("setting up the informer of bindings: %w", err)
		}
	}
	return v, nil
}

// Start lets Run begin. It may be called more than once.
func (v *View) Start() { v.started.Do(func() { close(v.start) }) }

// Started reports whether Start was called.
func (v *View) Started() bool {
	select {
	case <-v.start:
		return true
	default:
		return false
	}
}

// Run reads the bindings and follows their changes, from Start until the context
// ends.
func (v *View) Run(ctx context.Context) error {
	select {
	case <-v.start:
	case <-ctx.Done():
		return nil
	}
	for _, informer := range v.informers {
		// Its end is not waited for: while the API server cannot be reached, a reflector
		// sleeps for up to a minute whatever its context says.
		go informer.RunWithContext(ctx)
	}
	<-ctx.Done()
	return nil
}

// HasSynced reports whether all bindings have been read once.
func (v *View) HasSynced() bool {
	for _, informer := range v.informers {
		if !informer.HasSynced() {
			return false
		}
	}
	return true
}

// Forbidden returns the API server's refusal to let the bindings be read, if
// there was one and they have not been read since: the right may have been taken
// away after they were read for the first time.
func (v *View) Forbidden() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for reflector, r := range v.refused {
		if reflector.LastSyncResourceVersion() == r.version {
			return r.err
		}
		delete(v.refused, reflector)
	}
	return nil
}

// watchFailed notes a refusal, and logs as informers do.
func (v *View) watchFailed(ctx context.Context, r *cache.Reflector, err error) {
	if apierrors.IsForbidden(err) {
		v.mu.Lock()
		v.refused[r] = refusal{err: err, version: r.LastSyncResourceVersion()}
		v.mu.Unlock()
		klog.FromContext(ctx).Error(err, "The bindings of RBAC may not be read; grant list and watch on rolebindings and clusterrolebindings, "+
			"or set features.satoken.rbac.mode: Ignore")
		return
	}
	cache.DefaultWatchErrorHandler(ctx, r, err)
}

// Grant returns a binding that gives a ServiceAccount rights, such as
// "ClusterRoleBinding/readers:ClusterRole/view", with "@" and the group where the
// binding names one; and whether there is one. skip says which are passed over:
// it is given the role's kind and name, and the group, or "". Of several
// bindings it is a ClusterRoleBinding, and the first by name. The answer counts
// only if synced: not before all bindings have been read, and not while the API
// server forbids it, for what is in memory grows old then.
func (v *View) Grant(namespace, serviceAccount string, skip func(roleKind, role, group string) bool) (evidence string, ok, synced bool) {
	if !v.HasSynced() || v.Forbidden() != nil {
		return "", false, false
	}
	subjects := subjectsOf(namespace, serviceAccount)
	for _, informer := range v.informers {
		var found []grant
		for _, s := range subjects {
			// The index is there, so there is no error.
			objects, _ := informer.GetIndexer().ByIndex(bySubject, s.key())
			for _, o := range objects {
				if g := grantOf(o, s); !skip(g.role.Kind, g.role.Name, g.group) {
					found = append(found, g)
				}
			}
		}
		if len(found) > 0 {
			return slices.MinFunc(found, grant.compare).String(), true, true
		}
	}
	return "", false, true
}

// grant is a binding that gives rights.
type grant struct {
	kind, namespace, name string
	role                  rbacv1.RoleRef
	// group that the binding names, if it names no account.
	group string
}

// grantOf returns the grant of an object in the index to a subject.
func grantOf(object any, s subject) grant {
	g := grant{}
	switch b := object.(type) {
	case *rbacv1.ClusterRoleBinding:
		g = grant{kind: "ClusterRoleBinding", name: b.Name, role: b.RoleRef}
	case *rbacv1.RoleBinding:
		g = grant{kind: "RoleBinding", namespace: b.Namespace, name: b.Name, role: b.RoleRef}
	}
	if s.kind == rbacv1.GroupKind {
		g.group = s.name
	}
	return g
}

// compare orders grants: those to the account itself before those to a group,
// then by name.
func (g grant) compare(o grant) int {
	return cmp.Or(strings.Compare(g.group, o.group), strings.Compare(g.namespace, o.namespace), strings.Compare(g.name, o.name))
}

// String is the grant in one word: names in Kubernetes have no spaces.
func (g grant) String() string {
	var out strings.Builder
	out.WriteString(g.kind + "/")
	if g.namespace != "" {
		out.WriteString(g.namespace + "/")
	}
	out.WriteString(g.name + ":" + g.role.Kind + "/" + g.role.Name)
	if g.group != "" {
		out.WriteString("@" + g.group)
	}
	return out.String()
}

// strip leaves of a binding what a View needs, to save memory.
func strip(object any) (any, error) {
	switch b := object.(type) {
	case *rbacv1.ClusterRoleBinding:
		b.ObjectMeta = metav1.ObjectMeta{Name: b.Name, UID: b.UID, ResourceVersion: b.ResourceVersion}
	case *rbacv1.RoleBinding:
		b.ObjectMeta = metav1.ObjectMeta{Name: b.Name, Namespace: b.Namespace, UID: b.UID, ResourceVersion: b.ResourceVersion}
	}
	return object, nil
}
