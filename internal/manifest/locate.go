// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// locate finds the value at which decode fails, and says why: the decoders of
// Kubernetes types name a field without the index in its list, or none. It
// returns the value's JSON Pointer.
//
// It decodes ever smaller parts of the content: the first so many of its leaves,
// by bisection.
func locate(content []byte, decode func([]byte) error) (pointer, message string) {
	root, err := decodeAny(content)
	if err != nil {
		return "", err.Error()
	}
	fails := func(v any) error {
		part, err := json.Marshal(v)
		if err != nil {
			return err
		}
		return decode(part)
	}
	leaves := leavesOf(root, nil)
	k := sort.Search(len(leaves), func(k int) bool { return fails(firstLeaves(root, k+1)) != nil })
	if k == len(leaves) {
		return "", decode(content).Error()
	}
	path, value := leaves[k], any(nil)
	// The leaf may be at fault because what holds it is not what is wanted there.
	for depth := 1; depth <= len(path); depth++ {
		value = valueAt(root, path[:depth])
		if err = fails(nest(root, path[:depth], emptied(value))); err != nil {
			path = path[:depth]
			break
		}
	}
	if err == nil {
		err = fails(firstLeaves(root, k+1))
	}
	for _, token := range path {
		pointer += "/" + escape(token)
	}
	return pointer, explain(value, err)
}

func decodeAny(content []byte) (any, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err
}

// leavesOf returns the paths of the scalars and empty collections, in an order
// that firstLeaves shares.
func leavesOf(v any, path []string) [][]string {
	var out [][]string
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, leavesOf(v[key], append(slices.Clone(path), key))...)
		}
	case []any:
		for i, item := range v {
			out = append(out, leavesOf(item, append(slices.Clone(path), strconv.Itoa(i)))...)
		}
	}
	if len(out) == 0 {
		return [][]string{path}
	}
	return out
}

// firstLeaves returns the part of v that its first n leaves make up.
func firstLeaves(v any, n int) any {
	out, _ := takeLeaves(v, n)
	return out
}

func takeLeaves(v any, n int) (any, int) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			break
		}
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if n > 0 {
				out[key], n = takeLeaves(v[key], n)
			}
		}
		return out, n
	case []any:
		if len(v) == 0 {
			break
		}
		out := []any{}
		for _, item := range v {
			if n > 0 {
				var part any
				part, n = takeLeaves(item, n)
				out = append(out, part)
			}
		}
		return out, n
	}
	return v, n - 1
}

func valueAt(v any, path []string) any {
	for _, token := range path {
		switch c := v.(type) {
		case map[string]any:
			v = c[token]
		case []any:
			i, _ := strconv.Atoi(token)
			v = c[i]
		}
	}
	return v
}

// emptied returns a collection without what it holds, anything else as it is.
func emptied(v any) any {
	switch v.(type) {
	case map[string]any:
		return map[string]any{}
	case []any:
		return []any{}
	}
	return v
}

// nest returns what root is down to the path, with value there and nothing
// beside it. A list on the way holds one item.
func nest(root any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	inner := nest(valueAt(root, path[:1]), path[1:], value)
	if _, ok := root.([]any); ok {
		return []any{inner}
	}
	return map[string]any{path[0]: inner}
}

// explain returns what is wrong with a value that could not be decoded.
func explain(value any, err error) string {
	content, _ := json.Marshal(value)
	is := "is " + describeJSON(content)
	var wrongType *json.UnmarshalTypeError
	if !errors.As(err, &wrongType) {
		if strings.Contains(err.Error(), "quantit") {
			return is + "; want a quantity such as 500m, 2 or 1Gi"
		}
		return is + ": " + err.Error()
	}
	want, _ := wanted(wrongType.Type)
	_, number := value.(json.Number)
	_, boolean := value.(bool)
	switch {
	case want == wantString && number:
		want += ": put it in quotes"
	case want == wantString && boolean:
		want += ": put it in quotes, as YAML takes y, yes, on and their like for booleans"
	}
	return is + "; want " + want
}

const wantString = "a string"

func wanted(t reflect.Type) (string, bool) {
	switch t.Kind() {
	case reflect.String:
		return wantString, true
	case reflect.Bool:
		return "true or false", true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number within the field's range", true
	case reflect.Slice, reflect.Array:
		return "a list", true
	case reflect.Map, reflect.Struct:
		return "an object", true
	case reflect.Pointer:
		return wanted(t.Elem())
	}
	return t.String(), false
}

// describeJSON says what a JSON value is, in a few words.
func describeJSON(content []byte) string {
	const short = 40
	switch content[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 'n':
		return "null"
	case '"':
		if runes := []rune(string(content)); len(runes) > short {
			return "the string " + string(runes[:short]) + `..."`
		}
		return "the string " + string(content)
	case 't', 'f':
		return string(content)
	}
	return "the number " + string(content)
}

var simpleKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// fieldPath returns a JSON Pointer in the notation of Kubernetes, such as
// spec.containers[0].image.
func fieldPath(pointer string) string {
	var out strings.Builder
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch _, err := strconv.Atoi(token); {
		case token == "":
		case err == nil || !simpleKey.MatchString(token):
			fmt.Fprintf(&out, "[%s]", token)
		default:
			if out.Len() > 0 {
				out.WriteByte('.')
			}
			out.WriteString(token)
		}
	}
	return out.String()
}

// escape writes a key as a token of a JSON Pointer.
func escape(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }
