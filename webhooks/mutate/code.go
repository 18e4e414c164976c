// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

// Code is a machine-readable reason. The same codes appear in the status
// annotation, in metrics, in warnings and in what the command line prints, so
// they are few, stable and never hold a user's value.
type Code string

// Codes that the Chain gives itself.
const (
	// CodeOff: the feature's mode is Off for this namespace.
	CodeOff Code = "Off"
	// CodeObserve: the feature's mode is Observe for this namespace.
	CodeObserve Code = "Observe"
	// CodeError: the pod asks for something that cannot be done.
	CodeError Code = "Error"
	// CodeInternal: the mutator failed in a way that is Evenkeel's own fault.
	CodeInternal Code = "InternalError"
)

// description is what a code means to a person.
type description struct {
	// sentence says what happened and, where the user can do something, what.
	sentence string
	// warn marks a skip that the user can mend: kubectl prints it as a warning.
	warn bool
}

var chainCodes = map[Code]description{
	CodeOff:      {sentence: "switched off by the configuration"},
	CodeObserve:  {sentence: "observed only: nothing was changed"},
	CodeError:    {sentence: "could not be done", warn: true},
	CodeInternal: {sentence: "failed inside Evenkeel; the webhook's log has the cause", warn: true},
}

// Sentence returns what the code means, as a clause without a full stop.
func (c Code) Sentence() string {
	if d, ok := describe(c); ok {
		return d.sentence
	}
	return string(c)
}

// Warn reports whether the reason is one that the user can mend, and should be
// told of.
func (c Code) Warn() bool {
	d, _ := describe(c)
	return d.warn
}

func describe(c Code) (description, bool) {
	for _, m := range []map[Code]description{chainCodes, selectionCodes, jvmCodes, agentCodes, pidlimitCodes, satokenCodes, storageCodes} {
		if d, ok := m[c]; ok {
			return d, true
		}
	}
	return description{}, false
}
