// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitFindsDocuments(t *testing.T) {
	tests := map[string]struct {
		content string
		want    []string
	}{
		"nothing":                      {"", []string{""}},
		"one":                          {"a: 1\n", []string{"a: 1\n"}},
		"two":                          {"a: 1\n---\nb: 2\n", []string{"a: 1\n", "---\nb: 2\n"}},
		"a marker first":               {"---\na: 1\n--- # c\nb: 2", []string{"---\na: 1\n", "--- # c\nb: 2"}},
		"comments before the marker":   {"# head\n\n%YAML 1.1\n---\na: 1\n", []string{"# head\n\n%YAML 1.1\n---\na: 1\n"}},
		"empty ones":                   {"---\n---\n# c\n---\n", []string{"---\n", "---\n# c\n", "---\n"}},
		"line breaks of Windows":       {"a: 1\r\n---\r\nb: 2\r\n", []string{"a: 1\r\n", "---\r\nb: 2\r\n"}},
		"a byte order mark":            {"\ufeff---\na: 1\n---\nb: 2\n", []string{"\ufeff---\na: 1\n", "---\nb: 2\n"}},
		"trailing spaces":              {"a: 1\n---  \t\nb: 2\n", []string{"a: 1\n", "---  \t\nb: 2\n"}},
		"content on the marker's line": {"--- {a: 1}\n--- {b: 2}\n", []string{"--- {a: 1}\n", "--- {b: 2}\n"}},
		"an end and a directive":       {"a: 1\n...\n%YAML 1.1\n---\nb: 2\n", []string{"a: 1\n...\n", "%YAML 1.1\n---\nb: 2\n"}},
		"dashes that mark nothing":     {"a: |\n  ---\n---x: 1\n ---\n", []string{"a: |\n  ---\n---x: 1\n ---\n"}},
		"JSON one after the other":     {"{\"a\": 1}\n {\"b\": \"}\"}{}\n", []string{"{\"a\": 1}\n ", "{\"b\": \"}\"}", "{}\n"}},
		"JSON that is none":            {"{\"a\": 1}\n{\"b\"\n", []string{"{\"a\": 1}\n{\"b\"\n"}},
		"braces of YAML":               {"{a: 1}\n", []string{"{a: 1}\n"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, d := range Split([]byte(tc.content)) {
				got = append(got, string(d))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzSplitLosesNothing(f *testing.F) {
	for _, seed := range []string{"", "a: 1\n---\nb: 2", "\ufeff---\r\n", "{}{}", "...\n---", "{\"a\":1}\r\n\t{}", "%YAML\n--- |\n ---\n...\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if got := bytes.Join(Split(content), nil); !bytes.Equal(got, content) {
			t.Errorf("split and joined: %q, want %q", got, content)
		}
	})
}

// FuzzParseNeverPanics also holds that a document that no operation changes keeps
// its bytes.
func FuzzParseNeverPanics(f *testing.F) {
	f.Add([]byte("kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - name: a\n    ports: [{containerPort: x}]\n"))
	f.Add([]byte("{\"kind\": \"List\", \"items\": [{\"kind\": 1}]}"))
	f.Add([]byte("apiVersion: apps/v1\nkind: Deployment\nspec: &a\n  template: *a\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		documents, err := Parse("f", content)
		if err != nil {
			return
		}
		var joined []byte
		for _, d := range documents {
			objects, err := d.Objects()
			if err != nil {
				return
			}
			for _, o := range objects {
				template, err := o.Template()
				if err != nil {
					return
				}
				if template != nil {
					// It may fail where there is no first container; it must not do worse.
					_, _, _ = d.Patch(template.Operations(onPods))
				}
			}
			same, _, err := d.Patch(nil)
			if err != nil {
				t.Fatal(err)
			}
			joined = append(joined, same.Raw...)
		}
		if !bytes.Equal(joined, content) {
			t.Errorf("got %q, want %q", joined, content)
		}
	})
}
