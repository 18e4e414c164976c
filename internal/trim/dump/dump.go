// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dump reads the objects of a cluster from what `kubectl get -o yaml` or
// `-o json` prints, one object at a time: the dump of a large cluster does not fit
// into memory several times over, as YAML does that is read as a whole.
//
// It knows lists and documents, and no kind. What the objects mean is for its
// caller.
package dump

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

// Object is one object of a dump.
type Object struct {
	APIVersion, Kind string
	// Content is the object as JSON. It may lack apiVersion and kind, which the
	// items of a typed list leave out.
	Content json.RawMessage
	// Line is where the object begins, from 1; 0 in JSON.
	Line int
}

// Handler is told what a dump holds.
type Handler struct {
	// Object is called for each object.
	Object func(Object) error
	// List is called for each list of one kind, such as PodList, with the kind of
	// its items: it may have none.
	List func(apiVersion, kind string)
}

// Read reads a dump; name is what errors call it. An error is a *manifest.Error
// where the dump is to blame, or that of the reader or the handler.
func Read(name string, from io.Reader, h Handler) error {
	r := bufio.NewReaderSize(from, 1<<20)
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return &manifest.Error{File: name, Message: "is written in UTF-16; save it as UTF-8"}
	case bytes.HasPrefix(head, []byte{0x1F, 0x8B}):
		return &manifest.Error{File: name, Message: "is compressed; pass it through gunzip and read it with -f -"}
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		if _, err := r.Discard(3); err != nil {
			return err
		}
	}
	c := &collector{name: name, h: h}
	for {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if b == ' ' || b == '\t' || b == '\r' || b == '\n' {
			if b == '\n' {
				c.line++
			}
			continue
		}
		if err := r.UnreadByte(); err != nil {
			return err
		}
		if b == '{' {
			return c.readJSON(r)
		}
		return c.readYAML(r)
	}
}

// collector turns what a reader finds into objects.
type collector struct {
	name string
	h    Handler
	// line of the dump that was read last, from 1.
	line int
	// pending are items of a list whose kind is not known yet: `kubectl get -o
	// json` writes items before kind.
	pending []Object
}

// item takes an item of a list.
func (c *collector) item(content json.RawMessage, line int) error {
	o := Object{Content: content, Line: line}
	var head struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Items      []json.RawMessage `json:"items"`
	}
	if content[0] != '{' || json.Unmarshal(content, &head) != nil {
		return &manifest.Error{File: c.name, Line: line, Message: "an item of the list is not an object"}
	}
	o.APIVersion, o.Kind = head.APIVersion, head.Kind
	if o.Kind == "" {
		c.pending = append(c.pending, o)
		return nil
	}
	if strings.HasSuffix(o.Kind, "List") && head.Items != nil {
		inner := &collector{name: c.name, h: c.h}
		for _, i := range head.Items {
			if err := inner.item(i, line); err != nil {
				return err
			}
		}
		return inner.end(o.APIVersion, o.Kind, line)
	}
	return c.h.Object(o)
}

// end takes the end of a list.
func (c *collector) end(apiVersion, kind string, line int) error {
	of, typed := strings.CutSuffix(kind, "List")
	pending := c.pending
	c.pending = nil
	if !typed {
		return &manifest.Error{File: c.name, Line: line, Message: fmt.Sprintf("has items but the kind %q; want a List, as kubectl get -o yaml prints it", kind)}
	}
	if of == "" && len(pending) > 0 {
		return &manifest.Error{File: c.name, Line: pending[0].Line, Message: "an item of the list has no kind"}
	}
	if of != "" {
		c.h.List(apiVersion, of)
	}
	for _, o := range pending {
		o.APIVersion, o.Kind = apiVersion, of
		if err := c.h.Object(o); err != nil {
			return err
		}
	}
	return nil
}

// single takes a document that was read as a whole.
func (c *collector) single(content json.RawMessage, line int) error {
	var head struct {
		Kind string `json:"kind"`
	}
	if content[0] != '{' || json.Unmarshal(content, &head) != nil || head.Kind == "" {
		return &manifest.Error{File: c.name, Line: line, Message: "is not a Kubernetes object: it has no kind"}
	}
	return c.item(content, line)
}
