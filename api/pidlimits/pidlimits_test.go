// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pidlimits_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/api/pidlimits"
)

func TestParseReadsLimits(t *testing.T) {
	tests := map[string]struct {
		value string
		want  pidlimits.Limits
	}{
		"two containers": {value: `{"app":4096,"log":512}`, want: pidlimits.Limits{"app": 4096, "log": 512}},
		"none":           {value: `{}`, want: pidlimits.Limits{}},
		"white space":    {value: " {\"app\": 512}\n", want: pidlimits.Limits{"app": 512}},
		// The range is Check's, so that the other containers keep their limits.
		"out of range": {value: `{"app":-1,"log":512}`, want: pidlimits.Limits{"app": -1, "log": 512}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := pidlimits.Parse(tc.value)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again, err := pidlimits.Parse(got.String())
			if err != nil {
				t.Fatalf("what String wrote: %v", err)
			}
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("written and read again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefusesOtherForms(t *testing.T) {
	tests := map[string]struct{ value, want string }{
		"nothing":          {value: "", want: "is not a JSON object"},
		"pairs":            {value: "app=512,log=512", want: "is not a JSON object"},
		"a list":           {value: `[512]`, want: "is not a JSON object"},
		"null":             {value: "null", want: "is null"},
		"text":             {value: `{"app":"512"}`, want: "whole numbers"},
		"a fraction":       {value: `{"app":512.5}`, want: "whole numbers"},
		"too great":        {value: `{"app":99999999999999999999}`, want: "whole numbers"},
		"more than one":    {value: `{"app":512}{"log":512}`, want: "goes on after"},
		"cut off":          {value: `{"app":512`, want: "is not a JSON object"},
		"beyond all sense": {value: `{"app":512}` + strings.Repeat(" ", 40<<10), want: "more than 32768"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := pidlimits.Parse(tc.value); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestCheckHoldsTheRange(t *testing.T) {
	for pids, want := range map[int64]bool{-1: false, 0: false, 127: false, 128: true, 16384: true, 16385: false, 1 << 40: false} {
		if err := pidlimits.Check(pids); (err == nil) != want {
			t.Errorf("Check(%d) = %v, want allowed %v", pids, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"app":512}`, "null", "{}", `{"a":1}x`, "[]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		limits, err := pidlimits.Parse(value)
		if err != nil {
			return
		}
		again, err := pidlimits.Parse(limits.String())
		if err != nil {
			t.Fatalf("%q is read, but %q, which says the same, is not: %v", value, limits, err)
		}
		if diff := cmp.Diff(limits, again); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
