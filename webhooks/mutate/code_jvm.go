// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

// Codes of the jvm feature.
const ()

var jvmCodes = map[Code]description{}
