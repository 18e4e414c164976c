// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pidlimits reads and writes the value of the annotation
// pids.evenkeel.io/limits, in which the webhook tells the node how many
// processes and threads each container of a pod may have.
//
// Only the form of the value lives here. Who gets which number is decided in
// webhooks/pidlimit, and what becomes of it on a node in plugins/node/pids.
package pidlimits

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

// maxSize bounds the value in bytes: a pod of 400 containers with the longest
// names stays below it. All annotations of a pod together may have 256 KiB.
const maxSize = 32 << 10

// Limits maps a container's name to its limit in pids.
type Limits map[string]int64

// Parse reads a value. It checks the form alone; whether a number may be used is
// for Check to say, container by container, so that one wrong entry does not take
// the limits from the others. The error says what is wrong and does not repeat
// the value.
func Parse(value string) (Limits, error) {
	if len(value) > maxSize {
		return nil, fmt.Errorf("has %d bytes, more than %d", len(value), maxSize)
	}
	decoder := json.NewDecoder(strings.NewReader(value))
	var limits Limits
	if err := decoder.Decode(&limits); err != nil {
		return nil, errors.New("is not a JSON object from container names to whole numbers")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("goes on after the JSON object")
	}
	if limits == nil {
		return nil, errors.New("is null and not a JSON object")
	}
	return limits, nil
}

// String returns the limits as the value of the annotation, the names sorted.
func (l Limits) String() string {
	if l == nil {
		return "{}"
	}
	// Numbers by name cannot fail to marshal.
	value, _ := json.Marshal(map[string]int64(l))
	return string(value)
}

// Check returns an error if a number is not one that a container may be limited
// to. 0 and -1 are no limits to some runtimes and stop the container with others.
func Check(pids int64) error {
	if pids < v1alpha1.MinPids || pids > v1alpha1.MaxPids {
		return fmt.Errorf("%d is not between %d and %d pids", pids, v1alpha1.MinPids, v1alpha1.MaxPids)
	}
	return nil
}
