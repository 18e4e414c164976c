// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package initramfs_test

import (
	"debug/elf"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/test/node/guest/initramfs"
)

// entry is one of an archive, as the kernel reads it.
type entry struct {
	Mode    string
	Content string
}

// read reads an archive by the kernel's description of the format, and fails where
// a file comes before its folder.
func read(t *testing.T, file string) map[string]entry {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]entry{}
	for at := 0; ; {
		const header = 110
		if string(content[at:at+6]) != "070701" {
			t.Fatalf("at %d there is no header", at)
		}
		field := func(n int) int {
			value, err := strconv.ParseInt(string(content[at+6+8*n:at+14+8*n]), 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			return int(value)
		}
		mode, size, nameSize := field(1), field(6), field(11)
		name := strings.TrimSuffix(string(content[at+header:at+header+nameSize]), "\x00")
		begin := (at + header + nameSize + 3) &^ 3
		if name == "TRAILER!!!" {
			return entries
		}
		if above := path.Dir(name); above != "." && entries[above].Mode != "40755" {
			t.Errorf("%s comes before its folder", name)
		}
		if _, ok := entries[name]; ok {
			t.Errorf("%s is there twice", name)
		}
		entries[name] = entry{Mode: strconv.FormatInt(int64(mode), 8), Content: string(content[begin : begin+size])}
		at = (begin + size + 3) &^ 3
	}
}

func TestArchiveHoldsWhatWasAdded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "initramfs")
	a, err := initramfs.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	a.Folder("/var/lib")
	a.Folder("/var/log")
	a.Script("/init", []byte("#!/bin/sh\n"))
	a.Text("/etc/hosts", []byte("12345"))
	a.Text("/etc/empty", nil)
	a.Link("/bin/sh", "busybox")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	want := map[string]entry{
		"var": {Mode: "40755"}, "var/lib": {Mode: "40755"}, "var/log": {Mode: "40755"}, "etc": {Mode: "40755"}, "bin": {Mode: "40755"},
		"init":      {Mode: "100755", Content: "#!/bin/sh\n"},
		"etc/hosts": {Mode: "100644", Content: "12345"},
		"etc/empty": {Mode: "100644"},
		"bin/sh":    {Mode: "120777", Content: "busybox"},
	}
	if diff := cmp.Diff(want, read(t, file)); diff != "" {
		t.Errorf("the archive (-want +got):\n%s", diff)
	}
}

func TestProgramBringsItsLibraries(t *testing.T) {
	const shell = "/bin/sh"
	program, err := elf.Open(shell)
	if _, statErr := os.Stat("/lib/x86_64-linux-gnu"); err != nil || statErr != nil {
		t.Skipf("this machine's %s is not linked as Debian's: %v %v", shell, err, statErr)
	}
	defer program.Close()
	names, err := program.ImportedLibraries()
	if err != nil || len(names) == 0 {
		t.Skipf("this machine's %s is linked with no library: %v", shell, err)
	}
	file := filepath.Join(t.TempDir(), "initramfs")
	a, err := initramfs.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	a.Program("/bin/one", shell)
	a.Program("/bin/two", shell)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	entries := read(t, file)
	for _, name := range append(names, "../../lib64/ld-linux-x86-64.so.2", "../../bin/one", "../../bin/two") {
		name = path.Join("lib/x86_64-linux-gnu", name)
		if got := entries[name]; got.Mode != "100755" || !strings.HasPrefix(got.Content, elf.ELFMAG) {
			t.Errorf("%s is not in the archive, or no program: mode %s, %d bytes", name, got.Mode, len(got.Content))
		}
	}
}

func TestCloseTellsOfTheFirstError(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ source, want string }{
		"no such file": {missing, missing},
		"no program":   {text, text + " is no program"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := initramfs.Create(filepath.Join(t.TempDir(), "initramfs"))
			if err != nil {
				t.Fatal(err)
			}
			a.Program("/bin/x", tc.source)
			a.Text("/etc/hosts", nil)
			if err := a.Close(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("the error is %v, want one with %q", err, tc.want)
			}
		})
	}
}
