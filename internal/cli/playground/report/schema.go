// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import _ "embed"

// Schema is the JSON Schema of the Document.
//
//go:embed schema.json
var Schema []byte
