// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"strings"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// remark is something to be told of a container, and of one agent in it where
// agent is set.
type remark struct {
	agent  string
	code   mutate.Code
	detail string
}

// String names the agent and completes the code's sentence.
func (r remark) String() string {
	switch {
	case r.agent == "":
		return r.detail
	case r.detail == "":
		return r.agent
	}
	return r.agent + ": " + r.detail
}

// tell puts remarks into a result, which has one code: that of the first. Others
// of that code are in the detail too; of other codes it has the names, which the
// fact of the agents that were left out explains.
func tell(result *mutate.Result, remarks []remark) {
	if len(remarks) == 0 {
		return
	}
	result.Code = remarks[0].code
	var same, also []string
	for _, r := range remarks {
		if r.code == result.Code {
			same = append(same, r.String())
		} else {
			also = append(also, string(r.code))
		}
	}
	result.Detail = join(same, "; ")
	if names := join(also, ", "); names != "" {
		result.Detail = strings.TrimPrefix(result.Detail+"; also "+names, "; ")
	}
}

// leftOut writes the agents that were left out, each with its code, for the
// record.
func leftOut(remarks []remark) string {
	var out []string
	for _, r := range remarks {
		out = append(out, r.agent+":"+string(r.code))
	}
	return strings.Join(out, ",")
}
