// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"io"
	"os/exec"
)

// watchdogScript ends the processes of a run when the process that started them
// is gone without having done so: killed, or a test binary that ran into its
// time limit. It reads a pipe whose other end only that process holds; the end of
// the file tells. A parent-death signal would not do: it hangs on the thread that
// forked, and envtest's processes cannot be given one.
//
// A process is ended only if its command line still starts with its program, as
// an id may have been given away since.
const watchdogScript = `
trap '' INT TERM HUP
read -r word
[ "$word" = done ] && exit 0
[ -f "$1" ] || exit 0
each() {
	while read -r pid name program; do
		if [ -r "/proc/$pid/cmdline" ]; then
			args=$(tr '\0' ' ' < "/proc/$pid/cmdline")
		else
			args=$(ps -p "$pid" -o args= 2>/dev/null)
		fi
		case "$args" in
		"$program "*) kill "-$2" "$pid" ;;
		esac
	done < "$1"
}
each "$1" TERM
sleep 2
each "$1" KILL
`

// watchdog is the process that watches over this one.
type watchdog struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

func startWatchdog(run runDir) (*watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "evenkeel-watchdog", run.pidFile())
	cmd.SysProcAttr = ownProcessGroup()
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("watchdog of the control plane: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("watchdog of the control plane: %w", err)
	}
	return &watchdog{cmd: cmd, pipe: pipe}, nil
}

// dismiss ends the watchdog, all processes having been ended.
func (w *watchdog) dismiss() error {
	if _, err := io.WriteString(w.pipe, "done\n"); err != nil {
		return fmt.Errorf("dismiss the watchdog of the control plane: %w", err)
	}
	_ = w.pipe.Close()
	if err := w.cmd.Wait(); err != nil {
		return fmt.Errorf("watchdog of the control plane: %w", err)
	}
	return nil
}
