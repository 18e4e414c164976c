// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const cgroupRoot = "/sys/fs/cgroup"

// Unified reports whether the machine has cgroup v2.
func Unified() bool {
	_, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers"))
	return err == nil
}

// cgroupMounts returns the folders of the hierarchies: one in version 2, one per
// controller in version 1.
func cgroupMounts() []string {
	if Unified() {
		return []string{cgroupRoot}
	}
	mounts, _ := filepath.Glob(filepath.Join(cgroupRoot, "*", "cgroup.procs"))
	for i, m := range mounts {
		mounts[i] = filepath.Dir(m)
	}
	mounts = slices.DeleteFunc(mounts, func(m string) bool {
		info, err := os.Lstat(m)
		return err != nil || info.Mode()&fs.ModeSymlink != 0 || filepath.Base(m) == "unified"
	})
	if !slices.Contains(mounts, filepath.Join(cgroupRoot, "pids")) {
		return nil
	}
	return mounts
}

// MakeCgroup makes a cgroup of that name in every hierarchy.
func MakeCgroup(name string) error {
	for _, mount := range cgroupMounts() {
		dir := filepath.Join(mount, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("making a cgroup: %w", err)
		}
		// A cpuset is empty when it is made, and takes no process before it has both.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if content, err := os.ReadFile(filepath.Join(mount, file)); err == nil {
				if err := os.WriteFile(filepath.Join(dir, file), content, 0o644); err != nil {
					return fmt.Errorf("filling the cpuset: %w", err)
				}
			}
		}
	}
	return nil
}

// PidsFile is a file of a cgroup's pids controller. cgroup is its path in the
// hierarchy.
func PidsFile(cgroup, file string) string {
	if Unified() {
		return filepath.Join(cgroupRoot, cgroup, file)
	}
	return filepath.Join(cgroupRoot, "pids", cgroup, file)
}

// RemoveCgroup removes the cgroup with all that is in it from every hierarchy, the
// one of version 2 beside those of version 1 too, where runc makes one by itself. The
// processes of the namespaces are gone, which the kernel may take a moment to see.
func RemoveCgroup(name string) error {
	var errs []error
	for _, top := range cgroupsNamed(name) {
		var err error
		for range 100 {
			if err = removeTree(top); err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		errs = append(errs, err)
	}
	if left := cgroupsNamed(name); len(left) > 0 {
		errs = append(errs, fmt.Errorf("the cgroups %s are still there", strings.Join(left, ", ")))
	}
	return errors.Join(errs...)
}

// cgroupsNamed returns the folders of the cgroup in all hierarchies.
func cgroupsNamed(name string) []string {
	var found []string
	for _, pattern := range []string{filepath.Join(cgroupRoot, name), filepath.Join(cgroupRoot, "*", name)} {
		dirs, _ := filepath.Glob(pattern)
		found = append(found, dirs...)
	}
	return found
}

func removeTree(top string) error {
	var dirs []string
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Reverse(dirs)
	var errs []error
	for _, dir := range dirs {
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
