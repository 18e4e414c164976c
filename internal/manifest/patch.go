// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	jsonpatch "github.com/evanphx/json-patch/v5"
	operations "gomodules.xyz/jsonpatch/v2"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/manifest/textpatch"
)

// Patch returns the document with the operations applied, and whether it had to
// be written anew as a whole: then its comments and its layout are lost, because
// the YAML leaves no other way (a value that comes through an alias or a merge
// key). What the document means is in both cases what the operations say,
// checked by reading it back. Without operations it is the document itself.
func (d *Document) Patch(ops []operations.Operation) (patched *Document, rewritten bool, err error) {
	if len(ops) == 0 {
		return d, false, nil
	}
	want, err := d.patchedJSON(ops)
	if err != nil {
		return nil, false, fmt.Errorf("patching %s, document %d: %w", d.File, d.Number, err)
	}
	apply := textpatch.ApplyYAML
	if d.isJSON {
		apply = textpatch.ApplyJSON
	}
	if text, err := apply(d.body, ops); err == nil {
		out, err := d.with(append(bytes.Clone(d.head), text...))
		if err == nil && sameJSON(out.content, want) {
			return out, false, nil
		}
	}
	out, err := d.rewrite(want)
	if err != nil {
		return nil, false, fmt.Errorf("writing %s, document %d: %w", d.File, d.Number, err)
	}
	return out, true, nil
}

// patchedJSON returns the document's object with the operations applied.
func (d *Document) patchedJSON(ops []operations.Operation) ([]byte, error) {
	content, err := json.Marshal(ops)
	if err != nil {
		return nil, err
	}
	patch, err := jsonpatch.DecodePatch(content)
	if err != nil {
		return nil, err
	}
	return patch.Apply(d.content)
}

// rewrite returns a document with the given content and the markers of this one.
func (d *Document) rewrite(content []byte) (*Document, error) {
	text, err := yaml.JSONToYAML(content)
	if err != nil {
		return nil, err
	}
	if d.isJSON {
		var indented bytes.Buffer
		if err := json.Indent(&indented, content, "", "  "); err != nil {
			return nil, err
		}
		text = append(indented.Bytes(), '\n')
	}
	raw := bytes.Clone(d.head)
	var marker, end []byte
	for line := range bytes.Lines(d.body) {
		if isMarker(line, "---") {
			marker = []byte("---\n")
		}
		if isMarker(line, "...") {
			end = []byte("...\n")
		}
	}
	raw = append(append(append(raw, marker...), text...), end...)
	if bytes.Contains(d.Raw, []byte("\r\n")) {
		raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}
	out, err := d.with(raw)
	if err == nil && !sameJSON(out.content, content) {
		err = fmt.Errorf("the result reads as something else")
	}
	return out, err
}

func sameJSON(a, b []byte) bool {
	valueA, errA := decodeAny(a)
	valueB, errB := decodeAny(b)
	return errA == nil && errB == nil && reflect.DeepEqual(valueA, valueB)
}
