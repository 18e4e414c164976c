// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"encoding/json"
	"fmt"
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
	tokens := strings.Split(op.Path, "/")
	for _, d := range declared {
		want := strings.Split(d, "/")
		if len(tokens) > len(want) || !prefix(want, tokens) {
			continue
		}
		switch {
		case len(tokens) == len(want):
			return true
		case op.Operation == "add" && makes(tokens) && empty(op.Value):
			return true
		case op.Operation == "remove" && len(tokens) == len(want)-1:
			// The list goes with its last element.
			return true
		}
	}
	return false
}

func prefix(pattern, tokens []string) bool {
	for i, t := range tokens {
		if pattern[i] != "*" && pattern[i] != t {
			return false
		}
	}
	return true
}

// makes reports whether an "add" at the path may make something that was not
// there. On an element of a list it would insert, and the pod's metadata and
// spec are always there, so it would replace them.
func makes(tokens []string) bool {
	last := tokens[len(tokens)-1]
	_, err := strconv.Atoi(last)
	return len(tokens) > 2 && err != nil && last != "-"
}

func empty(value any) bool {
	content, err := json.Marshal(value)
	return err == nil && (string(content) == "{}" || string(content) == "[]")
}
