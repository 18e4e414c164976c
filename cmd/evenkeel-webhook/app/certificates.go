// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"

	"github.com/evenkeel/evenkeel/internal/program"
	"github.com/evenkeel/evenkeel/internal/servingcert"
)

// certificates is where the serving certificate comes from.
type certificates interface {
	// Run keeps the certificate fresh until the context ends.
	Run(ctx context.Context) error
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Ready returns nil when there is a certificate that is worth serving.
	Ready() error
	// NotAfter returns when the certificate ends; zero when there is none.
	NotAfter() time.Time
}

func newCertificates(o *Options, client kubernetes.Interface) (certificates, error) {
	if o.selfMade() {
		return servingcert.New(servingcert.Options{
			Client: client, Namespace: o.OwnNamespace, Secret: o.CASecret, Configuration: o.WebhookConfiguration}), nil
	}
	watcher, err := certwatcher.New(o.TLSCertFile, o.TLSPrivateKeyFile)
	if err != nil {
		return nil, program.InputError{Err: fmt.Errorf("--tls-cert-file %s, --tls-private-key-file %s: %w", o.TLSCertFile, o.TLSPrivateKeyFile, err)}
	}
	return &files{watcher}, nil
}

// files is a certificate from files, which are read again when they change. One
// that cannot be read leaves the last good one in force.
type files struct{ watcher *certwatcher.CertWatcher }

// Run implements certificates.
func (f *files) Run(ctx context.Context) error { return f.watcher.Start(ctx) }

// GetCertificate implements certificates.
func (f *files) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.watcher.GetCertificate(hello)
}

// Ready implements certificates.
func (f *files) Ready() error {
	if time.Now().After(f.NotAfter()) {
		return errors.New("the serving certificate in the file has expired")
	}
	return nil
}

// NotAfter implements certificates.
func (f *files) NotAfter() time.Time {
	cert, err := f.watcher.GetCertificate(nil)
	if err != nil || cert == nil || cert.Leaf == nil {
		return time.Time{}
	}
	return cert.Leaf.NotAfter
}
