// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

const (
	// fieldManager owns the fields of what is applied.
	fieldManager = "evenkeel-playground"
	// retryFor is how long something may take that follows from an object applied
	// before: the API of a CustomResourceDefinition, the ServiceAccount of a
	// namespace.
	retryFor = 15 * time.Second
)

// Applier applies objects to a cluster.
type Applier struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

// NewApplier returns an Applier for the cluster of the config. Warnings of the API
// server and of admission go to warnings, each once.
func NewApplier(config *rest.Config, warnings io.Writer) (*Applier, error) {
	config = rest.CopyConfig(config)
	config.WarningHandler = rest.NewWarningWriter(warnings, rest.WarningWriterOptions{Deduplicate: true})
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Applier{client: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))}, nil
}

// Apply applies the objects: namespaces and definitions first, workloads last,
// otherwise in their order, so that a pod meets the LimitRange and the
// ServiceAccount that were written for it. What the API server says is wrong with
// an object of a file is a
// *manifest.Error.
func (a *Applier) Apply(ctx context.Context, list []Object) error {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(x, y Object) int { return rank(&x) - rank(&y) })
	// The API of a definition takes a moment to be there.
	definitions := slices.ContainsFunc(sorted, func(o Object) bool { return o.GetKind() == "CustomResourceDefinition" })
	for i := range sorted {
		if err := a.apply(ctx, &sorted[i], definitions); err != nil {
			return err
		}
	}
	return nil
}

// Ranks of kinds, by who needs whom.
const (
	rankScope = iota
	rankOther
	rankWorkload
)

func rank(o *Object) int {
	switch o.GetKind() {
	case "Namespace", "CustomResourceDefinition":
		return rankScope
	case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicationController":
		return rankWorkload
	}
	return rankOther
}

// apply applies one object, and again for a while if what it needs may still come.
func (a *Applier) apply(ctx context.Context, o *Object, definitions bool) error {
	content, err := o.MarshalJSON()
	if err != nil {
		return o.bad(err.Error())
	}
	var last error
	err = wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, retryFor, true, func(ctx context.Context) (bool, error) {
		if last = a.applyOnce(ctx, o, content); last != nil && mayPass(last, definitions) && ctx.Err() == nil {
			return false, nil
		}
		return true, last
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("applying %s was interrupted: %w", o, context.Cause(ctx))
	case last == nil:
		return fmt.Errorf("applying %s: %w", o, err)
	case o.Document > 0 && ofInput(last):
		return o.bad(last.Error())
	}
	return fmt.Errorf("applying %s: %w", o, last)
}

func (a *Applier) applyOnce(ctx context.Context, o *Object, content []byte) error {
	gvk := o.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		if meta.IsNoMatchError(err) {
			a.mapper.Reset()
		}
		return err
	}
	var client dynamic.ResourceInterface = a.client.Resource(mapping.Resource)
	switch namespaced := mapping.Scope.Name() == meta.RESTScopeNameNamespace; {
	case namespaced:
		namespace := o.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		client = a.client.Resource(mapping.Resource).Namespace(namespace)
	case o.GetNamespace() != "":
		return errNotNamespaced
	}
	force := true
	_, err = client.Patch(ctx, o.GetName(), types.ApplyPatchType, content, metav1.PatchOptions{
		FieldManager: fieldManager, Force: &force, FieldValidation: metav1.FieldValidationStrict,
	})
	return err
}

var errNotNamespaced = errors.New("metadata.namespace is set, but objects of this kind are in no namespace: leave it out")

// mayPass tells whether the error may go away by itself: the kind's definition, or
// the ServiceAccount that a controller makes, is not there yet.
func mayPass(err error, definitions bool) bool {
	return definitions && meta.IsNoMatchError(err) ||
		apierrors.IsForbidden(err) && strings.Contains(err.Error(), "error looking up service account") ||
		apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err)
}

// ofInput tells whether the API server found fault with the object.
func ofInput(err error) bool {
	return errors.Is(err, errNotNamespaced) || meta.IsNoMatchError(err) || apierrors.IsInvalid(err) ||
		apierrors.IsBadRequest(err) || apierrors.IsNotFound(err) || apierrors.IsForbidden(err) || apierrors.IsConflict(err)
}
