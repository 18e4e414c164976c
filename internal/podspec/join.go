// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"encoding/json"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
)

// Join returns operations with the same effect on the pod whose JSON is raw, in
// which what is put behind the elements of a list, and into values of its
// environment variables, is one operation on the list, where that is shorter: an
// operation's path alone is longer than many a mount. The elements that the pod
// has come from raw as they are there, also what our types do not know of them.
//
// Where raw is not the pod that the operations are for, they are returned as they
// are. Callers who show operations to people want them unjoined: each then tells
// what it changes.
func Join(ops []jsonpatch.Operation, raw []byte) []jsonpatch.Operation {
	var lists []*appended
	byPath := map[string]*appended{}
	for i, op := range ops {
		list, rest := listOf(op.Path)
		if list == "" {
			continue
		}
		l := byPath[list]
		if l == nil {
			l = &appended{path: list, at: i, length: -1}
			byPath[list] = l
			lists = append(lists, l)
		}
		l.take(op, rest)
	}
	elements := elementsOf(raw, lists)
	dead := make([]bool, len(ops))
	joined := map[int]jsonpatch.Operation{}
	for _, l := range lists {
		given := elements(l)
		if l.apart || len(given) != l.length || l.longer(given) {
			continue
		}
		values, ok := l.values(given)
		if !ok {
			continue
		}
		for i, op := range ops {
			if list, _ := listOf(op.Path); list == l.path {
				dead[i] = true
			}
		}
		joined[l.at] = jsonpatch.NewOperation("replace", l.path, values)
	}
	if len(joined) == 0 {
		return ops
	}
	out := make([]jsonpatch.Operation, 0, len(ops))
	for i, op := range ops {
		if one, ok := joined[i]; ok {
			out = append(out, one)
		} else if !dead[i] {
			out = append(out, op)
		}
	}
	return out
}

// appended is what operations do to one list, as long as they do nothing but put
// elements behind it and change values of what is before them.
type appended struct {
	path string
	// at is the first of the operations.
	at int
	// length of the list before them, or -1 while that is not known.
	length int
	added  []any
	// changed are the new values of the members named value, by element.
	changed map[int]any
	// bytes that the operations take besides their values.
	bytes int
	// apart says that they do something else too.
	apart bool
}

// What an operation takes besides path and value, with the comma behind it.
const (
	addBytes     = len(`{"op":"add","path":"","value":},`)
	replaceBytes = len(`{"op":"replace","path":"","value":},`)
)

// take takes an operation over. rest is its path inside the list.
func (l *appended) take(op jsonpatch.Operation, rest string) {
	index, member, _ := strings.Cut(rest, "/")
	i, ok := atoi(index)
	switch {
	case ok && member == "" && op.Operation == "add":
		if l.length < 0 {
			l.length = i
		}
		// What is put elsewhere moves the elements behind it.
		l.apart = l.apart || i != l.length+len(l.added)
		l.added = append(l.added, op.Value)
		l.bytes += addBytes + len(op.Path)
	case ok && member == "value" && op.Operation != "remove" && (l.length < 0 || i < l.length):
		if l.changed == nil {
			l.changed = map[int]any{}
		}
		l.changed[i] = op.Value
		l.bytes += replaceBytes + len(op.Path)
	default:
		l.apart = true
	}
}

// longer reports whether one operation on the list would not be shorter.
func (l *appended) longer(given []json.RawMessage) bool {
	bytes := replaceBytes + len(l.path) + len(`[]`)
	for _, g := range given {
		bytes += len(g) + len(`,`)
	}
	return bytes >= l.bytes
}

// values are the elements of the list after the operations.
func (l *appended) values(given []json.RawMessage) ([]any, bool) {
	out := make([]any, 0, len(given)+len(l.added))
	for i, g := range given {
		value, ok := l.changed[i]
		if !ok {
			out = append(out, g)
			continue
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(g, &members); err != nil {
			return nil, false
		}
		entry := map[string]any{}
		for name, text := range members {
			entry[name] = text
		}
		entry["value"] = value
		out = append(out, entry)
	}
	return append(out, l.added...), true
}

// elementsOf reads the elements that the lists have in raw.
func elementsOf(raw []byte, lists []*appended) func(*appended) []json.RawMessage {
	type container struct {
		Env          []json.RawMessage `json:"env"`
		VolumeMounts []json.RawMessage `json:"volumeMounts"`
	}
	var pod struct {
		Spec struct {
			Containers []container `json:"containers"`
		} `json:"spec"`
	}
	few := true
	for _, l := range lists {
		few = few && len(l.added) < 2
	}
	if few || json.Unmarshal(raw, &pod) != nil {
		return func(*appended) []json.RawMessage { return nil }
	}
	return func(l *appended) []json.RawMessage {
		index, member, _ := strings.Cut(strings.TrimPrefix(l.path, containersPath), "/")
		i, _ := atoi(index)
		switch {
		case i >= len(pod.Spec.Containers):
			return nil
		case member == "env":
			return pod.Spec.Containers[i].Env
		}
		return pod.Spec.Containers[i].VolumeMounts
	}
}

const containersPath = "/spec/containers/"

// listOf returns the list of a container that a path is in, and the rest of the
// path; list is empty for what is in no such list. App containers keep their
// places, which init containers do not.
func listOf(path string) (list, rest string) {
	inside, ok := strings.CutPrefix(path, containersPath)
	if !ok {
		return "", ""
	}
	_, member, _ := strings.Cut(inside, "/")
	name, rest, _ := strings.Cut(member, "/")
	if name != "env" && name != "volumeMounts" {
		return "", ""
	}
	return strings.TrimSuffix(path[:len(path)-len(rest)], "/"), rest
}
