// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package wellknown names every label, annotation and environment variable
// that Evenkeel reads or writes, each documented where it is declared.
//
// Only constants and the functions that build a name from a container's name
// live here; what a value means is decided by the package that reads it.
//
// Users choose with these names among what the administrator defined in the
// AdmissionConfiguration. None of them ever carries an image, a command, a URL,
// a path or a free JVM flag.
package wellknown

// Domain is the suffix of every label and annotation of this project.
const Domain = "evenkeel.io"
