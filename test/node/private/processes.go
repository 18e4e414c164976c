// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package private

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Processes returns an error if a process of this machine speaks of the folder in
// its command line, save this one.
func Processes(dir string) error {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var found []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		pid := filepath.Base(filepath.Dir(file))
		if err == nil && bytes.Contains(content, []byte(dir)) && pid != fmt.Sprint(os.Getpid()) {
			found = append(found, pid)
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("processes %s still run", strings.Join(found, ", "))
	}
	return nil
}
