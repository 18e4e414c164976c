// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission proves the whole chain of mutators, with the shipped
// configuration, on pods as they come: a corpus of the shapes that charts and
// operators make, in testdata, and the company of other admission webhooks, in
// any order.
//
// What a single mutator does is proved beside it, what JVMs make of it in
// test/jvm, and the webhook as a server in test/integration.
package admission
