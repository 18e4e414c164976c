// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import "github.com/evenkeel/evenkeel/api/wellknown"

// Codes of the agent feature.
const (
	// CodeAgentNotAsked: no container asks for an agent, and none has one by default.
	CodeAgentNotAsked Code = "AgentNotAsked"
	// CodeAgentNone: the annotation asks for none.
	CodeAgentNone Code = "AgentNone"
	// CodeAgentNoContainer: the pod asks for an agent that is for none of its
	// containers: they are known sidecars, or not selected.
	CodeAgentNoContainer Code = "AgentNoContainer"
	// CodeAgentJobs: the agent is not for pods of Jobs.
	CodeAgentJobs Code = "AgentJobs"
	// CodeAgentPresent: the user brings an agent himself that was asked for too.
	CodeAgentPresent Code = "AgentPresent"
	// CodeAgentPathTaken: the user mounts a volume where the agent's must be, above
	// or inside it.
	CodeAgentPathTaken Code = "AgentPathTaken"
	// CodeAgentJDKSkipped: the agent does not work with the container's JDK, and was
	// left out.
	CodeAgentJDKSkipped Code = "AgentJDKSkipped"
	// CodeAgentJDK: the agent does not work with the container's JDK, and was injected
	// all the same.
	CodeAgentJDK Code = "AgentJDK"
	// CodeAgentJDKUnknownSkipped: the agent does not work with every JDK, nobody says
	// which one the container has, and it was left out.
	CodeAgentJDKUnknownSkipped Code = "AgentJDKUnknownSkipped"
	// CodeAgentJDKUnknown: the agent does not work with every JDK, and nobody says
	// which one the container has.
	CodeAgentJDKUnknown Code = "AgentJDKUnknown"
	// CodeAgentConflictSkipped: the agent does not go with another of the container,
	// and was left out.
	CodeAgentConflictSkipped Code = "AgentConflictSkipped"
	// CodeAgentConflict: two agents of the container do not go together, and both are
	// there.
	CodeAgentConflict Code = "AgentConflict"
	// CodeAgentTwice: the command passes on the variable that the JVM reads by itself,
	// so that an agent in it would start twice.
	CodeAgentTwice Code = "AgentTwice"
	// CodeAgentStorage: the agents may write more than the pod's limit of ephemeral
	// storage.
	CodeAgentStorage Code = "AgentStorage"
)

// Fact names of the agent feature.
const (
	// FactLeftOut lists the agents that the container was to have and did not get,
	// each with a colon and its code, comma-separated.
	FactLeftOut = "leftOut"
	// FactJDK is the major version of the container's JDK, where an agent's fitness
	// depends on it and it is known.
	FactJDK = "jdk"
)

var agentCodes = map[Code]description{
	CodeAgentNotAsked: {sentence: "no container asks for an agent"},
	CodeAgentNone:     {sentence: "the annotation " + wellknown.AgentInjectAnnotation + " asks for none"},
	CodeAgentNoContainer: {warn: true, sentence: "no container of the pod takes this agent; name one with " +
		wellknown.AgentInjectAnnotation + ".<container>"},
	CodeAgentJobs: {warn: true, sentence: "pods of Jobs do not get this agent"},
	CodeAgentPresent: {warn: true, sentence: "the container starts this agent itself, so it was not injected; " +
		"take one of the two out"},
	CodeAgentPathTaken: {warn: true, sentence: "a volume is mounted where the agent belongs, above or inside it, so it was not injected; " +
		"mount it elsewhere"},
	CodeAgentJDKSkipped: {warn: true, sentence: "the agent does not work with this JDK, so it was not injected"},
	CodeAgentJDK:        {warn: true, sentence: "the agent does not work with this JDK"},
	CodeAgentJDKUnknownSkipped: {warn: true, sentence: "the agent does not work with every JDK, so it was not injected; declare the JDK with " +
		wellknown.AgentJDKAnnotation},
	CodeAgentJDKUnknown: {warn: true, sentence: "the agent does not work with every JDK; declare the JDK with " +
		wellknown.AgentJDKAnnotation},
	CodeAgentConflictSkipped: {warn: true, sentence: "the agent conflicts with another, so it was not injected"},
	CodeAgentConflict:        {warn: true, sentence: "two agents of the container conflict"},
	CodeAgentTwice: {warn: true, sentence: "the command passes the variable to the JVM, which reads it by itself too, so that the agent would start twice; " +
		"take it out of the command, or name another one with " + wellknown.JVMChannelAnnotation},
	CodeAgentStorage: {warn: true, sentence: "the agents may write more than the pod's limit of ephemeral storage; raise it"},
}
