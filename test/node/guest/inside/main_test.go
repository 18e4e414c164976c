// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inside_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/evenkeel/evenkeel/test/node/machine"
)

// settings of the guest.
var settings machine.Settings

// idle is a command that does nothing until it is ended.
var idle = []string{"/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"}

func TestMain(m *testing.M) {
	var err error
	if settings, err = machine.Imported(); err != nil {
		fmt.Println("test/node/guest/inside: runs in the guest that test/node/guest boots, not here")
		return
	}
	os.Exit(m.Run())
}
