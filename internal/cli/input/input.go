// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package input reads the files that -f names, for every verb that takes
// manifests: files, folders and standard input. What is in them is package
// internal/manifest's.
package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
)

const (
	stdinArgument = "-"
	// StdinName stands for standard input in messages.
	StdinName = "stdin"
)

// Source is one file and what is in it.
type Source struct {
	// Name of the file as the user gave it.
	Name    string
	Content []byte
}

// Read reads the files that -f names. stdin is what "-" stands for. An error is
// one sentence and, where the user can mend it, of exit code 2.
func Read(ctx context.Context, names []string, stdin io.Reader) ([]Source, error) {
	if len(names) == 0 {
		return nil, exit.Badf("no input; name a file with -f FILE, or -f - for standard input")
	}
	var out []Source
	fromStdin := false
	for _, name := range names {
		if name == stdinArgument {
			if fromStdin {
				return nil, exit.Badf("-f - is given twice; standard input can be read only once")
			}
			fromStdin = true
			content, err := readStdin(ctx, stdin)
			if err != nil {
				return nil, err
			}
			out = append(out, Source{StdinName, content})
			continue
		}
		if name == "" {
			return nil, exit.Badf("-f needs a file name, or - for standard input")
		}
		paths, err := expand(name)
		if err != nil {
			return nil, exit.Bad(err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				return nil, exit.Bad(FileError("-f", path, err))
			}
			out = append(out, Source{path, content})
		}
	}
	return out, nil
}

// readStdin reads all of standard input, or stops waiting for it when the
// command is interrupted.
func readStdin(ctx context.Context, stdin io.Reader) ([]byte, error) {
	type result struct {
		content []byte
		err     error
	}
	// A read cannot be interrupted; the goroutine ends with the process.
	done := make(chan result, 1)
	go func() {
		content, err := io.ReadAll(stdin)
		done <- result{content, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, fmt.Errorf("reading standard input: %w", r.err)
		}
		return r.content, nil
	case <-ctx.Done():
		return nil, &exit.Error{Code: exit.Interrupted, Err: errors.New("interrupted while reading standard input")}
	}
}

// expand returns the file, or the manifests of a folder, which as in kubectl are
// its .yaml, .yml and .json files but not those of its folders.
func expand(name string) ([]string, error) {
	if strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://") {
		return nil, fmt.Errorf("-f %s: addresses are not read; fetch the file and pass it with -f -", name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, FileError("-f", name, err)
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, FileError("-f", name, err)
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name())) {
			out = append(out, filepath.Join(name, e.Name()))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("-f %s: the folder has no .yaml, .yml or .json file", name)
	}
	return out, nil
}

// FileError says why a file that a flag names cannot be read.
func FileError(flag, name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s %s: no such file", flag, name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s %s: permission denied", flag, name)
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("%s %s: cannot be read: %w", flag, name, err)
}
