// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"encoding/json"
	"fmt"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
)

// checkPaths returns an error if an operation changes what no declared path
// allows. Making an
// empty parent of a declared path is allowed, and removing the list that a
// declared element was the last of.
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
		case op.Operation == "add" && empty(op.Value):
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

func empty(value any) bool {
	content, err := json.Marshal(value)
	return err == nil && (string(content) == "{}" || string(content) == "[]")
}
