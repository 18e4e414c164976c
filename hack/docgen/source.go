// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// source is what docgen reads of a Go package.
type source struct {
	// files by name, in the order of names.
	files []sourceFile
	// groups are the const declarations in the order of the files.
	groups []constGroup
	types  map[string]typeDecl
	// values of the string constants by name.
	values map[string]string
}

type sourceFile struct {
	name string
	ast  *ast.File
}

// constGroup is one const declaration.
type constGroup struct {
	// doc is the comment of the whole, empty for a single constant.
	doc    string
	consts []constant
}

// constant is a constant whose value is a string.
type constant struct {
	// typ is the name of its type, empty for an untyped one.
	name, typ, value, doc string
}

type typeDecl struct {
	doc  string
	expr ast.Expr
}

// readSource parses the Go files of a folder, tests aside.
func readSource(root, dir string) (*source, error) {
	folder := filepath.Join(root, filepath.FromSlash(dir))
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the sources: %w; run docgen in the root of the repository", err)
	}
	s := &source{types: map[string]typeDecl{}, values: map[string]string{}}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("parsing: %w", err)
		}
		s.files = append(s.files, sourceFile{name: path.Join(dir, e.Name()), ast: f})
	}
	if len(s.files) == 0 {
		return nil, fmt.Errorf("%s has no Go files", dir)
	}
	specs := map[string]ast.Expr{}
	for _, f := range s.files {
		for _, d := range f.ast.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				collectConsts(g, specs)
			}
		}
	}
	for name, expr := range specs {
		if v, ok := stringValue(expr, specs); ok {
			s.values[name] = v
		}
	}
	for _, f := range s.files {
		for _, d := range f.ast.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				s.add(g)
			}
		}
	}
	return s, nil
}

func collectConsts(g *ast.GenDecl, specs map[string]ast.Expr) {
	if g.Tok != token.CONST {
		return
	}
	for _, spec := range g.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			if i < len(v.Values) {
				specs[name.Name] = v.Values[i]
			}
		}
	}
}

// stringValue evaluates a constant expression of strings: literals, names of
// other constants of the package, and their concatenation.
func stringValue(expr ast.Expr, consts map[string]ast.Expr) (string, bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		v, err := strconv.Unquote(e.Value)
		return v, e.Kind == token.STRING && err == nil
	case *ast.Ident:
		if of, ok := consts[e.Name]; ok {
			return stringValue(of, consts)
		}
	case *ast.BinaryExpr:
		x, okX := stringValue(e.X, consts)
		y, okY := stringValue(e.Y, consts)
		return x + y, okX && okY && e.Op == token.ADD
	}
	return "", false
}

// add takes over the types and the string constants of a declaration.
func (s *source) add(g *ast.GenDecl) {
	var group constGroup
	if g.Lparen.IsValid() {
		group.doc = g.Doc.Text()
	}
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			doc := spec.Doc.Text()
			if doc == "" {
				doc = g.Doc.Text()
			}
			s.types[spec.Name.Name] = typeDecl{doc: doc, expr: spec.Type}
		case *ast.ValueSpec:
			if g.Tok != token.CONST {
				continue
			}
			doc := spec.Doc.Text()
			if doc == "" && !g.Lparen.IsValid() {
				doc = g.Doc.Text()
			}
			for _, name := range spec.Names {
				if value, ok := s.values[name.Name]; ok {
					group.consts = append(group.consts, constant{name: name.Name, typ: typeName(spec.Type), value: value, doc: doc})
				}
			}
		}
	}
	if len(group.consts) > 0 {
		s.groups = append(s.groups, group)
	}
}

// typeName writes a type as it stands in the source: T, pkg.T, *T or []T, or
// map[T]T; empty for none.
func typeName(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.StarExpr:
		return "*" + typeName(e.X)
	case *ast.ArrayType:
		return "[]" + typeName(e.Elt)
	case *ast.MapType:
		return "map[" + typeName(e.Key) + "]" + typeName(e.Value)
	}
	return ""
}
