// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLastWords(t *testing.T) {
	for name, tc := range map[string]struct{ log, want string }{
		"nothing":                {},
		"the last line":          {log: "starting\nstopped\n\n", want: "stopped"},
		"an error and a hint":    {log: "starting\nError: unknown flag: --x\nsee --help\n", want: "Error: unknown flag: --x"},
		"the last of the errors": {log: "error: one\nError: two\nbye\n", want: "Error: two"},
		"too many":               {log: strings.Repeat("x", 3000), want: "" + strings.Repeat("x", maxLastWords) + "..."},
		"a sentence of klog's": {
			log:  `E1123 09:28:11.123456    4711 run.go:72] "command failed" err="profile \"s\": no plugin Nope"` + "\nI1123 09:28:11.2 4711 run.go:80] \"Bye\"\n",
			want: `profile "s": no plugin Nope`,
		},
		"an error of klog's with a message": {
			log:  `E1123 09:28:11.123456       1 x.go:7] "Opening failed" err="no such file" file="/a"`,
			want: "Opening failed: no such file",
		},
		"an error of klog's in several lines": {
			log:  "E1123 09:28:11.123456       1 run.go:72] \"command failed\" err=<\n\tthe file:\n\t  is wrong\n >\n",
			want: "the file: is wrong",
		},
		"klog's text":             {log: "F1123 09:28:11.123456       1 x.go:7] no luck today", want: "no luck today"},
		"klog's other structures": {log: `E1123 09:28:11.123456       1 x.go:7] "No luck" day="today"`, want: `"No luck" day="today"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte(tc.log), 0o600); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, lastWords(path)); diff != "" {
				t.Errorf("last words (-want +got):\n%s", diff)
			}
		})
	}
	if got := lastWords(filepath.Join(t.TempDir(), "absent")); got != "" {
		t.Errorf("last words of no log = %q, want none", got)
	}
}
