// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec

import (
	"reflect"
	"slices"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"
)

// Patch returns operations with the same effect as Operations, and fewer of them:
// a list or map that is made has its content from the start, as has a list of
// which nothing of what was there stays, and a value that is written more than
// once is written once. It may be called at any time.
func (e *Editor) Patch() []jsonpatch.Operation {
	c := compactor{
		given: e.given, out: make([]jsonpatch.Operation, 0, len(e.ops)),
		made: map[string]int{}, touched: map[string][]int{}, slots: map[string][]int{}, lost: map[string]bool{},
	}
	for _, op := range e.ops {
		if c.fold(op) {
			continue
		}
		c.out = append(c.out, op)
		c.note(len(c.out)-1, op)
		c.refill(op)
	}
	return slices.DeleteFunc(c.out, func(op jsonpatch.Operation) bool { return op.Operation == "" })
}

// compactor holds the operations so far; one without a name is dead.
type compactor struct {
	given *corev1.Pod
	out   []jsonpatch.Operation
	// made are the operations that make the list or map of a path. The value of
	// each is a []any or map[string]any of its own.
	made map[string]int
	// touched are the operations on the elements of a list, by its path, and on
	// their members.
	touched map[string][]int
	// slots are the elements that a list has, by its path: each is the operation that
	// added it, or given for one of the pod that was given.
	slots map[string][]int
	// lost are the lists whose elements are no longer known to begin with the given.
	lost map[string]bool
}

// given in place of an operation stands for what was there.
const given = -1

// refill takes note of an element that was added or removed, and makes a list
// that has nothing left of what was given one operation.
func (c *compactor) refill(op jsonpatch.Operation) {
	list, last := cutLast(op.Path)
	i, ok := atoi(last)
	slots, known := c.slots[list]
	if !known && !c.lost[list] {
		var n int
		if n, known = c.lengthOf(list); known {
			slots = slices.Repeat([]int{given}, n)
		}
	}
	if !ok || !known {
		return
	}
	switch op.Operation {
	case "replace":
		slots[i] = len(c.out) - 1
	case "add":
		slots = slices.Insert(slots, i, len(c.out)-1)
	case "remove":
		slots = slices.Delete(slots, i, i+1)
	}
	c.slots[list] = slots
	if op.Operation != "remove" || len(slots) == 0 || slices.Contains(slots, given) {
		return
	}
	values := make([]any, len(slots))
	for k, at := range slots {
		values[k] = c.out[at].Value
	}
	for _, at := range c.touched[list] {
		c.out[at] = jsonpatch.Operation{}
	}
	c.forget(list)
	c.out = append(c.out, jsonpatch.NewOperation("replace", list, values))
	c.made[list] = len(c.out) - 1
}

// lengthOf returns how many elements a list of the given pod has, if it is one of
// those that may have come to an end.
func (c *compactor) lengthOf(list string) (int, bool) {
	if list == "/spec/volumes" {
		return len(c.given.Spec.Volumes), true
	}
	rest, ok := strings.CutPrefix(list, "/spec/containers/")
	index, ok2 := strings.CutSuffix(rest, "/volumeMounts")
	// App containers keep their places.
	i, ok3 := atoi(index)
	if !ok || !ok2 || !ok3 || i >= len(c.given.Spec.Containers) {
		return 0, false
	}
	return len(c.given.Spec.Containers[i].VolumeMounts), true
}

// fold puts an operation into an earlier one, if it can.
func (c *compactor) fold(op jsonpatch.Operation) bool {
	parent, last := cutLast(op.Path)
	if at, ok := c.made[op.Path]; ok && op.Operation == "remove" {
		c.out[at] = jsonpatch.Operation{}
		c.forget(op.Path)
		return true
	}
	if at, ok := c.made[parent]; ok {
		switch value := c.out[at].Value.(type) {
		case map[string]any:
			if op.Operation == "remove" {
				delete(value, unescape(last))
			} else {
				value[unescape(last)] = op.Value
			}
			return true
		case []any:
			if list, ok := edited(value, op, last); ok {
				c.out[at].Value = list
				c.moved(parent)
				return true
			}
		}
	}
	list, index := cutLast(parent)
	i, ok := atoi(index)
	if !ok || !isMember(last) || op.Operation == "remove" {
		return false
	}
	if at, ok := c.made[list]; ok {
		value, _ := c.out[at].Value.([]any)
		if i < len(value) && withMember(&value[i], last, op.Value) {
			return true
		}
	}
	return c.foldMember(list, i, last, op)
}

// foldMember puts a new value of a member of a list's i-th element into the
// operation that wrote the element, or the member, last.
func (c *compactor) foldMember(list string, i int, member string, op jsonpatch.Operation) bool {
	for _, at := range slices.Backward(c.touched[list]) {
		earlier := &c.out[at]
		index, rest, deeper := strings.Cut(earlier.Path[len(list)+1:], "/")
		j, ok := atoi(index)
		switch {
		case deeper && j == i && rest == member:
			earlier.Value = op.Value
			return true
		case !deeper:
			switch {
			case !ok:
				return false
			case j == i && earlier.Operation != "remove":
				return withMember(&earlier.Value, member, op.Value)
			case j <= i && earlier.Operation == "remove":
				i++
			case j < i && earlier.Operation == "add":
				i--
			}
		}
	}
	return false
}

// note takes an operation down that was not folded.
func (c *compactor) note(at int, op jsonpatch.Operation) {
	parent, last := cutLast(op.Path)
	for path := range c.made {
		// What follows it may not be put before it.
		if strings.HasPrefix(op.Path, path) && op.Path[len(path):] != "" && op.Path[len(path)] == '/' {
			delete(c.made, path)
		}
	}
	if list := elementList(op.Path); list != "" {
		// The operation that added the element no longer tells all of it.
		delete(c.slots, list)
		c.lost[list] = true
	}
	if v := reflect.ValueOf(op.Value); op.Operation == "add" && (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0 {
		c.forget(op.Path)
		c.made[op.Path] = at
		if c.out[at].Value = any([]any{}); v.Kind() == reflect.Map {
			c.out[at].Value = map[string]any{}
		}
		return
	}
	if isIndex(last) {
		c.touched[parent] = append(c.touched[parent], at)
		if op.Operation != "replace" {
			c.moved(parent)
		} else {
			c.forget(op.Path)
		}
		return
	}
	if list, index := cutLast(parent); isIndex(index) && isMember(last) {
		c.touched[list] = append(c.touched[list], at)
	}
	// A list that goes, or is replaced, takes what is known of it along.
	c.forget(op.Path)
}

// moved forgets what is known of the lists inside a list's elements, which have
// other places now.
func (c *compactor) moved(list string) {
	inside := func(path string) bool {
		return len(path) > len(list) && path[len(list)] == '/' && path[:len(list)] == list
	}
	for path := range c.made {
		if inside(path) {
			delete(c.made, path)
		}
	}
	for path := range c.touched {
		if inside(path) {
			delete(c.touched, path)
		}
	}
}

// forget forgets what is known of a path and of all inside it.
func (c *compactor) forget(path string) {
	delete(c.made, path)
	delete(c.touched, path)
	delete(c.slots, path)
	c.lost[path] = true
	c.moved(path)
}

// elementList returns the list that lengthOf may know and inside an element of
// which a path is, or "".
func elementList(path string) string {
	const volumes, mounts = "/spec/volumes", "/volumeMounts"
	end := len(volumes)
	if !strings.HasPrefix(path, volumes+"/") {
		i := strings.Index(path, mounts+"/")
		if i < 0 {
			return ""
		}
		end = i + len(mounts)
	}
	if !strings.Contains(path[end+1:], "/") {
		return ""
	}
	return path[:end]
}

// edited returns the list after an operation on one of its elements.
func edited(list []any, op jsonpatch.Operation, last string) ([]any, bool) {
	i := len(list)
	if last != "-" {
		n, ok := atoi(last)
		if !ok || n > len(list) {
			return nil, false
		}
		i = n
	}
	switch {
	case op.Operation == "add":
		return slices.Insert(list, i, op.Value), true
	case i == len(list):
		return nil, false
	case op.Operation == "replace":
		list[i] = op.Value
		return list, true
	case op.Operation == "remove":
		return slices.Delete(list, i, i+1), true
	}
	return nil, false
}

// withMember changes a member of an environment entry.
func withMember(element *any, member string, value any) bool {
	env, ok := (*element).(corev1.EnvVar)
	text, isText := value.(string)
	if !ok || !isText {
		return false
	}
	switch member {
	case "name":
		env.Name = text
	case "value":
		env.Value = text
	default:
		return false
	}
	*element = env
	return true
}

// isMember reports whether a token names what withMember changes.
func isMember(token string) bool { return token == "name" || token == "value" }

// cutLast cuts the last token off a path.
func cutLast(path string) (parent, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// isIndex reports whether a token stands for an element of a list.
func isIndex(token string) bool {
	_, ok := atoi(token)
	return ok || token == "-"
}

// atoi reads the index of an element.
func atoi(token string) (int, bool) {
	if token == "" || len(token) > 9 {
		return 0, false
	}
	n := 0
	for i := range len(token) {
		if token[i] < '0' || token[i] > '9' {
			return 0, false
		}
		n = n*10 + int(token[i]-'0')
	}
	return n, true
}

// unescape reads a map key from a JSON Pointer token.
func unescape(token string) string {
	if !strings.Contains(token, "~") {
		return token
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}
