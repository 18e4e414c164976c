// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"

	"github.com/evenkeel/evenkeel/internal/golden"
)

func schema(t *testing.T) *spec.Schema {
	t.Helper()
	s := &spec.Schema{}
	if err := json.Unmarshal(Schema, s); err != nil {
		t.Fatalf("schema.json: %v", err)
	}
	return s
}

// validateDocument returns what is wrong with a JSON document by the schema.
func validateDocument(t *testing.T, content []byte) error {
	t.Helper()
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	return validate.AgainstSchema(schema(t), value, strfmt.Default)
}

func TestSchemaAcceptsDocuments(t *testing.T) {
	for name, doc := range map[string]*Document{"full": exampleDocument(), "empty": New(&Cluster{}, newJudge(t, ""), Software{})} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := doc.WriteJSON(&out); err != nil {
				t.Fatal(err)
			}
			if err := validateDocument(t, out.Bytes()); err != nil {
				t.Errorf("the document does not fit schema.json: %v", err)
			}
		})
	}
}

func TestSchemaRejectsOtherDocuments(t *testing.T) {
	tests := map[string]func(map[string]any){
		"unknown field":  func(d map[string]any) { d["extra"] = true },
		"missing field":  func(d map[string]any) { delete(d, "pods") },
		"wrong type":     func(d map[string]any) { d["ok"] = "yes" },
		"another kind":   func(d map[string]any) { d["kind"] = "Deployment" },
		"null for array": func(d map[string]any) { d["problems"] = nil },
		"unknown problem code": func(d map[string]any) {
			d["problems"].([]any)[0].(map[string]any)["code"] = "Whatever"
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := exampleDocument().WriteJSON(&out); err != nil {
				t.Fatal(err)
			}
			var fields map[string]any
			if err := json.Unmarshal(out.Bytes(), &fields); err != nil {
				t.Fatal(err)
			}
			change(fields)
			content, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			if err := validateDocument(t, content); err == nil {
				t.Error("the schema accepts the document")
			}
		})
	}
}

// TestSchemaNamesEveryField compares the schema with the Go types both ways.
func TestSchemaNamesEveryField(t *testing.T) {
	var ofTypes, ofSchema []string
	fieldsOfType(reflect.TypeFor[Document](), "", &ofTypes)
	for _, f := range fieldsOfSchema(schema(t), "") {
		ofSchema = append(ofSchema, f.path)
		if f.schema.Description == "" {
			t.Errorf("schema.json does not say what %s is", f.path)
		}
	}
	slices.Sort(ofTypes)
	slices.Sort(ofSchema)
	if diff := cmp.Diff(ofTypes, ofSchema); diff != "" {
		t.Errorf("fields (-types +schema.json):\n%s", diff)
	}
}

// fieldsOfType lists the paths of a type's fields as JSON has them.
func fieldsOfType(t reflect.Type, prefix string, out *[]string) {
	switch t.Kind() {
	case reflect.Slice:
		fieldsOfType(t.Elem(), prefix+"[]", out)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous {
				fieldsOfType(f.Type, prefix, out)
				continue
			}
			path := strings.TrimPrefix(prefix+"."+f.Tag.Get("json"), ".")
			*out = append(*out, path)
			fieldsOfType(f.Type, path, out)
		}
	}
}

type schemaField struct {
	path   string
	schema *spec.Schema
}

// fieldsOfSchema lists the properties below a schema, each before those below it,
// and in the order of the alphabet otherwise.
func fieldsOfSchema(s *spec.Schema, prefix string) []schemaField {
	if s.Items != nil {
		return fieldsOfSchema(s.Items.Schema, prefix+"[]")
	}
	var names []string
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []schemaField
	for _, name := range names {
		property := s.Properties[name]
		path := strings.TrimPrefix(prefix+"."+name, ".")
		out = append(append(out, schemaField{path, &property}), fieldsOfSchema(&property, path)...)
	}
	return out
}

// TestDocumentationListsTheSchema keeps the table in docs/playground.md in line
// with schema.json; with -update it is written.
func TestDocumentationListsTheSchema(t *testing.T) {
	const page, begin, end = "../../../../docs/playground.md", "<!-- fields: begin -->\n", "<!-- fields: end -->"
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), begin)
	_, after, foundEnd := strings.Cut(rest, end)
	if !found || !foundEnd {
		t.Fatalf("%s has no part between %q and %q", page, begin, end)
	}
	var table strings.Builder
	table.WriteString("| field | type | meaning |\n|---|---|---|\n")
	for _, f := range fieldsOfSchema(schema(t), "") {
		kind := f.schema.Type[0]
		if f.schema.Items != nil {
			kind = "array of " + f.schema.Items.Schema.Type[0] + "s"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", f.path, kind, f.schema.Description)
	}
	golden.Check(t, page, []byte(before+begin+table.String()+end+after))
}
