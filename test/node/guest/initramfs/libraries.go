// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package initramfs

import (
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// linked adds the loader and the libraries that a program or a library names, and
// what those name. The loader is put where the program says, libraries where
// Debian's loader looks.
func (a *Archive) linked(source string) {
	file, err := elf.Open(source)
	if err != nil {
		a.fail(fmt.Errorf("%s is no program: %w", source, err))
		return
	}
	defer file.Close()
	for _, part := range file.Progs {
		if part.Type != elf.PT_INTERP {
			continue
		}
		loader, err := io.ReadAll(part.Open())
		if err != nil {
			a.fail(err)
			return
		}
		name := strings.TrimRight(string(loader), "\x00")
		a.library(name, name)
	}
	names, err := file.ImportedLibraries()
	if err != nil {
		a.fail(err)
		return
	}
	for _, name := range names {
		found, err := a.find(name)
		if err != nil {
			a.fail(fmt.Errorf("%s needs the library %s: %w", source, name, err))
			return
		}
		a.library("/lib/x86_64-linux-gnu/"+name, found)
	}
}

func (a *Archive) library(name, source string) {
	if a.made[name] {
		return
	}
	a.made[name] = true
	a.copy(name, source)
	a.linked(source)
}

func (a *Archive) find(name string) (string, error) {
	for _, dir := range a.libraries {
		file := filepath.Join(dir, name)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("it is in none of %s", strings.Join(a.libraries, ", "))
}
