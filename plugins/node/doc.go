// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node is the NRI plugin of evenkeel-node: it hears from the container
// runtime of every container that is created, and answers with what the adjusters
// below decide.
//
// What lives here is the conversation with the runtime, the record of the
// containers that are there, and its metrics. What a container gets is decided by
// one package per adjuster; so far there is pids.
//
// The plugin answers from memory: it reads no file, asks no API server, and holds
// no lock while it waits. A runtime gives all plugins together two seconds for a
// container, and handles one container of the node at a time meanwhile.
package node
