// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/controlplane"
)

// trialPatience bounds how long the scheduler may take to judge a file, which takes
// it a part of a second.
const trialPatience = time.Minute

// trySchedulerFile has the scheduler judge a user's file before anything else is
// started: it takes the file if it comes to listen, for which it needs no API
// server. --write-config-to would not do, as it ends the program before the
// profiles are compared with the default one. What is wrong carries the exit code
// for bad input.
func trySchedulerFile(ctx context.Context, program string, file schedulerFile) (err error) {
	dir, err := os.MkdirTemp("", "evenkeel-trial-")
	if err != nil {
		return fmt.Errorf("folder to try the scheduler's configuration in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	content, err := file.forTrial()
	if err != nil {
		return fmt.Errorf("%s: %w", file.name, err)
	}
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, content, 0o600); err != nil {
		return fmt.Errorf("copy of the scheduler's configuration: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	err = controlplane.Try(ctx, controlplane.Process{
		Name: schedulerName,
		Path: program,
		Args: []string{
			"--config=" + config,
			// Nobody is there, and nobody is asked.
			"--master=http://" + loopback + ":1",
			"--authentication-skip-lookup",
			"--bind-address=" + loopback,
			"--secure-port=" + port,
			"--cert-dir=" + dir,
		},
		Ready: answers("https://" + loopback + ":" + port + "/livez"),
	}, trialPatience)
	if ended := (*controlplane.EndedError)(nil); errors.As(err, &ended) && ended.LastWords != "" {
		// The scheduler names the copy; the user knows the original.
		words := strings.TrimPrefix(ended.LastWords, "configuration file "+config+": ")
		return exit.Badf("%s: %s", file.name, strings.ReplaceAll(words, config, "the file"))
	}
	return err
}

// forTrial returns the file as the user wrote it, but for a kubeconfig, which is
// that of another cluster.
func (f schedulerFile) forTrial() ([]byte, error) {
	fields, err := clone(f.fields)
	if err != nil {
		return nil, err
	}
	if connection, ok := fields["clientConnection"].(map[string]any); ok {
		delete(connection, "kubeconfig")
	}
	return yaml.Marshal(fields)
}
