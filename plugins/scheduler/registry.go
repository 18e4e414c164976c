// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scheduler lists the scheduler plugins of Evenkeel. Each plugin is in
// a package of its own below; which of them a profile uses is said in its
// configuration.
package scheduler

import (
	"k8s.io/kubernetes/cmd/kube-scheduler/app"

	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedinterpodaffinity"
	"github.com/evenkeel/evenkeel/plugins/scheduler/guardedpodtopologyspread"
	"github.com/evenkeel/evenkeel/plugins/scheduler/podindex"
	"github.com/evenkeel/evenkeel/plugins/scheduler/profileguard"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread"
)

// Options returns the plugins as options of kube-scheduler's command. It is the
// only list of them. What the profiles of one scheduler share lives in the
// options that are returned, so each scheduler needs its own.
func Options() []app.Option {
	pods := &podindex.Indexes{}
	return []app.Option{
		app.WithPlugin(guardedinterpodaffinity.Name, guardedinterpodaffinity.NewFactory(pods)),
		app.WithPlugin(guardedpodtopologyspread.Name, guardedpodtopologyspread.NewFactory(pods)),
		app.WithPlugin(profileguard.Name, profileguard.New),
		app.WithPlugin(replicaspread.Name, replicaspread.NewFactory()),
	}
}
