// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "sigs.k8s.io/json"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/manifest"
	"github.com/evenkeel/evenkeel/internal/trim"
	"github.com/evenkeel/evenkeel/internal/trim/dump"
)

const (
	stdinArgument = "-"
	// stdinName stands for standard input in messages.
	stdinName = "stdin"

	// noneInDump is why a kind is missing of which a dump has no object.
	noneInDump = "none in the dump"
)

// sourceName returns what the files are called in a result.
func sourceName(files []string) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f
		if f == stdinArgument {
			names[i] = stdinName
		}
	}
	return strings.Join(names, ", ")
}

// readDump takes the inventory of files.
func readDump(ctx context.Context, files []string, stdin io.Reader) (*trim.Inventory, error) {
	inventory := trim.NewInventory(noneInDump)
	fromStdin := false
	for _, name := range files {
		var err error
		switch name {
		case "":
			return nil, exit.Badf("-f needs a file name, or - for standard input")
		case stdinArgument:
			if fromStdin {
				return nil, exit.Badf("-f - is given twice; standard input can be read only once")
			}
			fromStdin = true
			err = readStdin(ctx, stdin, inventory)
		default:
			err = readFile(name, inventory)
		}
		if err != nil {
			return nil, err
		}
	}
	node, _ := trim.FindResource("nodes")
	pod, _ := trim.FindResource("pods")
	if inventory.Count(node) == 0 && inventory.Count(pod) == 0 {
		return nil, exit.Badf("%s: has neither nodes nor pods; make the dump with kubectl get nodes,pods,... -A -o json, see evenkeel trim --help", sourceName(files))
	}
	return inventory, nil
}

func readFile(name string, inventory *trim.Inventory) error {
	file, err := os.Open(name)
	if err != nil {
		return exit.Bad(fileError(name, err))
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return exit.Badf("-f %s: is a folder; name the dump in it", name)
	}
	return dumpError(name, readFrom(name, file, inventory))
}

// readStdin reads standard input, or stops waiting for it when the command is
// interrupted.
func readStdin(ctx context.Context, stdin io.Reader, inventory *trim.Inventory) error {
	// A read cannot be interrupted; the goroutine ends with the process.
	done := make(chan error, 1)
	go func() { done <- readFrom(stdinName, stdin, inventory) }()
	select {
	case err := <-done:
		return dumpError(stdinArgument, err)
	case <-ctx.Done():
		return &exit.Error{Code: exit.Interrupted, Err: errors.New("interrupted while reading standard input")}
	}
}

func readFrom(name string, from io.Reader, inventory *trim.Inventory) error {
	return dump.Read(name, from, dump.Handler{
		List: func(apiVersion, kind string) {
			if k, ok := trim.FindKind(apiVersion, kind); ok {
				inventory.Cover(k)
			}
		},
		Object: func(o dump.Object) error {
			k, ok := trim.FindKind(o.APIVersion, o.Kind)
			if !ok {
				return nil
			}
			object := trim.NewObject(k)
			if err := kjson.UnmarshalCaseSensitivePreserveInts(o.Content, object); err != nil {
				return &manifest.Error{File: name, Object: nameOf(k, o.Content), Line: o.Line, Message: reasonOf(err)}
			}
			inventory.Add(k, object)
			return nil
		},
	})
}

// nameOf names an object that cannot be read as what it says to be.
func nameOf(k trim.Kind, content json.RawMessage) string {
	var o metav1.PartialObjectMetadata
	if json.Unmarshal(content, &o) != nil || o.Name == "" {
		return k.Name
	}
	if o.Namespace == "" {
		return k.Name + " " + o.Name
	}
	return k.Name + " " + o.Namespace + "/" + o.Name
}

// reasonOf says which field is wrong where the decoder does.
func reasonOf(err error) string {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Sprintf("%s is a %s; want a %s", wrongType.Field, wrongType.Value, wrongType.Type)
	}
	return err.Error()
}

// dumpError gives an error its exit code: what is wrong in a dump is bad input,
// a file that cannot be read to its end is not.
func dumpError(name string, err error) error {
	var inDump *manifest.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &inDump):
		return exit.Bad(err)
	}
	return fileError(name, err)
}

// fileError says why a file cannot be read.
func fileError(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("-f %s: no such file", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("-f %s: permission denied", name)
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("-f %s: cannot be read: %w", name, err)
}
