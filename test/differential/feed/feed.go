// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package feed gives a scheduler its informers without an API server: every
// watch event is played by hand, and all handlers have run when the call returns.
// So the scheduler's own event handlers fill its cache and its queue, at a moment
// that the caller chooses.
//
// It knows no scheduler and no test; what is played is said elsewhere.
package feed

import (
	"fmt"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// kinds are the objects that can be played. Informers of other kinds exist, but
// are empty for ever.
var kinds = []runtime.Object{
	&corev1.Pod{}, &corev1.Node{}, &corev1.Namespace{}, &corev1.Service{}, &corev1.ReplicationController{},
	&corev1.PersistentVolume{}, &corev1.PersistentVolumeClaim{},
	&appsv1.ReplicaSet{}, &appsv1.StatefulSet{},
	&policyv1.PodDisruptionBudget{},
	&storagev1.StorageClass{}, &storagev1.CSINode{}, &storagev1.CSIDriver{}, &storagev1.CSIStorageCapacity{}, &storagev1.VolumeAttachment{},
	&resourcev1.ResourceClaim{}, &resourcev1.ResourceSlice{}, &resourcev1.DeviceClass{},
}

// Feed plays watch events to the informers of one scheduler.
type Feed struct {
	// Factory holds the informers.
	Factory informers.SharedInformerFactory

	informers map[reflect.Type]*informer
}

// New returns a feed whose informers are empty and synced.
func New(client kubernetes.Interface) *Feed {
	f := &Feed{
		Factory:   informers.NewSharedInformerFactory(client, 0),
		informers: map[reflect.Type]*informer{},
	}
	for _, kind := range kinds {
		i := newInformer()
		f.informers[reflect.TypeOf(kind)] = i
		// The factory keeps the first informer that it is given for a kind.
		f.Factory.InformerFor(kind, func(kubernetes.Interface, resyncPeriod) cache.SharedIndexInformer { return i })
	}
	return f
}

// Add plays that an object was created.
func (f *Feed) Add(object runtime.Object) error {
	i, err := f.informer(object)
	if err != nil {
		return err
	}
	if err := i.indexer.Add(object); err != nil {
		return fmt.Errorf("storing a %T: %w", object, err)
	}
	for _, h := range i.handlers {
		h.OnAdd(object, false)
	}
	return nil
}

// Update plays that an object was replaced by another one of the same name.
func (f *Feed) Update(before, after runtime.Object) error {
	i, err := f.informer(after)
	if err != nil {
		return err
	}
	if err := i.indexer.Update(after); err != nil {
		return fmt.Errorf("storing a %T: %w", after, err)
	}
	for _, h := range i.handlers {
		h.OnUpdate(before, after)
	}
	return nil
}

// Delete plays that an object was deleted.
func (f *Feed) Delete(object runtime.Object) error {
	i, err := f.informer(object)
	if err != nil {
		return err
	}
	if err := i.indexer.Delete(object); err != nil {
		return fmt.Errorf("forgetting a %T: %w", object, err)
	}
	for _, h := range i.handlers {
		h.OnDelete(object)
	}
	return nil
}

func (f *Feed) informer(object runtime.Object) (*informer, error) {
	i, ok := f.informers[reflect.TypeOf(object)]
	if !ok {
		return nil, fmt.Errorf("no informer can be fed with a %T: add it to the kinds of package feed", object)
	}
	return i, nil
}
