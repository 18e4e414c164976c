// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package side

import (
	"bytes"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// client grants every request and does nothing, except that it notes what
// preemption asks for.
type client struct {
	*fake.Clientset

	mu       sync.Mutex
	requests []string
}

func newClient() *client {
	c := &client{Clientset: &fake.Clientset{}}
	c.AddReactor("*", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		c.note(action)
		if update, ok := action.(clienttesting.UpdateAction); ok {
			return true, update.GetObject(), nil
		}
		return true, nil, nil
	})
	return c
}

func (c *client) note(action clienttesting.Action) {
	var request string
	switch a := action.(type) {
	case clienttesting.DeleteAction:
		request = "delete " + a.GetNamespace() + "/" + a.GetName()
	case clienttesting.PatchAction:
		// The conditions hold the time. What counts is the nomination.
		if !bytes.Contains(a.GetPatch(), []byte("nominatedNodeName")) {
			return
		}
		request = "nominate " + a.GetNamespace() + "/" + a.GetName() + ": " + string(a.GetPatch())
	default:
		request = a.GetVerb() + " " + a.GetResource().Resource
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, request)
}

// take returns what was asked for, sorted, and forgets it.
func (c *client) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ClearActions()
	requests := c.requests
	c.requests = nil
	slices.Sort(requests)
	return requests
}
