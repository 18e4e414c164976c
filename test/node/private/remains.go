// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package private

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// namespacesOf returns the namespaces of a process that this one does not share.
func namespacesOf(pid int) []string {
	var out []string
	for _, kind := range []string{"mnt", "pid", "net", "ipc", "uts"} {
		own, _ := os.Readlink("/proc/self/ns/" + kind)
		theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		if err == nil && theirs != own {
			out = append(out, theirs)
		}
	}
	return out
}

// inNamespaces returns an error if a process of this machine is in one of the
// namespaces.
func inNamespaces(list []string) error {
	files, _ := filepath.Glob("/proc/[0-9]*/ns/*")
	var found []string
	for _, file := range files {
		if ns, err := os.Readlink(file); err == nil && slices.Contains(list, ns) {
			found = append(found, fmt.Sprintf("process %s in %s", strings.Split(file, "/")[2], ns))
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("namespaces are still there: %s", strings.Join(found, ", "))
	}
	return nil
}

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

// Mounts returns the mounts that this process sees.
func Mounts() ([]string, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return slices.Sorted(strings.Lines(string(content))), nil
}

// NewMounts returns an error if there are mounts that were not there before.
func NewMounts(before []string) error {
	now, err := Mounts()
	if err != nil {
		return err
	}
	if now = slices.DeleteFunc(now, func(m string) bool { return slices.Contains(before, m) }); len(now) > 0 {
		return fmt.Errorf("mounts are still there: %s", strings.TrimSpace(strings.Join(now, "")))
	}
	return nil
}
