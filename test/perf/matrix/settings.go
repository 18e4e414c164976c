// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// setting is one run of one of the two programs.
type setting struct {
	name, title string
	// withServer says that it is a run of schedulerperf.
	withServer bool
	flags      []string
}

// settings are all of them, in the order of the page.
var settings = []setting{
	{name: "services-1000", title: "Services, 1,000 nodes", flags: flags("--nodes 1000 --pods 1000")},
	{name: "services-5000", title: "Services, 5,000 nodes", flags: flags("--nodes 5000 --pods 1000")},
	{name: "services-15000", title: "Services, 15,000 nodes", flags: flags("--nodes 15000 --pods 300 --repeats 3")},
	{name: "services-50000", title: "Services, 50,000 nodes", flags: flags("--nodes 50000 --pods 1000 --repeats 3 --profiles evenkeel")},
	{name: "one-namespace-5000", title: "Services, all in one namespace", flags: flags("--nodes 5000 --services one-namespace --pods 100 --warmup 50 --repeats 3")},
	{name: "one-by-one-5000", title: "Services, one pod at a time", flags: flags("--nodes 5000 --burst 1 --pods 150 --repeats 3")},
	{name: "plain-5000", title: "Plain pods", flags: flags("--nodes 5000 --services none")},
	{name: "plain-among-anti-5000", title: "Plain pods, all running pods with required anti-affinity", flags: flags("--nodes 5000 --services none --existing-anti-affinity 100% --pods 150 --warmup 50 --repeats 3")},
	{name: "anti-among-anti-5000", title: "Pods with required anti-affinity, all running pods with it too", flags: flags("--nodes 5000 --anti required --existing-anti-affinity 100% --pods 100 --warmup 50 --repeats 3")},
	{name: "anti-required-5000", title: "Pods with required anti-affinity, none running with it", flags: flags("--nodes 5000 --anti required --pods 150 --warmup 50 --repeats 3")},
	{name: "anti-preferred-5000", title: "Pods with preferred anti-affinity", flags: flags("--nodes 5000 --anti preferred --pods 150 --warmup 50 --repeats 3")},
	{name: "spread-hard-5000", title: "Pods with hard spread constraints over zones and hostnames", flags: flags("--nodes 5000 --spread hard --pods 150 --warmup 50 --repeats 3")},
	{name: "spread-soft-5000", title: "Pods with soft spread constraints over zones and hostnames", flags: flags("--nodes 5000 --spread soft --pods 150 --warmup 50 --repeats 3")},
	{name: "server-1000", title: "1,000 nodes", withServer: true, flags: flags("--sizes 1000")},
	{name: "server-5000", title: "5,000 nodes", withServer: true, flags: flags("--sizes 5000 --workloads DefaultTopologySpreading")},
}

func flags(line string) []string { return strings.Fields(line) }

// command is how somebody repeats the run.
func (s setting) command() string {
	program := "./test/perf/scheduler "
	if s.withServer {
		program = "./test/perf/schedulerperf "
	}
	return "go run " + program + strings.Join(s.flags, " ")
}

func names() []string {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = s.name
	}
	return names
}
