// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/evenkeel/evenkeel/internal/manifest/textpatch"
)

// Object is a Kubernetes object: a document, or an item of a list.
type Object struct {
	// APIVersion and Kind; empty when the document has none.
	APIVersion, Kind string
	// Namespace, Name and GenerateName of its metadata.
	Namespace, Name, GenerateName string

	document *Document
	// pointer to the object in the document.
	pointer string
	content json.RawMessage
}

// head is what is read of every object.
type head struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   any    `json:"metadata"`
}

// Objects returns the objects of the document: its items where it is a list,
// lists within lists included, or itself. An error is an *Error.
func (d *Document) Objects() ([]*Object, error) {
	if d.Empty() {
		return nil, nil
	}
	return d.objects("", d.content, head{})
}

// objects returns the objects at pointer. of holds the apiVersion and kind that
// an item of a typed list leaves out.
func (d *Document) objects(pointer string, content json.RawMessage, of head) ([]*Object, error) {
	h := of
	decode := func(part []byte) error { return json.Unmarshal(part, &head{}) }
	if err := json.Unmarshal(content, &h); err != nil {
		at, message := locate(content, decode)
		return nil, d.fault(pointer+at, message)
	}
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if strings.HasSuffix(h.Kind, "List") && json.Unmarshal(content, &list) == nil && list.Items != nil {
		item := head{}
		if h.Kind != "List" {
			item = head{APIVersion: h.APIVersion, Kind: strings.TrimSuffix(h.Kind, "List")}
		}
		out := []*Object{}
		for i, itemContent := range list.Items {
			at := pointer + "/items/" + strconv.Itoa(i)
			if itemContent[0] != '{' {
				return nil, d.fault(at, "is "+describeJSON(itemContent)+"; want an object")
			}
			objects, err := d.objects(at, itemContent, item)
			if err != nil {
				return nil, err
			}
			out = append(out, objects...)
		}
		return out, nil
	}
	o := &Object{APIVersion: h.APIVersion, Kind: h.Kind, document: d, pointer: pointer, content: content}
	if m, ok := h.Metadata.(map[string]any); ok {
		o.Namespace, _ = m["namespace"].(string)
		o.Name, _ = m["name"].(string)
		o.GenerateName, _ = m["generateName"].(string)
	}
	return []*Object{o}, nil
}

// ObjectLines returns the lines of Raw, from 0, in which the objects of Objects
// begin, or nil when they are not known.
func (d *Document) ObjectLines() []int {
	objects, err := d.Objects()
	if err != nil || len(objects) == 0 {
		return nil
	}
	pointers := make([]string, len(objects))
	for i, o := range objects {
		pointers[i] = o.pointer
	}
	lines, err := textpatch.Lines(d.body, d.isJSON, pointers...)
	if err != nil {
		return nil
	}
	for i := range lines {
		lines[i] += bytes.Count(d.head, []byte("\n"))
	}
	return lines
}

// String returns the kind and the name, with the namespace where the object has
// one, such as Deployment shop/cart.
func (o *Object) String() string {
	if o.Kind == "" {
		return "an object without a kind"
	}
	name := o.Name
	if name == "" && o.GenerateName != "" {
		name = o.GenerateName + "*"
	}
	if o.Namespace != "" && name != "" {
		name = o.Namespace + "/" + name
	}
	return strings.TrimSpace(o.Kind + " " + name)
}

// JSON returns the object. Callers must only read it.
func (o *Object) JSON() json.RawMessage { return o.content }

// fault returns an error about a field of the object.
func (o *Object) fault(pointer, message string) *Error {
	err := o.document.fault(o.pointer+pointer, message)
	err.Object = o.String()
	return err
}
