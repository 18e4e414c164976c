// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"time"
)

// watchPID tells Failed when one of envtest's programs ends: envtest waits for
// it but does not say so.
func (c *ControlPlane) watchPID(name string) {
	c.watch(func() (error, bool) {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-c.quit:
				return nil, false
			case <-ticker.C:
			}
			if pid, ok := c.run.pid(name); !ok || !alive(pid) {
				return fmt.Errorf("%s ended unexpectedly%s; see %s", name, after(lastWords(c.run.log(name))), c.run.log(name)), true
			}
		}
	})
}

// watch runs wait, which returns true with an error when something failed, until
// Stop begins.
func (c *ControlPlane) watch(wait func() (error, bool)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return
	}
	c.watchers.Add(1)
	go func() {
		defer c.watchers.Done()
		err, failed := wait()
		if !failed {
			return
		}
		c.KeepDir()
		select {
		case c.failed <- err:
		default:
		}
	}()
}
