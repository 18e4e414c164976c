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
	// CodeAgentPresent: the user brings an agent himself that was asked for too.
	CodeAgentPresent Code = "AgentPresent"
	// CodeAgentPathTaken: the user mounts a volume where the agent's must be, above
	// or inside it.
	CodeAgentPathTaken Code = "AgentPathTaken"
	// CodeAgentEnvUnseen: an envFrom may hold a variable that the agent needs, which
	// an entry would hide.
	CodeAgentEnvUnseen Code = "AgentEnvUnseen"
)

var agentCodes = map[Code]description{
	CodeAgentNotAsked: {sentence: "no container asks for an agent"},
	CodeAgentNone:     {sentence: "the annotation " + wellknown.AgentInjectAnnotation + " asks for none"},
	CodeAgentPresent: {warn: true, sentence: "the container starts this agent itself, so it was not injected; " +
		"take one of the two out"},
	CodeAgentPathTaken: {warn: true, sentence: "a volume is mounted where the agent belongs, above or inside it, so it was not injected; " +
		"mount it elsewhere"},
	CodeAgentEnvUnseen: {warn: true, sentence: "an envFrom may hold variables of the agent, so these were not set; " +
		"add env entries for them"},
}
