// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image writes container images from files of this machine, as archives
// that a container runtime imports. It talks to no registry and to no runtime.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"strings"
)

// Image is one to write.
type Image struct {
	// Name with its tag, such as localhost/busybox:test.
	Name string
	// Command is what a container runs that says nothing else.
	Command []string
	// Env holds variables as NAME=value.
	Env []string
	// Files maps a path in the image to the file of this machine that it is a copy
	// of, which is executable there if it is here.
	Files map[string]string
	// Links maps a path in the image to what the symbolic link there holds.
	Links map[string]string
	// Folders are empty folders in the image.
	Folders []string
}

// Write writes the image into a file, in the form of docker save.
func (i Image) Write(file string) error {
	layer, err := i.layer()
	if err != nil {
		return fmt.Errorf("image %s: %w", i.Name, err)
	}
	sum := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Cmd": i.Command, "Env": i.Env},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{i.Name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, part := range []struct {
		name    string
		content []byte
	}{{"config.json", config}, {"layer.tar", layer}, {"manifest.json", manifest}} {
		if err := writeFile(w, part.name, 0o644, part.content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o600)
}

func (i Image) layer() ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	made := map[string]bool{}
	folders := func(name string) error {
		dir := ""
		for part := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
			if dir = path.Join(dir, part); made[dir] || dir == "." || dir == "" {
				continue
			}
			made[dir] = true
			if err := w.WriteHeader(&tar.Header{Name: dir + "/", Typeflag: tar.TypeDir, Mode: 0o755}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range i.Folders {
		if err := folders(name); err != nil {
			return nil, err
		}
	}
	for name, source := range i.Files {
		if err := folders(path.Dir(name)); err != nil {
			return nil, err
		}
		content, err := os.ReadFile(source)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(source)
		if err != nil {
			return nil, err
		}
		if err := writeFile(w, strings.Trim(name, "/"), int64(info.Mode().Perm()), content); err != nil {
			return nil, err
		}
	}
	for name, target := range i.Links {
		if err := folders(path.Dir(name)); err != nil {
			return nil, err
		}
		if err := w.WriteHeader(&tar.Header{Name: strings.Trim(name, "/"), Linkname: target, Typeflag: tar.TypeSymlink, Mode: 0o777}); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func writeFile(w *tar.Writer, name string, mode int64, content []byte) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err := io.Copy(w, bytes.NewReader(content))
	return err
}
