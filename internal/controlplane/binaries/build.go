// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// firstBuild is what the first build costs, told at its start: with an empty
// build cache and all modules downloaded, 14 minutes of CPU time and 4.5 GB of
// cache were measured on a machine of two cores.
const firstBuild = "the first time takes about eight minutes on two cores and 5 GB of disk for Go's build cache"

// reportInterval is how often a build that is under way says so.
const reportInterval = 15 * time.Second

// build builds the binaries that are not ready into the folder, one after the
// other: each go build uses all cores by itself, and a person sees how far it is.
func build(ctx context.Context, root, dir string, wanted []Binary, progress func(string)) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("building %s needs Go 1.26 or newer, and there is no go in PATH: install it from https://go.dev/dl, or set %s to a folder with the programs",
			strings.Join(names(wanted), ", "), AssetsVariable)
	}
	if err := os.MkdirAll(filepath.Join(dir, stampFolder), 0o755); err != nil {
		return fmt.Errorf("folder for the programs of the control plane: %w", err)
	}
	unlock, err := lockFolder(ctx, filepath.Join(dir, stampFolder, "lock"), progress)
	if err != nil {
		return err
	}
	defer unlock()

	missing := 0
	for _, b := range wanted {
		if !ready(dir, b) {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	progress(fmt.Sprintf("Building %d of the %d programs of the control plane into %s; %s", missing, len(All()), dir, firstBuild))
	begin, step := time.Now(), 0
	for _, b := range wanted {
		if ready(dir, b) {
			continue
		}
		step++
		label := fmt.Sprintf("[%d/%d] %s %s", step, missing, b.Name, b.Version)
		progress(label)
		started := time.Now()
		if err := buildOne(ctx, goTool, root, dir, b, label, progress); err != nil {
			return err
		}
		progress(fmt.Sprintf("%s built in %s", label, time.Since(started).Round(time.Second/10)))
	}
	progress(fmt.Sprintf("The programs of the control plane are ready after %s", time.Since(begin).Round(time.Second/10)))
	return nil
}

// buildOne builds under another name, asks the result for its version and only
// then moves it into place: an interrupted build leaves nothing that looks ready.
func buildOne(ctx context.Context, goTool, root, dir string, b Binary, label string, progress func(string)) (err error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	logPath := filepath.Join(absolute, stampFolder, b.Name+".log")
	partial := filepath.Join(absolute, stampFolder, b.Name+".partial")
	defer func() {
		if err != nil {
			_ = os.Remove(partial)
		}
	}()
	logFile, err := os.Create(logPath)
	if err != nil {
		return fmt.Errorf("log of the build of %s: %w", b.Name, err)
	}
	defer logFile.Close()
	said := &buildLog{to: logFile}

	// -v names each package as it is compiled, for the progress.
	cmd := exec.CommandContext(ctx, goTool, "build", "-v", "-o", partial, "-ldflags", b.LDFlags, b.Package)
	cmd.Dir = filepath.Join(root, filepath.FromSlash(b.Module))
	cmd.Env = hostEnvironment(os.Environ())
	cmd.Stdout, cmd.Stderr = said, said
	// On an interrupt the go command ends its compilers; a kill would orphan them.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second

	stop := reportEvery(reportInterval, func(elapsed time.Duration) {
		progress(fmt.Sprintf("%s: %s, %s", label, said, elapsed.Round(time.Second)))
	})
	err = cmd.Run()
	stop()
	if ctx.Err() != nil {
		return fmt.Errorf("building %s was interrupted: %w", b.Name, context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("building %s %s failed: %w: %s; see %s", b.Name, b.Version, err, lastLine(logPath), logPath)
	}
	version, err := reportedVersion(ctx, b, partial)
	if err != nil {
		return fmt.Errorf("the %s just built does not run: %w", b.Name, err)
	}
	if version != b.Version {
		return fmt.Errorf("the %s just built says it is %s, not %s: bring the versions in internal/controlplane/binaries and %s in line",
			b.Name, version, b.Version, filepath.Join(root, b.Module, "go.mod"))
	}
	if err := os.Rename(partial, filepath.Join(absolute, b.Name)); err != nil {
		return fmt.Errorf("put %s into place: %w", b.Name, err)
	}
	return writeStamp(absolute, b)
}

// hostEnvironment is the environment of a build for this machine, whatever the
// caller builds for, and from the modules alone, whatever workspace surrounds
// the checkout. Flags that change how packages are compiled stay the caller's,
// so that the cache is shared with the caller's other builds.
func hostEnvironment(environ []string) []string {
	var env []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		switch name {
		case "GOOS", "GOARCH", "GOWORK":
		default:
			env = append(env, variable)
		}
	}
	return append(env, "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "GOWORK=off")
}

// lockFolder waits until no other process builds into the folder and returns the
// function that lets the next one in.
func lockFolder(ctx context.Context, path string, progress func(string)) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock of the build: %w", err)
	}
	told := false
	for {
		err := tryLock(file)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, errLocked) {
			_ = file.Close()
			return nil, fmt.Errorf("lock of the build %s: %w", path, err)
		}
		if !told {
			progress("Waiting for another process that builds into the same folder")
			told = true
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("waiting for another build was interrupted: %w", context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}
