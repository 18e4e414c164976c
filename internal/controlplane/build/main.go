// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command build puts the programs of the control plane into bin: it is what
// make control-plane runs. Programs that are there at the right version stay.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder to build into; the default is bin in the root of the checkout")
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(os.Stdout)
		flags.Usage()
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: only --dir is known", flags.Arg(0))
	}
	paths, err := binaries.Ensure(ctx, binaries.Options{
		Dir:      *dir,
		Progress: func(line string) { fmt.Fprintln(os.Stderr, line) },
	})
	if err != nil {
		return err
	}
	for _, path := range []string{paths.Etcd, paths.KubeAPIServer, paths.KubeControllerManager, paths.Kubectl, paths.Kwok} {
		fmt.Println(path)
	}
	return nil
}
