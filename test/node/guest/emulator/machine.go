// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// Machine is one to run. It has two serial ports, which are files here, and
// neither disk nor network.
type Machine struct {
	Parts Parts
	// Initramfs is the file with all that the machine has.
	Initramfs string
	// CPUs is how many it has, MiB how much memory.
	CPUs, MiB int
	// Parameters are for the kernel, beside the console's.
	Parameters []string
	// Console is the file that takes what the kernel and its first program say, the
	// machine's /dev/ttyS0. Results is that of /dev/ttyS1.
	Console, Results string
}

// Run runs the machine until it turns itself off or panics. It is ended when the
// context is, and when this process is, however that comes.
func (m Machine) Run(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, m.Parts.QEMU, m.arguments()...)
	if len(m.Parts.libraries) > 0 {
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(m.Parts.libraries, ":"))
	}
	var complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &complaint, &complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// The signal of the parent's death is that of the thread's.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the machine did not come to its end: %w", context.Cause(ctx))
	case err != nil:
		return errors.Join(fmt.Errorf("running %s: %w", qemuProgram, err), errors.New(complaint.String()))
	}
	return nil
}

func (m Machine) arguments() []string {
	// A panic ends it: panic=-1 starts the machine again at once, and -no-reboot makes
	// that its end. On a busy machine the kernel finds that its clocks differ, and would
	// take the one that costs an emulated machine most.
	parameters := append([]string{"console=ttyS0", "quiet", "panic=-1", "mitigations=off", "tsc=reliable"}, m.Parameters...)
	// Without AVX and five-level page tables, which software emulates at a price: with
	// the processor "max" all takes three times as long.
	const processor = "Nehalem"
	args := []string{
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-machine", "pc", "-accel", "tcg,thread=multi", "-cpu", processor, "-smp", strconv.Itoa(m.CPUs), "-m", strconv.Itoa(m.MiB),
		"-kernel", m.Parts.Kernel, "-initrd", m.Initramfs, "-append", strings.Join(parameters, " "),
		"-serial", "file:" + m.Console, "-serial", "file:" + m.Results,
	}
	for _, dir := range m.Parts.firmware {
		args = append(args, "-L", dir)
	}
	return args
}
