// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package objects

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

// Object is an object with the place that it was read from.
type Object struct {
	*unstructured.Unstructured
	// File as the user named it, and the number of the document in it, from 1; 0 for
	// an object that no file holds.
	File     string
	Document int
}

// bad returns an error about the object, which names the file and the document.
func (o *Object) bad(message string) error {
	return &manifest.Error{File: o.File, Document: o.Document, Object: o.String(), Message: message}
}

// String returns the kind and the name, with the namespace where there is one.
func (o *Object) String() string {
	name := o.GetName()
	if ns := o.GetNamespace(); ns != "" {
		name = ns + "/" + name
	}
	return strings.TrimSpace(o.GetKind() + " " + name)
}
