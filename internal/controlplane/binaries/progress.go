// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// buildLog passes on what go build -v says and counts it: it names each module as
// it is downloaded and each package as it is compiled, a line each.
type buildLog struct {
	to                   io.Writer
	downloaded, compiled atomic.Int64
}

func (l *buildLog) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if bytes.HasPrefix(line, []byte("go: downloading ")) {
			l.downloaded.Add(1)
		} else {
			l.compiled.Add(1)
		}
	}
	return l.to.Write(p)
}

// String says how far the build is.
func (l *buildLog) String() string {
	text := fmt.Sprintf("%d packages compiled", l.compiled.Load())
	if n := l.downloaded.Load(); n > 0 {
		text = fmt.Sprintf("%d modules downloaded, %s", n, text)
	}
	return text
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
