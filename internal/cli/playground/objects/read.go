// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package objects

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// Read reads the objects in files and folders, in the order of the paths. Of a
// folder it takes what its kustomization.yaml lists, or else all *.yaml, *.yml
// and *.json in it by name. Errors are of type *manifest.Error.
func Read(paths []string, stdin io.Reader) ([]Object, error) {
	var out []Object
	fromStdin := false
	for _, path := range paths {
		var list []Object
		var err error
		switch {
		case path != Stdin:
			list, err = readPath(osFiles{}, path)
		case fromStdin:
			err = &manifest.Error{File: Stdin, Message: "is given twice: the standard input can be read once"}
		default:
			fromStdin = true
			list, err = readStdin(stdin)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, checkNames(out)
}

// ReadFS reads the objects in files and folders of a file system as Read does.
func ReadFS(fsys fs.FS, paths ...string) ([]Object, error) {
	var out []Object
	for _, path := range paths {
		list, err := readPath(fsys, path)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, checkNames(out)
}

// osFiles are the files of the machine, under the paths as a user writes them,
// which os.DirFS does not take.
type osFiles struct{}

// Open implements fs.FS.
func (osFiles) Open(name string) (fs.File, error) { return os.Open(name) }

func readStdin(stdin io.Reader) ([]Object, error) {
	const name = "standard input"
	content, err := io.ReadAll(stdin)
	if err != nil {
		return nil, &manifest.Error{File: name, Message: err.Error()}
	}
	return parse(name, content)
}

// parse reads the documents of a file. A List yields its items.
func parse(file string, content []byte) ([]Object, error) {
	documents, err := manifest.Parse(file, content)
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, d := range documents {
		items, err := d.Objects()
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			// In workloads it knows the field and the line of a wrong type.
			if _, err := item.Template(); err != nil {
				return nil, err
			}
			o := Object{Unstructured: &unstructured.Unstructured{}, File: file, Document: d.Number}
			if err := json.Unmarshal(item.JSON(), &o.Object); err != nil {
				return nil, o.bad(err.Error())
			}
			// An item of a typed list may leave them out.
			o.Object["apiVersion"], o.Object["kind"] = item.APIVersion, item.Kind
			if err := o.check(); err != nil {
				return nil, err
			}
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		return nil, &manifest.Error{File: file, Message: "holds no object"}
	}
	return out, nil
}

// check finds what is wrong with an object before anything is started: what every
// object needs, and in objects of Kubernetes' own kinds the fields that are
// unknown or of the wrong type. Other kinds, and the values, are for the API
// server to check.
func (o *Object) check() error {
	for _, path := range [][]string{{"apiVersion"}, {"kind"}, {"metadata", "name"}} {
		value, _, err := unstructured.NestedFieldNoCopy(o.Object, path...)
		if text, ok := value.(string); err != nil || !ok || text == "" {
			return o.bad(strings.Join(path, ".") + " is missing: an object needs apiVersion, kind and metadata.name")
		}
	}
	if value, found, _ := unstructured.NestedFieldNoCopy(o.Object, "metadata", "namespace"); found {
		name, ok := value.(string)
		if msgs := validation.IsDNS1123Label(name); !ok || len(msgs) > 0 {
			return o.bad(fmt.Sprintf("metadata.namespace %v is no name of a namespace: %s", value, strings.Join(msgs, "; ")))
		}
	}
	gvk := o.GroupVersionKind()
	typed, err := scheme.Scheme.New(gvk)
	switch {
	case runtime.IsNotRegisteredError(err) && scheme.Scheme.IsVersionRegistered(gvk.GroupVersion()):
		return o.bad(fmt.Sprintf("apiVersion %s has no kind %s", gvk.GroupVersion(), gvk.Kind))
	case runtime.IsNotRegisteredError(err):
		return nil
	case err != nil:
		return o.bad(err.Error())
	}
	content, err := o.MarshalJSON()
	if err != nil {
		return o.bad(err.Error())
	}
	unknown, err := kjson.UnmarshalStrict(content, typed)
	if err != nil {
		return o.bad(strings.TrimPrefix(err.Error(), "json: "))
	}
	if len(unknown) > 0 {
		return o.bad(unknown[0].Error())
	}
	return nil
}

// checkNames returns an error if two documents are about the same object.
func checkNames(list []Object) error {
	seen := map[string]*Object{}
	for i := range list {
		o := &list[i]
		key := o.GroupVersionKind().GroupKind().String() + " " + o.GetNamespace() + "/" + o.GetName()
		if first := seen[key]; first != nil {
			return o.bad(fmt.Sprintf("the same object is in %s, document %d: leave one of them out", first.File, first.Document))
		}
		seen[key] = o
	}
	return nil
}

// Namespaces returns the namespaces that the objects are in and that none of
// them is. Workloads that name no namespace are in default.
func Namespaces(list []Object) []string {
	made := map[string]bool{}
	for i := range list {
		if list[i].GetKind() == "Namespace" {
			made[list[i].GetName()] = true
		}
	}
	var out []string
	for i := range list {
		ns := list[i].GetNamespace()
		if ns == "" && rank(&list[i]) == rankWorkload {
			ns = metav1.NamespaceDefault
		}
		if ns != "" && !made[ns] {
			made[ns] = true
			out = append(out, ns)
		}
	}
	return out
}
