// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

func TestCounterWritesLinesNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		c := streams{err: &out}.counter("pods running")
		for i := range 12 {
			c.show(i/4, 4, "")
			time.Sleep(time.Second)
		}
		c.show(4, 4, "")
		c.end()
		want := "pods running: 1 of 4\npods running: 2 of 4\npods running: 4 of 4\n"
		if got := out.String(); got != want {
			t.Errorf("wrote\n%s\nwant\n%s", got, want)
		}
	})
}
