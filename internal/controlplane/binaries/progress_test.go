// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestBuildLog(t *testing.T) {
	var text strings.Builder
	log := &buildLog{to: &text}
	for _, lines := range []string{"internal/goarch\nunicode\n", "fmt\n"} {
		if _, err := fmt.Fprint(log, lines); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := log.String(), "3 packages compiled"; got != want {
		t.Errorf("progress = %q, want %q", got, want)
	}
	if _, err := fmt.Fprint(log, "go: downloading k8s.io/api v0.37.2\n"); err != nil {
		t.Fatal(err)
	}
	if got, want := log.String(), "1 modules downloaded, 3 packages compiled"; got != want {
		t.Errorf("progress = %q, want %q", got, want)
	}
	if want := "internal/goarch\nunicode\nfmt\ngo: downloading k8s.io/api v0.37.2\n"; text.String() != want {
		t.Errorf("log = %q, want %q", text.String(), want)
	}
}

func TestReportEvery(t *testing.T) {
	reports := make(chan time.Duration)
	stop := reportEvery(time.Millisecond, func(elapsed time.Duration) {
		select {
		case reports <- elapsed:
		case <-t.Context().Done():
		}
	})
	first, second := <-reports, <-reports
	if first <= 0 || second <= first {
		t.Errorf("elapsed = %s and then %s, want it to grow", first, second)
	}
	go func() {
		for range reports {
		}
	}()
	stop()
	close(reports)
}
