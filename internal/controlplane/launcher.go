// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// launcherScript becomes the program it launches after it has noted the process
// id. envtest starts etcd and kube-apiserver itself and keeps their ids to itself;
// the watchdog needs them from the first moment on. envtest also asks a program
// for its --help, which is over at once and not noted.
const launcherScript = `#!/bin/sh
program=%[3]s
[ "$1" = --help ] || echo "$$ %[1]s $program" >> %[2]s
exec "$program" "$@"
`

// pidFile lists the processes of the run, one a line: id, name, path.
func (r runDir) pidFile() string { return filepath.Join(r.programs(), "processes") }

// launcher writes the launcher of a program and returns its path.
func (r runDir) launcher(name, program string) (string, error) {
	path := filepath.Join(r.programs(), name)
	script := fmt.Sprintf(launcherScript, name, shellQuote(r.pidFile()), shellQuote(program))
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		return "", fmt.Errorf("launcher of %s: %w", name, err)
	}
	return path, nil
}

// pid returns the id of the process that was launched last under the name.
func (r runDir) pid(name string) (int, bool) {
	file, err := os.Open(r.pidFile())
	if err != nil {
		return 0, false
	}
	defer file.Close()
	id, found := 0, false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[1] != name {
			continue
		}
		if n, err := strconv.Atoi(fields[0]); err == nil {
			id, found = n, true
		}
	}
	return id, found
}

// shellQuote makes one word of a text for sh.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
