// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// schema finds the fields of a configuration by its Go types.
type schema struct {
	src *source
	// names are renamed in comments, besides types and fields.
	names map[string]string
	// sections in the order in which they are reached.
	sections []*section
	// enums are the types of strings with named values, as they are reached.
	enums []string
}

// section is a struct with every place at which it stands in the file.
type section struct {
	typ   string
	paths []string
	rows  []row
}

// row is a field.
type row struct{ goName, name, typ, doc string }

// foreign says what the types of other packages are in the file.
var foreign = map[string]string{
	"resource.Quantity":                               "[quantity](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/)",
	"metav1.LabelSelector":                            "[label selector](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/)",
	"corev1.TopologySpreadConstraint":                 "[topology spread constraint](https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/)",
	"configv1.PodTopologySpreadConstraintsDefaulting": "string",
	"string": "string",
	"bool":   "boolean",
	"int32":  "integer",
	"int64":  "integer",
}

func newSchema(src *source, names map[string]string) *schema {
	return &schema{src: src, names: names}
}

// write writes all sections from the type on.
func (s *schema) write(typ string) (string, error) {
	if err := s.visit(typ, ""); err != nil {
		return "", err
	}
	var out strings.Builder
	for i, sec := range s.sections {
		if i == 0 {
			out.WriteString("## Top level\n\n")
		} else {
			fmt.Fprintf(&out, "\n## %s\n\n", sec.title())
		}
		doc := s.src.types[sec.typ].doc
		if doc == "" {
			return "", fmt.Errorf("the type %s has no comment", sec.typ)
		}
		out.WriteString(s.comment(doc, sec.typ) + "\n\n")
		if len(sec.paths) > 1 {
			fmt.Fprintf(&out, "It stands at %s.\n\n", strings.Join(codes(sec.paths), ", "))
		}
		t := newTable("field", "type", "meaning")
		for _, r := range sec.rows {
			path := r.name
			if len(sec.paths) == 1 {
				path = join(sec.paths[0], r.name)
			}
			t.row(code(path), r.typ, about(r.doc, r.goName, r.name, s.rename))
		}
		out.WriteString(t.String())
	}
	for _, enum := range s.enums {
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n", enum, s.comment(s.src.types[enum].doc, enum))
		t := newTable("value", "meaning")
		if err := s.src.each(enum, "", func(c constant) { t.row(code(c.value), about(c.doc, c.name, c.value, s.rename)) }); err != nil {
			return "", err
		}
		out.WriteString(t.String())
	}
	return out.String(), nil
}

// title of a section: its path, or of several its type.
func (sec *section) title() string {
	if len(sec.paths) == 1 {
		return sec.paths[0]
	}
	return sec.typ
}

// visit makes the section of a struct that stands at a path, and of those below.
func (s *schema) visit(typ, path string) error {
	if i := slices.IndexFunc(s.sections, func(sec *section) bool { return sec.typ == typ }); i >= 0 {
		s.sections[i].paths = append(s.sections[i].paths, path)
	} else {
		s.sections = append(s.sections, &section{typ: typ, paths: []string{path}})
	}
	rows, below, err := s.fields(typ)
	if err != nil {
		return err
	}
	for _, sec := range s.sections {
		if sec.typ == typ {
			sec.rows = rows
		}
	}
	for _, b := range below {
		if err := s.visit(b.typ, join(path, b.name)); err != nil {
			return err
		}
	}
	return nil
}

// child is a struct below a field; name ends in [] when the field is a list.
type child struct{ typ, name string }

// fields returns the rows of a struct, those of inlined structs among them, and
// the structs below it.
func (s *schema) fields(typ string) (rows []row, below []child, err error) {
	st, ok := s.src.types[typ].expr.(*ast.StructType)
	if !ok {
		return nil, nil, fmt.Errorf("%s is not a struct of this package", typ)
	}
	for _, f := range st.Fields.List {
		of := typeName(f.Type)
		if len(f.Names) == 0 {
			if of == "metav1.TypeMeta" {
				continue
			}
			inlined, more, err := s.fields(of)
			if err != nil {
				return nil, nil, err
			}
			rows, below = append(rows, inlined...), append(below, more...)
			continue
		}
		goName := f.Names[0].Name
		if !ast.IsExported(goName) {
			continue
		}
		name := jsonName(f)
		doc := withoutMarkers(f.Doc.Text())
		if name == "" {
			return nil, nil, fmt.Errorf("%s.%s has no json tag", typ, goName)
		}
		if doc == "" {
			return nil, nil, fmt.Errorf("%s.%s has no comment", typ, goName)
		}
		described, child, err := s.describe(of, name)
		if err != nil {
			return nil, nil, fmt.Errorf("%s.%s: %w", typ, goName, err)
		}
		rows = append(rows, row{goName: goName, name: name, typ: described, doc: doc})
		if child.typ != "" {
			below = append(below, child)
		}
	}
	return rows, below, nil
}

// describe says what a Go type is in the file; for a struct, or a list of them,
// it returns the child.
func (s *schema) describe(typ, name string) (string, child, error) {
	typ = strings.TrimPrefix(typ, "*")
	if elem, ok := strings.CutPrefix(typ, "[]"); ok {
		text, c, err := s.describe(elem, name+"[]")
		return "list of " + text, c, err
	}
	if elem, ok := strings.CutPrefix(typ, "map[string]"); ok {
		text, c, err := s.describe(elem, name+".*")
		return "map of string to " + text, c, err
	}
	if text, ok := foreign[typ]; ok {
		return text, child{}, nil
	}
	switch expr := s.src.types[typ].expr.(type) {
	case *ast.StructType:
		return "object", child{typ: typ, name: name}, nil
	case *ast.Ident:
		if expr.Name == "string" {
			if !slices.Contains(s.enums, typ) {
				s.enums = append(s.enums, typ)
			}
			return fmt.Sprintf("[%s](#%s)", typ, anchor(typ)), child{}, nil
		}
	}
	return "", child{}, fmt.Errorf("docgen does not know the type %s", typ)
}

// comment is the comment of a type, which begins with its name.
func (s *schema) comment(doc, typ string) string {
	return prose(withoutMarkers(doc), func(word string) (string, bool) {
		if word == typ {
			return "", false
		}
		return s.rename(word)
	})
}

// rename calls fields and types as they are called in the file.
func (s *schema) rename(word string) (string, bool) {
	if name, ok := s.names[word]; ok {
		return name, true
	}
	// What a user writes as a value is no name of ours.
	if !hasHumps(word) || slices.Contains(slices.Collect(maps.Values(s.src.values)), word) {
		return "", false
	}
	for _, sec := range s.sections {
		if sec.typ == word && sec.paths[0] != "" {
			return code(sec.paths[0]), true
		}
		for _, r := range sec.rows {
			if r.goName == word {
				return code(r.name), true
			}
		}
	}
	return s.src.rename(word)
}

// jsonName is the name of a field in the file, empty if it has none.
func jsonName(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	tag, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
	return name
}

// withoutMarkers drops the lines of a comment that speak to generators.
func withoutMarkers(doc string) string {
	var out []string
	for line := range strings.Lines(doc) {
		if !strings.HasPrefix(line, "+") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func codes(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = code(s)
	}
	return out
}
