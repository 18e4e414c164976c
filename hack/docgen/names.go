// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// names writes the page of labels, annotations and environment variables.
func names(root string) (string, error) {
	src, err := readSource(root, "api/wellknown")
	if err != nil {
		return "", err
	}
	rename := func(word string) (string, bool) {
		value, ok := src.values[word]
		return code(value), ok && word != "Domain"
	}
	var out strings.Builder
	out.WriteString("# Names\n\nEvery label, annotation and environment variable that Evenkeel reads or writes. " +
		"The source is [api/wellknown](../../api/wellknown).\n")
	for _, g := range src.groups {
		if g.doc == "" && len(g.consts) == 1 && g.consts[0].name == "Domain" {
			continue
		}
		title, rest, _ := strings.Cut(strings.ReplaceAll(g.doc, "\n", " "), ".")
		if title == "" {
			return "", fmt.Errorf("api/wellknown: the const declaration of %s has no comment", g.consts[0].name)
		}
		fmt.Fprintf(&out, "\n## %s\n\n", title)
		if rest = prose(rest, rename); rest != "" {
			out.WriteString(rest + "\n\n")
		}
		t := newTable("name or value", "meaning")
		for _, c := range g.consts {
			if c.doc == "" {
				return "", fmt.Errorf("api/wellknown: %s has no comment", c.name)
			}
			t.row(code(c.value), about(c.doc, c.name, c.value, rename))
		}
		out.WriteString(t.String())
	}
	return out.String(), nil
}
