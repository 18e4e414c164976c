// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package textpatch applies a JSON Patch to the text of a YAML or JSON document
// and leaves every line alone that the patch does not speak of: comments, the
// order of keys, quoting, blank lines and line endings stay as their author
// wrote them.
//
// It works in three steps: a tree of the document in which each node knows its
// place in the text, the operations applied to that tree, and the edits of the
// text that follow from the difference. YAML has corners (anchors, merge keys,
// explicit keys) where a small edit is not possible or changes something else.
// Apply answers some of these with an error; for the rest its caller must read
// the result back and compare, as package manifest does.
package textpatch
