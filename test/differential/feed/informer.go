// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"time"

	"k8s.io/client-go/tools/cache"
)

type resyncPeriod = time.Duration

// informer is a SharedIndexInformer that is never run: Feed fills its store and
// calls its handlers. What a scheduler has no business with in an informer is not
// there and panics.
type informer struct {
	cache.SharedIndexInformer

	indexer  cache.Indexer
	handlers []cache.ResourceEventHandler
}

func newInformer() *informer {
	return &informer{indexer: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})}
}

// AddEventHandler tells the handler of everything that is in the store, as an
// informer that has synced does.
func (i *informer) AddEventHandler(h cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	for _, object := range i.indexer.List() {
		h.OnAdd(object, true)
	}
	i.handlers = append(i.handlers, h)
	return synced{}, nil
}

func (i *informer) AddEventHandlerWithResyncPeriod(h cache.ResourceEventHandler, _ time.Duration) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(h)
}

func (i *informer) AddEventHandlerWithOptions(h cache.ResourceEventHandler, _ cache.HandlerOptions) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(h)
}

func (i *informer) AddIndexers(indexers cache.Indexers) error { return i.indexer.AddIndexers(indexers) }
func (i *informer) GetIndexer() cache.Indexer                 { return i.indexer }
func (i *informer) GetStore() cache.Store                     { return i.indexer }
func (i *informer) HasSynced() bool                           { return true }
func (i *informer) HasSyncedChecker() cache.DoneChecker       { return synced{} }
func (i *informer) IsStopped() bool                           { return false }
func (i *informer) Run(<-chan struct{})                       {}
func (i *informer) RunWithContext(context.Context)            {}
func (i *informer) SetTransform(cache.TransformFunc) error    { return nil }

// synced is a handler's registration. Nothing is ever under way.
type synced struct{}

var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (synced) HasSynced() bool                     { return true }
func (synced) HasSyncedChecker() cache.DoneChecker { return synced{} }
func (synced) Name() string                        { return "played by hand" }
func (synced) Done() <-chan struct{}               { return closed }
