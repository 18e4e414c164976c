// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"strings"
)

// Placeholders are the names that may stand in {{ }} in what an Agent gives to a
// container, besides FolderPlaceholder with the name of a writable folder and
// LabelPlaceholder with the key of a label. The set is closed: there are no
// expressions. The braces cannot be taken for the $(NAME) of a kubelet or the
// $NAME of a shell.
var Placeholders = []string{"workload", "kind", "namespace", "container", "mount"}

const (
	// FolderPlaceholder begins the placeholders of writable folders.
	FolderPlaceholder = "dir."
	// LabelPlaceholder begins the placeholders of the pod's labels.
	LabelPlaceholder = "label."
)

// ExpandTemplate puts values in the place of the placeholders in s. value says
// what one stands for, and false if there is none of that name, which is an
// error.
func ExpandTemplate(s string, value func(name string) (string, bool)) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(s, "{{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return "", fmt.Errorf("the placeholder {{%s is not closed with }}", name)
		}
		v, ok := value(name)
		if !ok {
			return "", fmt.Errorf("{{%s}} is not a placeholder; use {{%s}}, {{%sNAME}} with a writable folder's name or {{%sKEY}} with a label's key",
				name, strings.Join(Placeholders, "}}, {{"), FolderPlaceholder, LabelPlaceholder)
		}
		out.WriteString(v)
		s = after
	}
}
