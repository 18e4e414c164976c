// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/evenkeel/evenkeel/internal/controlplane"
)

// These checks read /proc and so hold on Linux, where the project's tests run.

// processesOf returns the processes of the control plane by id: those whose
// command line names the run directory.
func processesOf(t *testing.T, cp *controlplane.ControlPlane) map[int]string {
	t.Helper()
	return processesNaming(t, cp.Dir())
}

func processesNaming(t *testing.T, text string) map[int]string {
	t.Helper()
	found := make(map[int]string)
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(lines) == 0 {
		t.Fatalf("no process can be seen in /proc: %v", err)
	}
	for _, path := range lines {
		data, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(data), text) {
			continue
		}
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		program, _, _ := strings.Cut(string(data), "\x00")
		found[id] = filepath.Base(program)
	}
	return found
}

func checkGone(t *testing.T, processes map[int]string) {
	t.Helper()
	for id, name := range processes {
		data, err := os.ReadFile("/proc/" + strconv.Itoa(id) + "/cmdline")
		if err == nil && strings.Contains(string(data), name) {
			t.Errorf("%s (process %d) outlives the control plane", name, id)
		}
	}
}

func checkRemoved(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the run directory %s is left behind: %v", dir, err)
	}
}

// checkListeners reads the kernel's tables of listening sockets for the sockets of
// the control plane's processes.
func checkListeners(t *testing.T, cp *controlplane.ControlPlane) {
	owner := make(map[string]string)
	for id, name := range processesOf(t, cp) {
		descriptors, err := filepath.Glob("/proc/" + strconv.Itoa(id) + "/fd/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, descriptor := range descriptors {
			target, err := os.Readlink(descriptor)
			if err != nil {
				continue // closed since
			}
			if inode, ok := strings.CutPrefix(target, "socket:["); ok {
				owner[strings.TrimSuffix(inode, "]")] = name
			}
		}
	}
	var listening []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		data, err := os.ReadFile(table)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			fields := strings.Fields(line)
			const listen = "0A" // TCP_LISTEN in the kernel's include/net/tcp_states.h
			if len(fields) < 10 || fields[3] != listen || owner[fields[9]] == "" {
				continue
			}
			address := kernelAddress(t, fields[1])
			if !address.IsLoopback() {
				t.Errorf("%s listens on %s, which is not loopback", owner[fields[9]], address)
			}
			listening = append(listening, owner[fields[9]])
		}
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kwok"} {
		if !slices.Contains(listening, name) {
			t.Errorf("listeners of %v were found, want one of %s: the check sees nothing", listening, name)
		}
	}
}

// kernelAddress reads an address of /proc/net/tcp: words of four bytes, each in
// the order of the machine, which is little-endian here.
func kernelAddress(t *testing.T, field string) netip.Addr {
	t.Helper()
	text, _, _ := strings.Cut(field, ":")
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	address, ok := netip.AddrFromSlice(raw)
	if !ok {
		t.Fatalf("not an address: %s", field)
	}
	return address.Unmap()
}
