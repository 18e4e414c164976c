// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/evenkeel/evenkeel/test/node/image"
)

// Names of the images that the runtime has from the start.
const (
	ImagePause   = "localhost/pause:test"
	ImageBusybox = "localhost/busybox:test"
)

// importImages makes the images that every test needs and gives them to
// containerd.
func (c *Containerd) importImages(tb testing.TB) {
	tb.Helper()
	pause := c.Busybox(ImagePause, nil)
	pause.Command = []string{"/bin/sleep", "2147483647"}
	c.Import(tb, pause)
	c.Import(tb, c.Busybox(ImageBusybox, nil))
}

// Busybox returns an image with busybox, and with copies of files of this machine
// by their paths in the image.
func (c *Containerd) Busybox(name string, files map[string]string) image.Image {
	all := map[string]string{"/bin/busybox": c.settings.Paths.Busybox}
	maps.Copy(all, files)
	links := map[string]string{}
	for _, applet := range []string{"sh", "sleep", "cat", "cp", "echo", "true", "wc", "ls", "dd", "seq", "kill"} {
		links["/bin/"+applet] = "busybox"
	}
	// For programs of this machine that a container sees through mounts of /usr.
	for _, dir := range []string{"lib", "lib64"} {
		links["/"+dir] = "usr/" + dir
	}
	return image.Image{
		Name: name, Command: []string{"/bin/sh"}, Env: []string{"PATH=/bin"}, Files: all, Links: links,
		Folders: []string{"/proc", "/sys", "/dev", "/tmp", "/etc", "/usr"},
	}
}

// Import makes an image, gives it to containerd, and returns its name with its
// digest in the place of the tag.
func (c *Containerd) Import(tb testing.TB, i image.Image) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "image.tar")
	if err := i.Write(file); err != nil {
		tb.Fatal(err)
	}
	repository, _, _ := strings.Cut(i.Name, ":")
	if err := runQuietly(c.settings.Paths.Ctr, "--address", state+"/containerd.sock", "--namespace", "k8s.io",
		"images", "import", "--local", "--digests", "--base-name", repository, file); err != nil {
		tb.Fatal(err)
	}
	var reference string
	WaitFor(tb, "the image "+i.Name, func() error {
		ctx, cancel := timeout(tb)
		defer cancel()
		response, err := runtimeapi.NewImageServiceClient(c.conn).ImageStatus(ctx, &runtimeapi.ImageStatusRequest{Image: &runtimeapi.ImageSpec{Image: i.Name}})
		if err != nil {
			return err
		}
		for _, r := range response.GetImage().GetRepoDigests() {
			if strings.HasPrefix(r, repository+"@") {
				reference = r
				return nil
			}
		}
		return fmt.Errorf("containerd has it as %v", response.GetImage())
	})
	return reference
}
