// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
)

func TestNamespacesAnswersFromTheCache(t *testing.T) {
	shop := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"stage": "test"}}}
	client := fake.NewClientset(shop)
	informer := informers.NewSharedInformerFactory(client, 0).Core().V1().Namespaces().Informer()
	namespaces := &namespaceCache{informer: informer, patience: 20 * time.Millisecond}

	if _, err := namespaces.Labels(t.Context(), "shop"); err == nil || err.Error() != "the webhook has not read the namespaces yet" {
		t.Errorf("before the cache is filled: error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go informer.RunWithContext(ctx)
	deadline := time.Now().Add(30 * time.Second)
	for !informer.HasSynced() {
		if time.Now().After(deadline) {
			t.Fatal("the cache was not filled")
		}
		time.Sleep(time.Millisecond)
	}
	client.ClearActions()
	labels, err := namespaces.Labels(ctx, "shop")
	if diff := cmp.Diff(map[string]string{"stage": "test"}, labels); err != nil || diff != "" {
		t.Errorf("error %v, labels (-want +got):\n%s", err, diff)
	}
	if _, err := namespaces.Labels(ctx, "new"); err == nil || err.Error() != "the webhook does not know the namespace new yet" {
		t.Errorf("an unknown namespace: error %v", err)
	}
	for _, a := range client.Actions() {
		if a.GetVerb() == "get" || a.GetVerb() == "list" {
			t.Errorf("an API call was made: %s", a.GetVerb())
		}
	}

	// The API server has sent the pod before the event of its namespace came.
	namespaces.patience = 30 * time.Second
	go func() {
		fresh := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "new", Labels: map[string]string{"stage": "new"}}}
		if _, err := client.CoreV1().Namespaces().Create(ctx, fresh, metav1.CreateOptions{}); err != nil {
			t.Errorf("making the namespace: %v", err)
		}
	}()
	if labels, err := namespaces.Labels(ctx, "new"); err != nil || labels["stage"] != "new" {
		t.Errorf("a namespace that comes while the request waits: %v, error %v", labels, err)
	}
	// A client that has given up is not waited for.
	gone, giveUp := context.WithCancel(ctx)
	giveUp()
	if _, err := namespaces.Labels(gone, "never"); err == nil {
		t.Error("no error for a namespace that never comes")
	}
}
