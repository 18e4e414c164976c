// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// reasonCodes writes the page of what a record of admission can say.
func reasonCodes(root string) (string, error) {
	src, err := readSource(root, "webhooks/mutate")
	if err != nil {
		return "", err
	}
	handler, err := readSource(root, "webhooks/pod")
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(`# Reason codes

What the admission webhook says of a pod: in the annotation ` + "`evenkeel.io/status`" + `, in metrics, in the audit log and in
the report of ` + "`evenkeel render`" + `. The source is [webhooks/mutate](../../webhooks/mutate).

## Outcomes

What became of a feature, for the pod as a whole or for one container.

`)
	outcomes := newTable("outcome", "meaning")
	if err := src.each("Outcome", "", func(c constant) { outcomes.row(code(c.value), about(c.doc, c.name, c.value, src.rename)) }); err != nil {
		return "", err
	}
	out.WriteString(outcomes.String())

	count := 0
	for _, g := range src.groups {
		if g.consts[0].typ != "Code" {
			continue
		}
		fmt.Fprintf(&out, "\n## %s\n\n", strings.TrimSuffix(strings.Join(strings.Fields(g.doc), " "), "."))
		t := newTable("code", "when", "what the user is told", "as a warning")
		for _, c := range g.consts {
			sentence := mutate.Code(c.value).Sentence()
			if c.doc == "" || sentence == c.value {
				return "", fmt.Errorf("webhooks/mutate: %s has no comment or no sentence", c.name)
			}
			warning := ""
			if mutate.Code(c.value).Warn() {
				warning = "yes"
			}
			t.row(code(c.value), when(c, src.rename), cell(sentence, src.rename), warning)
			count++
		}
		out.WriteString(t.String())
	}
	if count == 0 {
		return "", fmt.Errorf("webhooks/mutate has no constants of type Code")
	}

	out.WriteString("\n## Codes of the handler\n\nThey concern a request as a whole, so they are in metrics and in the audit log only.\n\n")
	t := newTable("code", "when")
	if err := handler.each("mutate.Code", "", func(c constant) { t.row(code(c.value), when(c, handler.rename)) }); err != nil {
		return "", err
	}
	out.WriteString(t.String())

	out.WriteString("\n## Facts\n\nThe keys under `facts` in `evenkeel.io/status`.\n\n")
	facts := newTable("fact", "meaning")
	if err := src.each("", "Fact", func(c constant) { facts.row(code(c.value), about(c.doc, c.name, c.value, src.rename)) }); err != nil {
		return "", err
	}
	out.WriteString(facts.String())
	return out.String(), nil
}

// when is the comment of a code without the code's name, which it begins with.
func when(c constant, names rename) string {
	doc := strings.TrimPrefix(c.doc, c.name)
	return cell(strings.TrimPrefix(strings.TrimPrefix(doc, ":"), " means that"), names)
}

// each calls f for the constants of a type whose names begin with a prefix. It is
// an error if one has no comment, or if there are none.
func (s *source) each(typ, prefix string, f func(constant)) error {
	n := 0
	for _, g := range s.groups {
		for _, c := range g.consts {
			if c.typ != typ || !strings.HasPrefix(c.name, prefix) {
				continue
			}
			if c.doc == "" {
				return fmt.Errorf("%s: %s has no comment", s.files[0].name, c.name)
			}
			f(c)
			n++
		}
	}
	if n == 0 {
		return fmt.Errorf("%s: the package has no constants %s of type %q", s.files[0].name, prefix, typ)
	}
	return nil
}

// rename calls a constant by its value. Names of one hump, which may be words as
// well, are left alone.
func (s *source) rename(word string) (string, bool) {
	value, ok := s.values[word]
	return code(value), ok && hasHumps(word)
}

// hasHumps reports whether a word is written in CamelCase with more than one
// capital, as prose is not.
func hasHumps(word string) bool {
	return word != "" && strings.ContainsAny(word[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && strings.ToUpper(word) != word
}
