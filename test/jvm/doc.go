// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package jvm proves on real JVMs what the jvm and agent features take for
// granted of them, and what the options that they inject do.
//
// It runs every JDK that it finds (see package jdk; fetch-jdks.sh brings more),
// under real memory and CPU limits where the machine lets it (see package
// container), and says at its end what was there and what was not. JDK 17 must
// be.
//
//   - statements_test.go and its neighbours keep the facts about HotSpot that the
//     features rest on, each with the releases that it holds for.
//   - heap_test.go holds the JVMs to the heap that the budget says.
//   - user_test.go holds them to the options of the user.
//   - fill_test.go fills the budget under a hard limit.
//   - agents_test.go runs injected agents.
//
// What the mutators write into a pod is the business of their own packages and
// of test/admission.
package jvm
