// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import "time"

// SetAfter has a test say when the time for a connection to settle is over.
func (p *Plugin) SetAfter(after func(time.Duration) <-chan time.Time) { p.after = after }
