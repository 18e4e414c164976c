// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

// Values of -o.
const (
	outputYAML = "yaml"
	outputJSON = "json"
	outputDiff = "diff"
)

func validOutput(o string) bool {
	return slices.Contains([]string{outputYAML, outputJSON, outputDiff}, o)
}

// format returns what goes to standard output.
func format(output string, files []*renderedFile) ([]byte, error) {
	switch output {
	case outputJSON:
		return formatJSON(files)
	case outputDiff:
		return formatDiff(files), nil
	default:
		return formatText(files), nil
	}
}

// formatText returns the files one after the other. One file alone keeps every
// byte that no feature changed.
func formatText(files []*renderedFile) []byte {
	var out bytes.Buffer
	for i, f := range files {
		var text []byte
		for _, d := range f.documents {
			text = append(text, d.after.Raw...)
		}
		if i > 0 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
			if out.Len() > 0 && !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
				out.WriteByte('\n')
			}
			if len(f.documents) > 0 {
				out.WriteString(separator(f.documents[0].after))
			}
		}
		out.Write(text)
	}
	return out.Bytes()
}

// separator returns what has to stand before the first document of a file that
// follows another.
func separator(d *manifest.Document) string {
	marker, directive := d.Marked()
	switch {
	case directive:
		// A directive may only follow the end of a document.
		return "...\n"
	case marker:
		return ""
	default:
		return "---\n"
	}
}

// formatJSON returns, as kubectl does, the object where there is one and a List
// of all where there are several. Items of a List are items of that List.
func formatJSON(files []*renderedFile) ([]byte, error) {
	items := []json.RawMessage{}
	for _, f := range files {
		for _, d := range f.documents {
			if !d.after.Empty() {
				items = append(items, d.after.JSON())
			}
		}
	}
	var object any
	if len(items) == 1 {
		object = items[0]
	} else {
		flat := []json.RawMessage{}
		for _, item := range items {
			flat = append(flat, flatten(item)...)
		}
		object = struct {
			APIVersion string            `json:"apiVersion"`
			Kind       string            `json:"kind"`
			Items      []json.RawMessage `json:"items"`
		}{"v1", "List", flat}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	if err := e.Encode(object); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return out.Bytes(), nil
}

func flatten(item json.RawMessage) []json.RawMessage {
	var list struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Items      []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(item, &list); err != nil || list.APIVersion != "v1" || list.Kind != "List" {
		return []json.RawMessage{item}
	}
	var out []json.RawMessage
	for _, i := range list.Items {
		out = append(out, flatten(i)...)
	}
	return out
}
