// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

// Codes of the agent feature.
const ()

var agentCodes = map[Code]description{}
