// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

// Codes of the pidlimit feature.
const ()

var pidlimitCodes = map[Code]description{}
