// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
)

// Namespaces tells the labels of namespaces, from memory.
type Namespaces interface {
	// Labels returns the labels of a namespace. An error is one sentence for the
	// user; it means that they are not known.
	Labels(ctx context.Context, namespace string) (map[string]string, error)
}

// newNamespaceWait is how long a request waits for a namespace that the API
// server knows already and the cache does not yet: `kubectl apply` of a
// namespace with pods in it comes within milliseconds.
const newNamespaceWait = 500 * time.Millisecond

// namespaceCache is Namespaces over an informer.
type namespaceCache struct {
	informer cache.SharedIndexInformer
	patience time.Duration
}

// NewNamespaces returns Namespaces over an informer of namespaces, of whichever
// type: metadata is all that is read.
func NewNamespaces(informer cache.SharedIndexInformer) Namespaces {
	return &namespaceCache{informer: informer, patience: newNamespaceWait}
}

// Labels implements Namespaces.
func (c *namespaceCache) Labels(ctx context.Context, namespace string) (map[string]string, error) {
	if !c.informer.HasSynced() {
		return nil, fmt.Errorf("the webhook has not read the namespaces yet")
	}
	var found metav1.Object
	err := wait.PollUntilContextTimeout(ctx, 10*time.Millisecond, c.patience, true, func(context.Context) (bool, error) {
		obj, ok, err := c.informer.GetStore().GetByKey(namespace)
		if err != nil || !ok {
			return false, err
		}
		found, ok = obj.(metav1.Object)
		return ok, nil
	})
	if err != nil {
		return nil, fmt.Errorf("the webhook does not know the namespace %s yet", namespace)
	}
	return found.GetLabels(), nil
}
