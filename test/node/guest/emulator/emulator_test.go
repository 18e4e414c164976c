// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, file, content string) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(content), 0o755)); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestFindTakesTheMachinesOwnQEMUFirst(t *testing.T) {
	unpacked, own := t.TempDir(), t.TempDir()
	kernel := write(t, filepath.Join(unpacked, "boot/vmlinuz-6.1.0-1-cloud-amd64"), "")
	modules := filepath.Join(unpacked, "usr/lib/modules/6.1.0-1-cloud-amd64")
	write(t, filepath.Join(modules, "modules.builtin"), "")
	t.Setenv("PATH", own)

	if _, err := find(unpacked); err == nil || !strings.Contains(err.Error(), qemuProgram) {
		t.Errorf("without a QEMU the error is %v", err)
	}
	qemu := write(t, filepath.Join(unpacked, "usr/bin", qemuProgram), "")
	parts, err := find(unpacked)
	if err != nil || parts.QEMU != qemu || parts.Kernel != kernel || parts.Modules != modules || len(parts.libraries) == 0 || len(parts.firmware) == 0 {
		t.Errorf("unpacked: %+v, %v", parts, err)
	}
	installed := write(t, filepath.Join(own, qemuProgram), "")
	if parts, err := find(unpacked); err != nil || parts.QEMU != installed || len(parts.libraries) != 0 || len(parts.firmware) != 0 {
		t.Errorf("installed: %+v, %v", parts, err)
	}
	write(t, filepath.Join(unpacked, "boot/vmlinuz-6.1.0-2-cloud-amd64"), "")
	if _, err := find(unpacked); err == nil || !strings.Contains(err.Error(), "finds 2 files") {
		t.Errorf("with two kernels the error is %v", err)
	}
}

func TestEnsureSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Ensure(t.Context(), t.TempDir(), func(string) {})
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "on this machine") && !strings.Contains(err.Error(), "amd64") {
		t.Errorf("without Debian's tools the error is %v", err)
	}
}

func TestModuleIsUncompressed(t *testing.T) {
	p := Parts{Modules: t.TempDir()}
	write(t, filepath.Join(p.Modules, "fs/plain.ko"), "module")
	write(t, filepath.Join(p.Modules, "fs/other.ko.zst"), "module")
	if got, err := p.Module(t.Context(), "fs/plain.ko"); err != nil || string(got) != "module" {
		t.Errorf("plain: %q, %v", got, err)
	}
	if _, err := p.Module(t.Context(), "fs/other.ko"); err == nil || !strings.Contains(err.Error(), ".zst") {
		t.Errorf("compressed as nobody knows: %v", err)
	}
	if _, err := p.Module(t.Context(), "fs/none.ko"); err == nil {
		t.Error("one that is not there: no error")
	}
	t.Run("xz", func(t *testing.T) {
		file := write(t, filepath.Join(p.Modules, "fs/packed.ko"), "module")
		if out, err := exec.CommandContext(t.Context(), "xz", file).CombinedOutput(); err != nil {
			t.Skipf("there is no xz to pack with: %v %s", err, out)
		}
		if got, err := p.Module(t.Context(), "fs/packed.ko"); err != nil || string(got) != "module" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestRunEndsWithTheContext(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	m := Machine{Parts: Parts{QEMU: write(t, filepath.Join(t.TempDir(), "qemu"), "#!/bin/sh\n: >"+ready+"\nexec sleep 600\n")}}
	cause := errors.New("it may take no time")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(ready); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal("the machine was not started in a minute")
		}
	}
	cancel(cause)
	if err := <-done; !errors.Is(err, cause) {
		t.Errorf("the error is %v, want one with %q", err, cause)
	}
}

func TestRunTellsWhatQEMUSays(t *testing.T) {
	qemu := write(t, filepath.Join(t.TempDir(), "qemu"), "#!/bin/sh\necho no such accelerator >&2\nexit 1\n")
	err := Machine{Parts: Parts{QEMU: qemu}}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no such accelerator") {
		t.Errorf("the error is %v", err)
	}
}

// The machine gives QEMU what it is made of, and the firmware of an unpacked one.
func TestArguments(t *testing.T) {
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	m := Machine{
		Parts: Parts{
			QEMU:   write(t, filepath.Join(dir, "qemu"), "#!/bin/sh\nprintf '%s\\n' \"$LD_LIBRARY_PATH\" \"$@\" >"+said+"\n"),
			Kernel: "/vmlinuz", libraries: []string{"/one", "/two"}, firmware: []string{"/bios"},
		},
		Initramfs: "/initramfs", CPUs: 2, MiB: 512, Parameters: []string{"x=1"}, Console: "/console", Results: "/results",
	}
	if err := m.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	got := map[string][]string{"libraries": {lines[0]}}
	for i, line := range lines[1 : len(lines)-1] {
		if strings.HasPrefix(line, "-") && !strings.HasPrefix(lines[i+2], "-") {
			got[line] = append(got[line], lines[i+2])
		}
	}
	want := map[string][]string{
		"libraries": {"/one:/two"}, "-display": {"none"}, "-machine": {"pc"}, "-accel": {"tcg,thread=multi"}, "-cpu": {"Nehalem"},
		"-smp": {"2"}, "-m": {"512"}, "-kernel": {"/vmlinuz"}, "-initrd": {"/initramfs"},
		"-append": {"console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable x=1"},
		"-serial": {"file:/console", "file:/results"}, "-L": {"/bios"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what QEMU is given (-want +got):\n%s", diff)
	}
}
