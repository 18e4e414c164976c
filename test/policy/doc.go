// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policy holds the rules of this repository that can be checked, as
// tests: who may import whom, licence headers, package comments, sizes and
// places of files. A rule says its reason, so that whoever breaks it learns why
// it is there.
package policy
