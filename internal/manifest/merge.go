// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	yamlnode "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// yamlToJSON returns the document's YAML as JSON, as kubectl reads it, and refuses
// a key that is written twice. The library's strict reading also counts the keys
// that a merge key ("<<") brings, which are there to be overridden: a document
// with one is read as kubectl does, and its keys are compared here.
func (d *Document) yamlToJSON() ([]byte, error) {
	content, err := yaml.YAMLToJSONStrict(d.body)
	if err == nil {
		return content, nil
	}
	var root yamlnode.Node
	if yamlnode.Unmarshal(d.body, &root) != nil || !merges(&root) {
		return nil, d.syntaxError(err)
	}
	if twice := writtenTwice(&root); twice != nil {
		return nil, d.faultAt(d.Line+twice.Line-1, "", fmt.Sprintf("the key %q is there twice", twice.Value))
	}
	if content, err = yaml.YAMLToJSON(d.body); err != nil {
		return nil, d.syntaxError(err)
	}
	return content, nil
}

const mergeTag = "!!merge"

// merges tells whether there is a merge key in the node.
func merges(n *yamlnode.Node) bool {
	for i, child := range n.Content {
		if n.Kind == yamlnode.MappingNode && i%2 == 0 && child.Tag == mergeTag || merges(child) {
			return true
		}
	}
	return false
}

// writtenTwice returns the second of two equal keys of a mapping in the node, the
// first one by line, or nil.
func writtenTwice(n *yamlnode.Node) *yamlnode.Node {
	seen := map[string]bool{}
	for i, child := range n.Content {
		if n.Kind == yamlnode.MappingNode && i%2 == 0 && child.Kind == yamlnode.ScalarNode && child.Tag != mergeTag {
			key := child.Value
			// 1 and 0x1 are one key.
			var value any
			if child.Decode(&value) == nil {
				key = fmt.Sprint(value)
			}
			if seen[key] {
				return child
			}
			seen[key] = true
		}
		if twice := writtenTwice(child); twice != nil {
			return twice
		}
	}
	return nil
}
