// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"strings"
)

// Error says what is wrong with a document, and where.
type Error struct {
	// File as the user named it.
	File string
	// Document is its number in the file, from 1; 0 when the file as a whole is
	// meant.
	Document int
	// Object is the kind and name, where they are known.
	Object string
	// Line in the file, from 1; 0 when it is not known.
	Line int
	// Field is the path of the field, such as spec.containers[0].image; empty when
	// the document as a whole is meant.
	Field string
	// Message is what is wrong and what to do.
	Message string
}

// Error returns one line.
func (e *Error) Error() string {
	var out strings.Builder
	out.WriteString(e.File)
	if e.Document > 0 {
		fmt.Fprintf(&out, ", document %d", e.Document)
	}
	if e.Object != "" {
		fmt.Fprintf(&out, " (%s)", e.Object)
	}
	if e.Line > 0 {
		fmt.Fprintf(&out, ", line %d", e.Line)
	}
	out.WriteString(": ")
	if e.Field != "" {
		out.WriteString(e.Field + " ")
	}
	out.WriteString(strings.Join(strings.Fields(e.Message), " "))
	return out.String()
}
