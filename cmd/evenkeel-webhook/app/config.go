// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

const (
	// settleTime lets a change of the file end before it is read: a ConfigMap's
	// symlinks and an editor's temporary files come in several steps.
	settleTime = 200 * time.Millisecond
	// rereadEvery covers for events that a file system does not send, as some
	// network file systems do not.
	rereadEvery = time.Minute
)

// configFile is the configuration file and what was last read of it.
type configFile struct {
	path string
	// apply puts a good configuration into force.
	apply   func(*v1alpha1.AdmissionConfiguration)
	metrics *metrics
	content []byte
}

// load reads the file and puts it into force. The error is one sentence that
// names the file and what is wrong with it.
func (c *configFile) load() error {
	content, err := os.ReadFile(c.path)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	cfg, err := v1alpha1.LoadAdmissionConfiguration(c.path, content)
	// A file that was refused is not refused again before it changes.
	c.content = content
	if err != nil {
		return err
	}
	c.apply(cfg)
	c.metrics.configInForce(cfg.Hash())
	return nil
}

// watch loads the file again whenever it has changed, until the context ends.
// The last good configuration stays in force when the new one is refused.
func (c *configFile) watch(ctx context.Context) error {
	logger := klog.FromContext(ctx).WithValues("file", c.path)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching the configuration: %w", err)
	}
	defer func() { _ = watcher.Close() }()
	// The folder and not the file: a ConfigMap's file is a symlink that never
	// changes; what it points to is swapped beside it.
	if err := watcher.Add(filepath.Dir(c.path)); err != nil {
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
		c.reload(logger)
	}
}

// reload loads the file if its content has changed.
func (c *configFile) reload(logger klog.Logger) {
	content, err := os.ReadFile(c.path)
	if err == nil && bytes.Equal(content, c.content) {
		return
	}
	switch {
	case err == nil:
		err = c.load()
	case c.content == nil:
		// Said once; until the file is back there is nothing new to say.
		return
	default:
		c.content = nil
	}
	c.metrics.configReloaded(err == nil)
	if err != nil {
		logger.Error(err, "Refused the changed configuration; the last good one stays in force")
		return
	}
	logger.Info("The changed configuration is in force")
}
