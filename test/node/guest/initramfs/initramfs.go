// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package initramfs writes the archive that a Linux kernel unpacks into memory as
// its first file system: programs of this machine with the libraries that they
// need, other files, links and folders. Compressing it would cost an emulated
// machine more than reading it does, so it is not compressed.
package initramfs

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// Archive is one that is being written: the "newc" form of cpio, as the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst describes it. The
// first error is kept, and returned by Close.
type Archive struct {
	file    *os.File
	out     *bufio.Writer
	written int64
	inode   int
	made    map[string]bool
	// libraries are the folders of this machine in which libraries are looked for.
	libraries []string
	err       error
}

// Modes of stat(2).
const (
	modeFolder = 0o040755
	modeFile   = 0o100644
	modeLink   = 0o120777
	// executable are the bits that a program has beside modeFile's.
	executable = 0o111
)

// Create begins an archive in a file. Libraries of programs are looked for in the
// folders, then in those of the system.
func Create(file string, libraries ...string) (*Archive, error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	system := []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64"}
	return &Archive{file: f, out: bufio.NewWriter(f), made: map[string]bool{}, libraries: append(slices.Clone(libraries), system...)}, nil
}

// Folder adds an empty folder, with those above it.
func (a *Archive) Folder(name string) {
	dir := ""
	for part := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
		dir = path.Join(dir, part)
		if dir != "" && !a.made[dir] {
			a.made[dir] = true
			a.entry(dir, modeFolder, 0, nil)
		}
	}
}

// Link adds a symbolic link.
func (a *Archive) Link(name, target string) {
	a.Folder(path.Dir(name))
	a.entry(name, modeLink, int64(len(target)), strings.NewReader(target))
}

// Text adds a file with this content.
func (a *Archive) Text(name string, content []byte) {
	a.Folder(path.Dir(name))
	a.entry(name, modeFile, int64(len(content)), bytes.NewReader(content))
}

// Script adds a file with this content that can be executed.
func (a *Archive) Script(name string, content []byte) {
	a.Folder(path.Dir(name))
	a.entry(name, modeFile|executable, int64(len(content)), bytes.NewReader(content))
}

// Program adds a copy of a program of this machine, and the libraries that it is
// linked with.
func (a *Archive) Program(name, source string) {
	a.copy(name, source)
	a.linked(source)
}

func (a *Archive) copy(name, source string) {
	f, err := os.Open(source)
	if err != nil {
		a.fail(err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		a.fail(err)
		return
	}
	a.Folder(path.Dir(name))
	a.entry(name, modeFile|executable, info.Size(), f)
}

// Close ends the archive and returns the first error that there was.
func (a *Archive) Close() error {
	a.entry("TRAILER!!!", 0, 0, nil)
	a.fail(a.out.Flush())
	a.fail(a.file.Close())
	if a.err != nil {
		return fmt.Errorf("writing the initramfs %s: %w", a.file.Name(), a.err)
	}
	return nil
}

func (a *Archive) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// entry writes a header, the name and the content, each filled up to four bytes.
func (a *Archive) entry(name string, mode, size int64, content io.Reader) {
	if a.err != nil {
		return
	}
	name = strings.TrimPrefix(name, "/")
	a.inode++
	// Inode, mode, user, group, links, time, size, four numbers of devices, length of
	// the name with its zero, checksum.
	a.write(strings.NewReader("070701"))
	for _, field := range []int64{int64(a.inode), mode, 0, 0, 1, 0, size, 0, 0, 0, 0, int64(len(name)) + 1, 0} {
		a.write(strings.NewReader(fmt.Sprintf("%08x", field)))
	}
	a.write(strings.NewReader(name + "\x00"))
	a.pad()
	if content == nil {
		return
	}
	begin := a.written
	a.write(content)
	if got := a.written - begin; a.err == nil && got != size {
		a.fail(fmt.Errorf("%s has changed: it had %d bytes and now has %d", name, size, got))
	}
	a.pad()
}

func (a *Archive) write(content io.Reader) {
	if a.err != nil {
		return
	}
	n, err := io.Copy(a.out, content)
	a.written += n
	a.fail(err)
}

func (a *Archive) pad() { a.write(strings.NewReader("\x00\x00\x00"[:(4-a.written%4)%4])) }
