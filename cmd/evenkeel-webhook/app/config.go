// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/configfile"
)

const (
	// settleTime lets a change of the file end before it is read: a ConfigMap's
	// symlinks and an editor's temporary files come in several steps.
	settleTime = 200 * time.Millisecond
	// rereadEvery covers for events that a file system does not send, as some
	// network file systems do not.
	rereadEvery = time.Minute
)

type configFile = configfile.File[*v1alpha1.AdmissionConfiguration]

// watch loads the file again whenever it has changed, until the context ends.
// The last good configuration stays in force when the new one is refused.
func watch(ctx context.Context, file *configFile) error {
	logger := klog.FromContext(ctx).WithValues("file", file.Path)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching the configuration: %w", err)
	}
	defer func() { _ = watcher.Close() }()
	// The folder and not the file: a ConfigMap's file is a symlink that never
	// changes; what it points to is swapped beside it.
	if err := watcher.Add(filepath.Dir(file.Path)); err != nil {
		return fmt.Errorf("watching the folder of the configuration: %w", err)
	}
	var settled <-chan time.Time
	reread := time.NewTicker(rereadEvery)
	defer reread.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-watcher.Events:
			if settled == nil {
				settled = time.After(settleTime)
			}
			continue
		case err := <-watcher.Errors:
			// An overflow loses events: what they were about is read.
			logger.Error(err, "Watching the configuration failed; reading it again")
		case <-settled:
			settled = nil
		case <-reread.C:
		}
		file.Reload(logger)
	}
}
