// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Module returns a module of the kernel, such as kernel/fs/overlayfs/overlay.ko, as
// insmod takes it. Newer releases of Debian compress theirs.
func (p Parts) Module(ctx context.Context, name string) ([]byte, error) {
	file, err := only(filepath.Join(p.Modules, name), filepath.Join(p.Modules, name+".*"))
	if err != nil {
		return nil, err
	}
	switch ext := strings.TrimPrefix(file, filepath.Join(p.Modules, name)); ext {
	case "":
		return os.ReadFile(file)
	case ".xz":
		content, err := output(ctx, p.Modules, "xz", "-dc", file)
		return []byte(content), err
	default:
		return nil, fmt.Errorf("the kernel's module %s is compressed as %s, of which the guest knows nothing", name, ext)
	}
}
