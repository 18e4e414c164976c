// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package objects

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/manifest"
)

const kustomizationFile = "kustomization.yaml"

// readPath reads a file, or the files of a folder.
func readPath(fsys fs.FS, name string) ([]Object, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	files := []string{name}
	if info.IsDir() {
		if files, err = filesIn(fsys, name); err != nil {
			return nil, err
		}
	}
	var out []Object
	for _, file := range files {
		content, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, unreadable(file, err)
		}
		list, err := parse(file, content)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// filesIn returns the files of a folder in the order in which they count.
func filesIn(fsys fs.FS, dir string) ([]string, error) {
	kustomization := path.Join(dir, kustomizationFile)
	switch content, err := fs.ReadFile(fsys, kustomization); {
	case err == nil:
		return resources(kustomization, content)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, unreadable(kustomization, err)
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(e.Name())) {
			files = append(files, path.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, &manifest.Error{File: dir, Message: "the folder holds no .yaml, .yml or .json file"}
	}
	return files, nil
}

// resources returns the files that a kustomization lists. One that does more is
// for kustomize.
func resources(file string, content []byte) ([]string, error) {
	bad := func(format string, args ...any) error {
		return &manifest.Error{File: file, Message: fmt.Sprintf(format, args...) + ": pipe the output of `kubectl kustomize` into -f -"}
	}
	var fields map[string]any
	if err := yaml.UnmarshalStrict(content, &fields); err != nil {
		return nil, &manifest.Error{File: file, Message: "is not YAML: " + err.Error()}
	}
	var files []string
	for key, value := range fields {
		switch key {
		case "apiVersion", "kind", "metadata":
			continue
		case "resources":
		default:
			return nil, bad("only resources are understood, not %s", key)
		}
		list, ok := value.([]any)
		if !ok {
			return nil, bad("resources is not a list")
		}
		for _, item := range list {
			name, _ := item.(string)
			// A file in the folder or below it.
			if !fs.ValidPath(name) || !slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) {
				return nil, bad("resources: %v is not a file in this folder", item)
			}
			files = append(files, path.Join(path.Dir(file), name))
		}
	}
	if len(files) == 0 {
		return nil, bad("it lists no resources")
	}
	return files, nil
}

// unreadable leaves out what an error of the os package says of the path, which
// the error's file says.
func unreadable(name string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return &manifest.Error{File: name, Message: err.Error()}
}
