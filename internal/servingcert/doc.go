// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package servingcert gives a webhook server its own certificate, without
// cert-manager and without files.
//
// The certificate authority is kept in a Secret that all replicas share. Each
// replica signs a certificate for itself that lives for a day and never leaves
// its memory, and sees to it that the webhook configuration trusts the
// authority: it reads there under which names the API server will call, and
// writes the caBundle.
//
// The authority is replaced in two steps, so that no call fails: its successor
// is published beside it first, and signs only when every API server must have
// seen it (Authority.Advance). Deleting the Secret makes a new authority at once,
// for the case that the key has leaked: calls to a replica then fail until it
// has noticed, which takes seconds.
//
// Certificates from files are the business of the webhook's main.
package servingcert
