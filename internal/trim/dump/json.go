// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

// readJSON reads JSON values that follow one another.
func (c *collector) readJSON(from io.Reader) error {
	d := json.NewDecoder(from)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return c.jsonError(err)
		}
		if token != json.Delim('{') {
			return &manifest.Error{File: c.name, Message: "has something else than an object; want what kubectl get -o json prints"}
		}
		if err := c.readJSONObject(d); err != nil {
			return err
		}
	}
}

// readJSONObject reads the rest of an object, item by item where it is a list.
func (c *collector) readJSONObject(d *json.Decoder) error {
	fields := map[string]json.RawMessage{}
	list := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return c.jsonError(err)
		}
		if key == "items" {
			if err := c.readJSONItems(d); err != nil {
				return err
			}
			list = true
			continue
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return c.jsonError(err)
		}
		fields[key.(string)] = value
	}
	if _, err := d.Token(); err != nil {
		return c.jsonError(err)
	}
	if list {
		return c.end(text(fields["apiVersion"]), text(fields["kind"]), 0)
	}
	content, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return c.single(content, 0)
}

// readJSONItems reads the value of items.
func (c *collector) readJSONItems(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return c.jsonError(err)
	}
	if token == nil {
		return nil // null, as Go writes an empty list.
	}
	if token != json.Delim('[') {
		return &manifest.Error{File: c.name, Message: "items is not a list; want what kubectl get -o json prints"}
	}
	for d.More() {
		var item json.RawMessage
		if err := d.Decode(&item); err != nil {
			return c.jsonError(err)
		}
		if err := c.item(item, 0); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return c.jsonError(err)
	}
	return nil
}

// text returns a JSON string, or nothing.
func text(value json.RawMessage) string {
	var out string
	_ = json.Unmarshal(value, &out)
	return out
}

// jsonError is an error of the decoder; where it is not the dump's fault, that
// itself.
func (c *collector) jsonError(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &manifest.Error{File: c.name, Message: "ends in the middle of an object; it is incomplete"}
	case errors.As(err, &syntax):
		return &manifest.Error{File: c.name, Message: "is not JSON: " + err.Error()}
	}
	return err
}
