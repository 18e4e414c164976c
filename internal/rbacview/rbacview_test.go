// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rbacview_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/rbacview"
)

func clusterBinding(name, role string, subjects ...rbacv1.Subject) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role}}
}

func binding(namespace, name, kind, role string, subjects ...rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role}}
}

func account(namespace, name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}
}

func user(name string) rbacv1.Subject { return rbacv1.Subject{Kind: rbacv1.UserKind, Name: name} }

func group(name string) rbacv1.Subject { return rbacv1.Subject{Kind: rbacv1.GroupKind, Name: name} }

func TestGrantFindsBindings(t *testing.T) {
	tests := map[string]struct {
		objects []runtime.Object
		ignore  []string
		want    string
	}{
		"none": {},
		"a ClusterRoleBinding": {
			objects: []runtime.Object{clusterBinding("readers", "view", account("shop", "orders"))},
			want:    "ClusterRoleBinding/readers:ClusterRole/view",
		},
		"a RoleBinding to a Role": {
			objects: []runtime.Object{binding("shop", "leases", "Role", "leader", account("shop", "other"), account("shop", "orders"))},
			want:    "RoleBinding/shop/leases:Role/leader",
		},
		"a RoleBinding in another namespace": {
			objects: []runtime.Object{binding("stock", "readers", "ClusterRole", "view", account("shop", "orders"))},
			want:    "RoleBinding/stock/readers:ClusterRole/view",
		},
		"a subject without a namespace is of the binding's": {
			objects: []runtime.Object{binding("shop", "readers", "ClusterRole", "view", account("", "orders")),
				binding("stock", "a", "ClusterRole", "view", account("", "orders"))},
			want: "RoleBinding/shop/readers:ClusterRole/view",
		},
		"a ClusterRoleBinding with a subject without a namespace": {
			objects: []runtime.Object{clusterBinding("readers", "view", account("", "orders"))},
		},
		"as a user": {
			objects: []runtime.Object{clusterBinding("readers", "view", user("system:serviceaccount:shop:orders"))},
			want:    "ClusterRoleBinding/readers:ClusterRole/view",
		},
		"all ServiceAccounts": {
			objects: []runtime.Object{clusterBinding("readers", "view", group("system:serviceaccounts"))},
			want:    "ClusterRoleBinding/readers:ClusterRole/view@system:serviceaccounts",
		},
		"the ServiceAccounts of the namespace": {
			objects: []runtime.Object{binding("stock", "readers", "Role", "reader", group("system:serviceaccounts:shop"))},
			want:    "RoleBinding/stock/readers:Role/reader@system:serviceaccounts:shop",
		},
		"everybody": {
			objects: []runtime.Object{clusterBinding("readers", "view", group("system:authenticated"))},
			want:    "ClusterRoleBinding/readers:ClusterRole/view@system:authenticated",
		},
		"others": {
			objects: []runtime.Object{clusterBinding("readers", "view", account("stock", "orders"), account("shop", "order"), user("orders"),
				group("system:serviceaccounts:stock"), group("system:unauthenticated"), group("orders"), user("system:serviceaccounts"))},
		},
		"an ignored role, and one that is not": {
			objects: []runtime.Object{clusterBinding("a", "system:discovery", group("system:authenticated")),
				clusterBinding("b", "view", account("shop", "orders"))},
			ignore: []string{"system:discovery"},
			want:   "ClusterRoleBinding/b:ClusterRole/view",
		},
		"an ignored role only": {
			objects: []runtime.Object{clusterBinding("a", "system:discovery", group("system:authenticated")),
				binding("shop", "b", "ClusterRole", "system:discovery", account("shop", "orders"))},
			ignore: []string{"system:discovery"},
		},
		"the whole cluster first, the account before its groups, then by name": {
			objects: []runtime.Object{
				binding("a", "a", "Role", "r", account("shop", "orders")),
				clusterBinding("a", "view", group("system:serviceaccounts")),
				clusterBinding("c", "view", account("shop", "orders")),
				clusterBinding("b", "view", account("shop", "orders"))},
			want: "ClusterRoleBinding/b:ClusterRole/view",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			view := run(t, fake.NewClientset(tc.objects...))
			got, ok, synced := view.Grant("shop", "orders", func(kind, role, _ string) bool {
				for _, r := range tc.ignore {
					if kind == "ClusterRole" && role == r {
						return true
					}
				}
				return false
			})
			if got != tc.want || ok != (tc.want != "") || !synced {
				t.Errorf("Grant = %q, %v, synced %v; want %q", got, ok, synced, tc.want)
			}
		})
	}
}

// What Kubernetes itself binds gives an ordinary ServiceAccount nothing that the
// default configuration takes for rights.
func TestDefaultBindingsAreIgnored(t *testing.T) {
	var objects []runtime.Object
	for _, b := range bootstrappolicy.ClusterRoleBindings() {
		objects = append(objects, &b)
	}
	for _, list := range bootstrappolicy.NamespaceRoleBindings() {
		for _, b := range list {
			objects = append(objects, &b)
		}
	}
	if len(objects) < 10 {
		t.Fatalf("Kubernetes has only %d bindings: the test looks at the wrong place", len(objects))
	}
	cfg := v1alpha1.AdmissionConfiguration{}
	cfg.SetDefaults()
	rbac := &cfg.Features.SAToken.RBAC
	view := run(t, fake.NewClientset(objects...))
	none := 0
	evidence, ok, _ := view.Grant("shop", "orders", func(kind, role, _ string) bool {
		none++
		return kind == "ClusterRole" && rbac.IgnoresClusterRole(role)
	})
	if ok {
		t.Errorf("every ServiceAccount has rights by %s; add its role to DefaultIgnoredClusterRoles", evidence)
	}
	if none < 4 {
		t.Errorf("only %d bindings were considered: they do not reach the view", none)
	}
	for _, role := range v1alpha1.DefaultIgnoredClusterRoles {
		found := false
		for _, b := range bootstrappolicy.ClusterRoles() {
			found = found || b.Name == role
		}
		// This one is made with its feature gate alone.
		if !found && role != "system:cluster-trust-bundle-discovery" {
			t.Errorf("Kubernetes has no ClusterRole %s: take it from DefaultIgnoredClusterRoles", role)
		}
	}
}

func TestGrantFollowsChanges(t *testing.T) {
	client := fake.NewClientset()
	view := run(t, client)
	has := func() bool {
		_, ok, _ := view.Grant("shop", "orders", func(string, string, string) bool { return false })
		return ok
	}
	if has() {
		t.Fatal("a ServiceAccount without a binding has rights")
	}
	ctx := t.Context()
	b := binding("shop", "readers", "ClusterRole", "view", account("shop", "orders"))
	if _, err := client.RbacV1().RoleBindings("shop").Create(ctx, b, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new binding", has)
	b = b.DeepCopy()
	b.Subjects = []rbacv1.Subject{account("shop", "other")}
	if _, err := client.RbacV1().RoleBindings("shop").Update(ctx, b, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the changed subjects", func() bool { return !has() })
}

func TestViewTellsThatItKnowsNothing(t *testing.T) {
	client := fake.NewClientset()
	client.PrependReactor("list", "rolebindings", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(rbacv1.Resource("rolebindings"), "", nil)
	})
	view, err := rbacview.New(client)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, synced := view.Grant("shop", "orders", nil); synced || view.Forbidden() != nil {
		t.Errorf("before Run: synced %v, forbidden %v", synced, view.Forbidden())
	}
	view.Start()
	view.Start()
	go func() { _ = view.Run(t.Context()) }()
	eventually(t, "the refusal", func() bool { return apierrors.IsForbidden(view.Forbidden()) })
	if _, _, synced := view.Grant("shop", "orders", nil); synced {
		t.Error("the view answers without having read the RoleBindings")
	}
}

// Bindings that may no longer be read grow old in memory: a binding that is made
// now would not be seen, and its account would lose its token.
func TestViewDoesNotAnswerFromWhatItMayNoLongerRead(t *testing.T) {
	client := fake.NewClientset()
	var forbidden atomic.Bool
	var lists atomic.Int64
	watches := make(chan *watch.FakeWatcher, 1)
	client.PrependReactor("list", "rolebindings", func(clienttesting.Action) (bool, runtime.Object, error) {
		if forbidden.Load() {
			return true, nil, apierrors.NewForbidden(rbacv1.Resource("rolebindings"), "", nil)
		}
		version := strconv.FormatInt(lists.Add(1), 10)
		return true, &rbacv1.RoleBindingList{ListMeta: metav1.ListMeta{ResourceVersion: version}}, nil
	})
	client.PrependWatchReactor("rolebindings", func(clienttesting.Action) (bool, watch.Interface, error) {
		if forbidden.Load() {
			return true, nil, apierrors.NewForbidden(rbacv1.Resource("rolebindings"), "", nil)
		}
		w := watch.NewFake()
		watches <- w
		return true, w, nil
	})
	view := run(t, client)
	known := func() bool {
		_, _, synced := view.Grant("shop", "orders", func(string, string, string) bool { return false })
		return synced
	}
	if !known() {
		t.Error("the view does not know the bindings that it has read")
	}
	forbidden.Store(true)
	(<-watches).Stop()
	eventually(t, "the refusal", func() bool { return apierrors.IsForbidden(view.Forbidden()) && !known() })
	forbidden.Store(false)
	eventually(t, "the bindings again", func() bool { return view.Forbidden() == nil && known() })
}

func TestViewWaitsForStart(t *testing.T) {
	client := fake.NewClientset()
	view, err := rbacview.New(client)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- view.Run(ctx) }()
	cancel()
	if err := <-ended; err != nil || len(client.Actions()) > 0 {
		t.Errorf("Run ended with %v after %d calls, want none", err, len(client.Actions()))
	}
}

// run returns a view that has read everything.
func run(t *testing.T, client kubernetes.Interface) *rbacview.View {
	t.Helper()
	view, err := rbacview.New(client)
	if err != nil {
		t.Fatal(err)
	}
	view.Start()
	go func() { _ = view.Run(t.Context()) }()
	eventually(t, "the bindings", view.HasSynced)
	return view
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) {
		return done(), nil
	}); err != nil {
		t.Fatalf("%s did not come: %v", what, err)
	}
}
