// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

// Codes of the satoken feature.
const ()

var satokenCodes = map[Code]description{}
