// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// lineCounter passes text on and counts its lines.
type lineCounter struct {
	to    io.Writer
	count atomic.Int64
}

func (c *lineCounter) Write(p []byte) (int, error) {
	c.count.Add(int64(bytes.Count(p, []byte("\n"))))
	return c.to.Write(p)
}

// reportEvery calls report at every interval with the time passed, until stop is
// called; report is not called after stop has returned.
func reportEvery(interval time.Duration, report func(elapsed time.Duration)) (stop func()) {
	begin := time.Now()
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
				report(time.Since(begin))
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// lastLine returns the last line of a file that holds text, for an error message.
func lastLine(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
