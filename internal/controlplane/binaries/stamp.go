// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// stampFolder holds, beside the programs, one stamp for each and the logs of
// their builds.
const stampFolder = ".control-plane"

// stamp says how a program was built. It is written after the program is in its
// place; a program without its stamp, or of another size, is built again.
type stamp struct {
	Package  string `json:"package"`
	Version  string `json:"version"`
	LDFlags  string `json:"ldflags"`
	Platform string `json:"platform"`
	// Size and ModTime are those of the file, ModTime in nanoseconds since 1970.
	Size    int64 `json:"size"`
	ModTime int64 `json:"modTime"`
}

func stampFile(dir, name string) string {
	return filepath.Join(dir, stampFolder, name+".json")
}

// stampOf is the stamp that the program at the path would have had it been built
// as the Binary says.
func stampOf(b Binary, path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{
		Package:  b.Package,
		Version:  b.Version,
		LDFlags:  b.LDFlags,
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Size:     info.Size(),
		ModTime:  info.ModTime().UnixNano(),
	}, nil
}

// ready tells whether the program is in the folder, executable and built as the
// Binary says. A stamp that cannot be read counts as none.
func ready(dir string, b Binary) bool {
	path := filepath.Join(dir, b.Name)
	if !executable(path) {
		return false
	}
	data, err := os.ReadFile(stampFile(dir, b.Name))
	if err != nil {
		return false
	}
	var got stamp
	if err := json.Unmarshal(data, &got); err != nil {
		return false
	}
	want, err := stampOf(b, path)
	return err == nil && got == want
}

func writeStamp(dir string, b Binary) error {
	s, err := stampOf(b, filepath.Join(dir, b.Name))
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(stampFile(dir, b.Name), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("stamp of %s: %w", b.Name, err)
	}
	return nil
}
