// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mutatortest holds every mutator to the same promises, for the tests
// beside them: RunGoldens compares what a mutator makes of the pods under
// testdata with files, and Check holds one pod to what must be true of all,
// which is what a fuzz test calls.
//
// The promises are: the patch applied to the raw document gives the pod that
// the mutator saw; a second pass changes nothing, also after the API server has
// set its defaults; the pod that was given in is not changed; fields that are
// unknown to our Go types survive; what the API server's own validation and Pod
// Security accepted before, they accept afterwards.
//
// Only tests import it.
package mutatortest
