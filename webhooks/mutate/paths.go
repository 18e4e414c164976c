// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
)

// checkPaths returns an error if an operation changes what no declared path
// allows. Making a map or list for a declared path, empty, is allowed, and
// removing the list that a declared element was the last of.
func checkPaths(ops []jsonpatch.Operation, declared []string) error {
	for _, op := range ops {
		if !allowed(op, declared) {
			return fmt.Errorf("the change %q of %s is not among the declared paths", op.Operation, op.Path)
		}
	}
	return nil
}

func allowed(op jsonpatch.Operation, declared []string) bool {
	for _, d := range declared {
		switch missing := under(d, op.Path); {
		case missing == 0:
			return true
		case missing > 0 && op.Operation == "add" && makes(op.Path) && empty(op.Value):
			return true
		case missing == 1 && op.Operation == "remove":
			// The list goes with its last element.
			return true
		}
	}
	return false
}

// under returns how many tokens of a declared path are below a path that it
// matches as far as that goes, or -1 if it does not match.
func under(declared, path string) int {
	for {
		same := 0
		for same < len(path) && same < len(declared) && path[same] == declared[same] {
			same++
		}
		declared, path = declared[same:], path[same:]
		switch {
		case path == "" && (declared == "" || declared[0] == '/'):
			return strings.Count(declared, "/")
		case declared == "" || declared[0] != '*' || path == "" || path[0] == '/':
			return -1
		}
		// A star stands for a token in what is declared, or for the rest of one.
		declared = declared[1:]
		if i := strings.IndexByte(path, '/'); i >= 0 {
			path = path[i:]
		} else {
			path = ""
		}
	}
}

// makes reports whether an "add" at the path may make something that was not
// there. On an element of a list it would insert, and the pod's metadata and
// spec are always there, so it would replace them.
func makes(path string) bool {
	last := path[strings.LastIndexByte(path, '/')+1:]
	_, err := strconv.Atoi(last)
	return strings.Count(path, "/") > 1 && err != nil && last != "-"
}

// empty reports whether a value is a list or map without content.
func empty(value any) bool {
	v := reflect.ValueOf(value)
	return (v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.Len() == 0
}
