// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// streams are where the result goes (out) and everything else (err).
type streams struct{ out, err io.Writer }

// say writes a line for the person who waits. A terminal that has gone cannot be
// told.
func (s streams) say(format string, args ...any) { _, _ = fmt.Fprintf(s.err, format+"\n", args...) }

// line is say for one line, as the packages take it that tell their steps.
func (s streams) line(line string) { s.say("%s", line) }

// linesEvery is how often a count is written where there is no terminal.
const linesEvery = 5 * time.Second

// counter shows how many of a number of things are done: as a bar on a terminal,
// as a line now and then elsewhere. It is for one goroutine.
type counter struct {
	to    streams
	what  string
	bar   *progressbar.ProgressBar
	total int
	done  int
	shown string
	at    time.Time
}

// counter returns a counter of what, such as "nodes ready".
func (s streams) counter(what string) *counter {
	c := &counter{to: s, what: what, at: time.Now()}
	if file, ok := s.err.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		c.bar = progressbar.NewOptions(1,
			progressbar.OptionSetWriter(s.err),
			progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionClearOnFinish(),
		)
	}
	return c
}

// show shows that so many of the total are done. note, which may be empty, is
// for the lines.
func (c *counter) show(done, total int, note string) {
	c.done, c.total = done, total
	if c.bar != nil {
		// A bar that is full counts as finished and is not drawn any more; the caller
		// says when it is.
		c.bar.ChangeMax(max(total, 1))
		if done < total {
			_ = c.bar.Set(done)
		}
		return
	}
	text := fmt.Sprintf("%s: %d of %d%s", c.what, done, total, note)
	if text == c.shown || time.Since(c.at) < linesEvery {
		return
	}
	c.to.line(text)
	c.shown, c.at = text, time.Now()
}

// end takes the bar away and writes the last count.
func (c *counter) end() {
	if c.bar != nil {
		_ = c.bar.Clear()
	}
	c.to.say("%s: %d of %d", c.what, c.done, c.total)
}
