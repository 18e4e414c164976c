// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package textpatch

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	operations "gomodules.xyz/jsonpatch/v2"
	"sigs.k8s.io/yaml"
)

// TestApplyMeansWhatThePatchSays writes random documents in every style that
// people use and compares each patched text with what a JSON Patch library makes
// of the same document.
func TestApplyMeansWhatThePatchSays(t *testing.T) {
	for seed := range uint64(1000) {
		a := &author{Rand: rand.New(rand.NewPCG(seed, 1)), newline: "\n"}
		if a.IntN(4) == 0 {
			a.newline = "\r\n"
		}
		a.step, a.dashes = 1+a.IntN(4), a.IntN(3)
		text := a.document()
		content, err := yaml.YAMLToJSONStrict([]byte(text))
		if err != nil {
			t.Fatalf("seed %d: the test's own document cannot be read: %v\n%s", seed, err, text)
		}
		ops := a.operations(content)
		got, err := ApplyYAML([]byte(text), ops)
		if err != nil {
			t.Fatalf("seed %d: %v\n%v\n%s", seed, err, ops, text)
		}
		if !sameAsJSONPatch(t, text, string(got), ops) {
			t.Fatalf("seed %d: wrong result of %v\nbefore:\n%s\nafter:\n%s", seed, ops, text, got)
		}
		if !a.takesAway && strings.Count(string(got), "# keep") != strings.Count(text, "# keep") {
			t.Fatalf("seed %d: comments are lost\nbefore:\n%s\nafter:\n%s", seed, text, got)
		}

		// The same in JSON, whose layout varies less.
		indented, _ := json.MarshalIndent(json.RawMessage(content), "", strings.Repeat(" ", a.step))
		for _, jsonText := range []string{string(content), string(indented)} {
			got, err := ApplyJSON([]byte(jsonText), ops)
			if err != nil {
				t.Fatalf("seed %d: JSON: %v", seed, err)
			}
			if !json.Valid(got) || !sameAsJSONPatch(t, jsonText, string(got), ops) {
				t.Fatalf("seed %d: wrong result of %v\nbefore:\n%s\nafter:\n%s", seed, ops, jsonText, got)
			}
		}
	}
}

// author writes YAML in a style of its own.
type author struct {
	*rand.Rand
	newline      string
	step, dashes int
	// takesAway says that an operation removes or replaces something.
	takesAway bool
}

func (a *author) document() string {
	var out strings.Builder
	if a.IntN(3) == 0 {
		out.WriteString("--- # keep" + a.newline)
	}
	// One member always stays.
	out.WriteString("stays: here" + a.newline)
	a.members(&out, 0, 0)
	text := out.String()
	// A literal that ends a text without a line break has none in its value: a
	// corner that the caller has to see.
	if a.IntN(3) == 0 && !strings.Contains(text, "- x: y") {
		text = strings.TrimSuffix(text, a.newline)
	}
	return text
}

// members writes the members of a mapping whose first line is indented already
// where the column is of a dash's content.
func (a *author) members(out *strings.Builder, column, depth int) {
	for i := range 1 + a.IntN(4) {
		a.between(out, column)
		out.WriteString(strings.Repeat(" ", column))
		key := "k" + strconv.Itoa(i)
		out.WriteString([]string{key, `"` + key + `"`, "'" + key + "'"}[a.IntN(3)] + ":")
		a.value(out, column, depth+1, column+a.step, column+a.dashes)
	}
}

// value writes what stands behind a colon or a dash, to the end of the line.
func (a *author) value(out *strings.Builder, column, depth, mappingColumn, dashColumn int) {
	choice := a.IntN(10)
	if depth > 4 {
		choice = a.IntN(5)
	}
	switch choice {
	case 0, 1, 2, 3:
		out.WriteString(a.scalar(column))
		a.endLine(out)
	case 4:
		out.WriteString([]string{"", " {}", " []", " ~"}[a.IntN(4)])
		a.endLine(out)
	case 5:
		out.WriteString(" " + a.flow(depth))
		a.endLine(out)
	case 6, 7:
		a.endLine(out)
		a.members(out, mappingColumn, depth)
	default:
		a.endLine(out)
		a.items(out, dashColumn, depth)
	}
}

func (a *author) items(out *strings.Builder, column, depth int) {
	for range 1 + a.IntN(3) {
		a.between(out, column)
		out.WriteString(strings.Repeat(" ", column) + "-")
		if a.IntN(2) == 0 && depth <= 4 {
			var inner strings.Builder
			// Comments cannot come before the first member on the dash's line.
			for {
				inner.Reset()
				a.members(&inner, column+2, depth+1)
				if strings.HasPrefix(strings.TrimLeft(inner.String(), " "), "k0") {
					break
				}
			}
			out.WriteString(" " + strings.TrimLeft(inner.String(), " "))
			continue
		}
		a.value(out, column, depth+1, column+2, column+2)
	}
}

// scalar writes any kind of scalar but the literal that keeps the blank lines
// behind it: removing its neighbour may give it more of them.
func (a *author) scalar(column int) string {
	deeper := a.newline + strings.Repeat(" ", column+3)
	literal := deeper + "line #1" + a.newline + deeper + " - x: y"
	return []string{" plain text", " 'it''s # quoted'", ` "a \" b"`, " 12", " true", " a:b#c", " -XX:+Use",
		" one" + deeper + "two", ` "one` + deeper + `two"`, " |" + literal, " >-" + literal, " |2-" + strings.ReplaceAll(literal, deeper, a.newline+strings.Repeat(" ", column+2))}[a.IntN(12)]
}

func (a *author) flow(depth int) string {
	if depth > 5 || a.IntN(3) == 0 {
		return []string{"x", "'a, b]'", `"}"`, "1.5", "null", "a b", "é"}[a.IntN(7)]
	}
	var parts []string
	isMap := a.IntN(2) == 0
	for i := range a.IntN(4) {
		part := a.flow(depth + 1)
		if isMap {
			part = fmt.Sprintf("f%d: %s", i, part)
		}
		parts = append(parts, part)
	}
	inner := strings.Join(parts, []string{", ", ",", " , "}[a.IntN(3)])
	if isMap {
		return "{" + inner + "}"
	}
	return "[ " + inner + " ]"
}

// between may write blank lines and comments between entries.
func (a *author) between(out *strings.Builder, column int) {
	switch a.IntN(8) {
	case 0:
		out.WriteString(a.newline)
	case 1:
		out.WriteString(strings.Repeat(" ", column) + "# keep: it" + a.newline)
	}
}

func (a *author) endLine(out *strings.Builder) {
	text := out.String()
	line := text[strings.LastIndex(text, "\n")+1:]
	inLiteral := strings.HasPrefix(strings.TrimSpace(line), "- x: y") || strings.TrimSpace(line) == ""
	if a.IntN(5) == 0 && !inLiteral {
		out.WriteString("  # keep: - this")
	}
	out.WriteString(a.newline)
}

// operations returns a few random operations, each valid after those before it.
func (a *author) operations(content []byte) []operations.Operation {
	var doc any
	if err := json.Unmarshal(content, &doc); err != nil {
		panic(err)
	}
	values := []any{"text", "on", 3, map[string]any{}, []string{"a", "b"}, map[string]any{"x": []any{map[string]any{"y": nil}}}, "two\nlines"}
	var ops []operations.Operation
	for range 1 + a.IntN(5) {
		path, parent := "", doc
		for {
			var children []string
			switch p := parent.(type) {
			case map[string]any:
				for k, v := range p {
					if isCollection(v) {
						children = append(children, k)
					}
				}
			case []any:
				for i, v := range p {
					if isCollection(v) {
						children = append(children, strconv.Itoa(i))
					}
				}
			}
			if len(children) == 0 || a.IntN(4) == 0 {
				break
			}
			// The order of a map is not of this test's choosing.
			child := children[0]
			for _, c := range children {
				child = min(child, c)
			}
			if a.IntN(2) == 0 {
				for _, c := range children {
					child = max(child, c)
				}
			}
			path += "/" + child
			if p, ok := parent.(map[string]any); ok {
				parent = p[child]
			} else {
				i, _ := strconv.Atoi(child)
				parent = parent.([]any)[i]
			}
		}
		op := a.operation(path, parent, values[a.IntN(len(values))])
		ops = append(ops, op)
		doc = applied(doc, op)
	}
	return ops
}

func (a *author) operation(path string, parent, value any) operations.Operation {
	switch p := parent.(type) {
	case map[string]any:
		key := "k" + strconv.Itoa(a.IntN(6))
		_, ok := p[key]
		a.takesAway = a.takesAway || ok
		if ok && a.IntN(3) > 0 {
			return []operations.Operation{remove(path + "/" + key), replace(path+"/"+key, value)}[a.IntN(2)]
		}
		return add(path+"/"+key, value)
	case []any:
		at := strconv.Itoa(a.IntN(len(p) + 1))
		if i, _ := strconv.Atoi(at); i < len(p) && a.IntN(3) > 0 {
			a.takesAway = true
			return []operations.Operation{remove(path + "/" + at), replace(path+"/"+at, value)}[a.IntN(2)]
		}
		return []operations.Operation{add(path+"/-", value), add(path+"/"+at, value)}[a.IntN(2)]
	}
	panic("not a collection")
}

func isCollection(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// applied returns the document with the operation applied.
func applied(doc any, op operations.Operation) any {
	content, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	if content, err = patched(content, op); err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(content, &out); err != nil {
		panic(err)
	}
	return out
}
