// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// root of the repository, from this package's folder.
const root = "../.."

// goFile is a Go source file of this module.
type goFile struct {
	// name is the path from the root, with slashes.
	name    string
	content string
	ast     *ast.File
}

func (f goFile) dir() string  { return path.Dir(f.name) }
func (f goFile) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }
func (f goFile) isGenerated() bool {
	return strings.HasPrefix(path.Base(f.name), "zz_generated")
}

// goFiles returns every Go file of this module.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			name := d.Name()
			if p != root && (strings.HasPrefix(name, ".") || name == "bin" || name == "testdata" || name == "_artifacts") {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(p) != ".go" {
			return nil
		}
		content, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), p, content, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		files = append(files, goFile{name: filepath.ToSlash(rel), content: string(content), ast: parsed})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("found only %d Go files under %s: the walk is broken", len(files), root)
	}
	return files
}

func TestGoFilesCarryTheLicenceHeader(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(root, "hack/boilerplate.go.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range goFiles(t) {
		content := f.content
		// Generators and build constraints put lines of their own first.
		if i := strings.Index(content, "// Copyright"); i > 0 && strings.HasPrefix(content, "//go:build") {
			content = content[i:]
		}
		if !strings.HasPrefix(content, strings.TrimSpace(string(want))) {
			t.Errorf("%s does not start with the header in hack/boilerplate.go.txt", f.name)
		}
	}
}

func TestPackagesHaveAComment(t *testing.T) {
	documented, seen := map[string]bool{}, map[string]string{}
	for _, f := range goFiles(t) {
		if f.isTest() || f.isGenerated() {
			continue
		}
		seen[f.dir()] = f.ast.Name.Name
		if f.ast.Doc == nil {
			continue
		}
		documented[f.dir()] = true
		if text := f.ast.Doc.Text(); f.ast.Name.Name != "main" && !strings.HasPrefix(text, "Package "+f.ast.Name.Name+" ") {
			t.Errorf("%s: the package comment must start with \"Package %s\"", f.name, f.ast.Name.Name)
		}
	}
	for dir := range seen {
		if !documented[dir] {
			t.Errorf("%s has no package comment: say what lives there and what does not", dir)
		}
	}
}

func TestPackageNamesSayWhatIsInside(t *testing.T) {
	for _, f := range goFiles(t) {
		switch path.Base(f.dir()) {
		case "util", "utils", "common", "helpers", "helper", "misc", "core":
			t.Errorf("%s: a package is named for what it holds, not %q", f.name, path.Base(f.dir()))
		}
	}
}

// maxLines is where a file is looked at again: nine in ten files of the
// codebases that this one takes after are below 350 lines.
const maxLines = 450

func TestFilesHaveOneSubject(t *testing.T) {
	for _, f := range goFiles(t) {
		if lines := strings.Count(f.content, "\n"); lines > maxLines && !f.isTest() && !f.isGenerated() {
			t.Errorf("%s has %d lines, more than %d: is it one thing?", f.name, lines, maxLines)
		}
	}
}

func TestReadmeStaysShort(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(content), "\n"); lines >= 120 {
		t.Errorf("README.md has %d lines; under 120 is what a newcomer reads", lines)
	}
}
