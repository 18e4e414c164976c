// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package provision creates the nodes of a simulated data centre in a cluster and
// waits until pods can be placed on them. What nodes there are is the work of
// package datacentre; that they become ready, of KWOK.
package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// creators is how many nodes are created at a time. The API server takes a
// thousand or two a second from so many; more only queue up.
const creators = 32

// Progress is told how many of the nodes are done; calls come one at a time, with
// done never decreasing within a stage. Stages are "created" and then "ready".
type Progress func(stage string, done, total int)

// Stages of Nodes, as Progress names them.
const (
	StageCreated = "created"
	StageReady   = "ready"
)

// Nodes creates the nodes and waits until each is schedulable: its Ready condition
// is true and kube-controller-manager has taken off the taints that a new node
// carries. The context bounds the wait; its end gives an error that counts the
// nodes that are missing. A node that exists already is an error.
func Nodes(ctx context.Context, client kubernetes.Interface, nodes []*corev1.Node, progress Progress) error {
	if progress == nil {
		progress = func(string, int, int) {}
	}
	// The watch comes first, so that no node becomes ready unseen.
	waiter, err := newReadyWaiter(ctx, client, nodes)
	if err != nil {
		return err
	}
	defer waiter.stop()
	if err := create(ctx, client, nodes, progress); err != nil {
		return err
	}
	return waiter.wait(ctx, progress)
}

func create(ctx context.Context, client kubernetes.Interface, nodes []*corev1.Node, progress Progress) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next  atomic.Int64
		group sync.WaitGroup
		mu    sync.Mutex
		done  int
	)
	for range min(creators, len(nodes)) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(nodes) {
					return
				}
				if _, err := client.CoreV1().Nodes().Create(ctx, nodes[i], metav1.CreateOptions{}); err != nil {
					// The first cause stays: the others are its echo.
					cancel(fmt.Errorf("create node %s: %w", nodes[i].Name, err))
					return
				}
				mu.Lock()
				done++
				progress(StageCreated, done, len(nodes))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// readyWaiter knows which of the nodes are not schedulable yet.
type readyWaiter struct {
	total int
	// changed holds a token when missing has shrunk since the last look.
	changed chan struct{}
	stop    func()

	mu      sync.Mutex
	missing sets.Set[string]
}

func newReadyWaiter(ctx context.Context, client kubernetes.Interface, nodes []*corev1.Node) (*readyWaiter, error) {
	w := &readyWaiter{total: len(nodes), changed: make(chan struct{}, 1), missing: sets.New[string]()}
	for _, node := range nodes {
		w.missing.Insert(node.Name)
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	informer := factory.Core().V1().Nodes().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    w.observe,
		UpdateFunc: func(_, node any) { w.observe(node) },
	}); err != nil {
		return nil, fmt.Errorf("watch the nodes: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	factory.StartWithContext(ctx)
	w.stop = func() {
		cancel()
		factory.Shutdown()
	}
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		w.stop()
		return nil, fmt.Errorf("watch the nodes: %w", context.Cause(ctx))
	}
	return w, nil
}

func (w *readyWaiter) observe(object any) {
	node, ok := object.(*corev1.Node)
	if !ok || !schedulable(node) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.missing.Has(node.Name) {
		return
	}
	w.missing.Delete(node.Name)
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

func (w *readyWaiter) wait(ctx context.Context, progress Progress) error {
	for {
		w.mu.Lock()
		missing := w.missing.Len()
		w.mu.Unlock()
		progress(StageReady, w.total-missing, w.total)
		if missing == 0 {
			return nil
		}
		select {
		case <-w.changed:
		case <-ctx.Done():
			err := context.Cause(ctx)
			if errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("%d of %d nodes did not become ready in time, %s among them: the logs of kwok and kube-controller-manager say why: %w",
					missing, w.total, w.first(), err)
			}
			return fmt.Errorf("waiting for %d of %d nodes was interrupted: %w", missing, w.total, err)
		}
	}
}

// first names one of the nodes that are missing, the same each time.
func (w *readyWaiter) first() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.missing) == 0 {
		return "none"
	}
	return slices.Min(w.missing.UnsortedList())
}

// schedulable tells whether the node is ready and carries none of the taints that
// Kubernetes puts on nodes by their condition.
func schedulable(node *corev1.Node) bool {
	for _, taint := range node.Spec.Taints {
		if strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
			return false
		}
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
