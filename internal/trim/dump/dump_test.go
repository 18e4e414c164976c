// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

// read returns what a dump holds: "<apiVersion> <kind> <name> <line>" of each
// object, and "list of <apiVersion> <kind>" of each typed list.
func read(from io.Reader) ([]string, error) {
	var out []string
	err := Read("dump", from, Handler{
		Object: func(o Object) error {
			var named struct{ Metadata struct{ Name string } }
			if err := json.Unmarshal(o.Content, &named); err != nil {
				return err
			}
			out = append(out, fmt.Sprintf("%s %s %s %d", o.APIVersion, o.Kind, named.Metadata.Name, o.Line))
			return nil
		},
		List: func(apiVersion, kind string) { out = append(out, "list of "+apiVersion+" "+kind) },
	})
	return out, err
}

func TestDumpsAreRead(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                  {"", nil},
		"only comments":            {"# nothing\n---\n", nil},
		"one object":               {"# A pod.\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", []string{"v1 Pod a 1"}},
		"documents":                {"kind: Pod\nmetadata: {name: a}\n---\nkind: Node\nmetadata: {name: b}\n...\n---\n", []string{" Pod a 1", " Node b 4"}},
		"kubectl's list":           {"apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n- kind: Node\n  metadata:\n    name: b\nkind: List\nmetadata:\n  resourceVersion: \"\"\n", []string{"v1 Pod a 3", " Node b 7"}},
		"an indented list":         {"kind: List\nitems:\n\n  # first\n  - kind: Pod\n    metadata:\n      name: a\n  # second\n  - metadata: {name: b}\n    kind: Pod\n", []string{" Pod a 5", " Pod b 9"}},
		"a dash on its own line":   {"kind: List\nitems:\n-\n  kind: Pod\n  metadata: {name: a}\n", []string{" Pod a 3"}},
		"a list in flow":           {"kind: List\nitems: [{kind: Pod, metadata: {name: a}}]\n", []string{" Pod a 1"}},
		"a list of nothing":        {"kind: List\nitems: []\n", nil},
		"a list with null":         {"kind: List\nitems:\nmetadata: {}\n", nil},
		"a typed list":             {"apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n- metadata: {name: b}\n", []string{"list of v1 Pod", "v1 Pod a 4", "v1 Pod b 5"}},
		"a typed list of nothing":  {"apiVersion: v1\nkind: PodList\nitems: []\n", []string{"list of v1 Pod"}},
		"a list in a list":         {"kind: List\nitems:\n- kind: PodList\n  apiVersion: v1\n  items:\n  - metadata: {name: a}\n", []string{"list of v1 Pod", "v1 Pod a 3"}},
		"dashes that are no items": {"items:\n- kind: ConfigMap\n  metadata:\n    name: a\n  data:\n    items: |\n      - not one\n\n      - nor this\n    list:\n    - x\n- kind: Pod\n  metadata:\n    name: b\nkind: List\n", []string{" ConfigMap a 2", " Pod b 12"}},
		"items further down":       {"kind: ConfigMap\nmetadata:\n  name: a\n  items:\n  - x\n", []string{" ConfigMap a 1"}},
		"Windows line endings":     {"items:\r\n- kind: Pod\r\n  metadata:\r\n    name: a\r\nkind: List\r\n", []string{" Pod a 2"}},
		"a byte order mark":        {"\xef\xbb\xbfkind: Pod\nmetadata: {name: a}\n", []string{" Pod a 1"}},
		"no newline at the end":    {"items:\n- kind: Pod\n  metadata: {name: a}\nkind: List", []string{" Pod a 2"}},
		"lists one after another":  {"items:\n- kind: Pod\n  metadata: {name: a}\nkind: List\n---\nitems:\n- kind: Pod\n  metadata: {name: b}\nkind: List\n", []string{" Pod a 2", " Pod b 7"}},

		"JSON":                      {`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`, []string{"v1 Pod a 0"}},
		"a JSON list":               {`{"apiVersion":"v1","items":[{"kind":"Pod","metadata":{"name":"a"}},{"kind":"Node","metadata":{"name":"b"}}],"kind":"List"}`, []string{" Pod a 0", " Node b 0"}},
		"a typed JSON list":         {`{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"}}]}`, []string{"list of v1 Pod", "v1 Pod a 0"}},
		"its kind behind":           {`{"items":[{"metadata":{"name":"a"}}],"kind":"PodList","apiVersion":"v1"}`, []string{"list of v1 Pod", "v1 Pod a 0"}},
		"a typed JSON list of none": {`{"kind":"PodList","apiVersion":"v1","items":null}`, []string{"list of v1 Pod"}},
		"JSON values that follow":   {"\n {\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}\n{\"kind\":\"Pod\",\"metadata\":{\"name\":\"b\"}}\n", []string{" Pod a 0", " Pod b 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(strings.NewReader(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// However the reader hands it out.
			if got, err := read(iotest.OneByteReader(strings.NewReader(tc.text))); err != nil || !cmp.Equal(tc.want, got) {
				t.Errorf("byte by byte: %v, %v", got, err)
			}
		})
	}
}

func TestWrongDumpsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"no object":                 {"just text\n", "dump, line 1: is not a Kubernetes object: it has no kind"},
		"no kind":                   {"a: 1\n---\nmetadata: {name: a}\n", "dump, line 1: is not a Kubernetes object: it has no kind"},
		"an item without a kind":    {"kind: List\nitems:\n- metadata: {name: a}\n", "dump, line 3: an item of the list has no kind"},
		"an item that is no object": {"kind: List\nitems:\n- a\n", "dump, line 3: an item of the list is not an object"},
		"items of no list":          {"kind: Pod\nitems:\n- kind: Pod\n", `dump, line 1: has items but the kind "Pod"; want a List, as kubectl get -o yaml prints it`},
		"wrong YAML in an item":     {"kind: List\nitems:\n- kind: Pod\n- kind: Pod\n  metadata:\n    name: [a\n", "dump, line 6: is not YAML: did not find expected ',' or ']'"},
		"wrong YAML elsewhere":      {"kind: List\nitems:\n- kind: Pod\nmetadata: [\n", "dump, line 4: is not YAML: did not find expected node content"},
		"an anchor":                 {"kind: List\nitems:\n- kind: Pod\n  spec: &x {}\n- kind: Pod\n  spec: *x\n", "dump, line 5: refers to an anchor of another item; write the dump without anchors, as kubectl get does"},
		"JSON that ends":            {`{"kind":"List","items":[{"kind":"Pod"},`, "dump: ends in the middle of an object; it is incomplete"},
		"JSON that ends in an item": {`{"kind":"List","items":[{"kind":"Pod"`, "dump: ends in the middle of an object; it is incomplete"},
		"wrong JSON":                {`{"kind":"List",,}`, "dump: is not JSON: invalid character ',' looking for beginning of object key string"},
		"YAML in braces":            {"{kind: Pod}", "dump: is not JSON: invalid character 'k'"},
		"items of another type":     {`{"kind":"List","items":7}`, "dump: items is not a list; want what kubectl get -o json prints"},
		"JSON and something else":   {`{"kind":"Pod"} 7`, "dump: has something else than an object; want what kubectl get -o json prints"},
		"UTF-16":                    {"\xff\xfek\x00", "dump: is written in UTF-16; save it as UTF-8"},
		"gzip":                      {"\x1f\x8b\x08\x00", "dump: is compressed; pass it through gunzip and read it with -f -"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(strings.NewReader(tc.text))
			var inDump *manifest.Error
			if !errors.As(err, &inDump) || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestErrorsOfOthersPass: those of the reader and of the handler are not the
// dump's.
func TestErrorsOfOthersPass(t *testing.T) {
	broken := errors.New("broken pipe")
	for name, begin := range map[string]string{"at once": "", "in YAML": "kind: Pod\n", "in JSON": `{"kind":`} {
		_, err := read(io.MultiReader(strings.NewReader(begin), iotest.ErrReader(broken)))
		var inDump *manifest.Error
		if !errors.Is(err, broken) || errors.As(err, &inDump) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	for name, text := range map[string]string{"YAML": "kind: List\nitems:\n- kind: Pod\n", "JSON": `{"kind":"Pod"}`, "a typed list": `{"kind":"PodList","items":[{}]}`} {
		err := Read("dump", strings.NewReader(text), Handler{Object: func(Object) error { return broken }, List: func(string, string) {}})
		if !errors.Is(err, broken) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

// TestLargeDumpsAreStreamed reads a dump that is made while it is read: an object
// is handed out before the next but a buffer's length is made.
func TestLargeDumpsAreStreamed(t *testing.T) {
	const items, size = 200, 64 << 10
	for format, head := range map[string]string{"YAML": "kind: List\nitems:\n", "JSON": `{"kind":"List","items":[`} {
		t.Run(format, func(t *testing.T) {
			made, farthest, handed := 0, 0, 0
			from := &maker{next: func() string {
				made++
				farthest = max(farthest, made-handed)
				fill := strings.Repeat("x", size)
				switch {
				case made == 1:
					return head
				case made > items+1:
					return ""
				case format == "YAML":
					return "- kind: Pod\n  metadata: {name: " + fill + "}\n"
				case made == items+1:
					return `{"kind":"Pod","metadata":{"name":"` + fill + `"}}]}`
				default:
					return `{"kind":"Pod","metadata":{"name":"` + fill + `"}},`
				}
			}}
			err := Read("dump", from, Handler{List: func(string, string) {}, Object: func(Object) error { handed++; return nil }})
			if err != nil || handed != items {
				t.Fatalf("%d objects, error %v", handed, err)
			}
			if farthest > items/2 {
				t.Errorf("%d objects of %d were read before one was handed out", farthest, items)
			}
		})
	}
}

// maker is a reader of what next makes, until that is nothing.
type maker struct {
	next func() string
	rest string
}

func (m *maker) Read(p []byte) (int, error) {
	if m.rest == "" {
		m.rest = m.next()
	}
	if m.rest == "" {
		return 0, io.EOF
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}
