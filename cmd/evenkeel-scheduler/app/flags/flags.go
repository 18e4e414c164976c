// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package flags has the flags of evenkeel-scheduler that kube-scheduler does not have.
// It links nothing of the scheduler, so that their page can be made without it: the
// packages of kube-scheduler's command add flags to every command of a process.
package flags

import "github.com/spf13/pflag"

// ScheduledEvents is the name of the flag for Options.ScheduledEvents.
const ScheduledEvents = "scheduled-events"

// Options is what the flags say.
type Options struct {
	// ScheduledEvents says that an Event tells of each pod that was placed, as
	// kube-scheduler's do.
	ScheduledEvents bool
}

// AddTo adds the flags to a set.
func (o *Options) AddTo(flags *pflag.FlagSet) {
	flags.BoolVar(&o.ScheduledEvents, ScheduledEvents, true,
		"Write an Event of reason Scheduled for each pod that is placed, as kube-scheduler does. Without it a pod that is placed costs the API server one request in the place of two. "+
			"Events of pods that cannot be placed, and of pods that are preempted, are written either way.")
}
