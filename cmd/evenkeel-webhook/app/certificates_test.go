// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/evenkeel/evenkeel/internal/servingcert"
)

func TestCertificateFromFilesIsReread(t *testing.T) {
	dir := t.TempDir()
	o := &Options{TLSCertFile: filepath.Join(dir, "tls.crt"), TLSPrivateKeyFile: filepath.Join(dir, "tls.key")}
	now := time.Now()
	writeCertificate(t, o, now.Add(-23*time.Hour))
	certs, err := newCertificates(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := certs.Ready(); err != nil {
		t.Errorf("an hour before its end: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- certs.Run(ctx) }()

	first := certs.NotAfter()
	waitFor(t, "the new certificate", func() bool {
		writeCertificate(t, o, now)
		return certs.NotAfter().After(first)
	})
	// What cannot be read leaves the last good one in force.
	writeFile(t, o.TLSCertFile, "hello")
	if cert, err := certs.GetCertificate(nil); err != nil || cert == nil {
		t.Errorf("after a damaged file: certificate %v, error %v", cert, err)
	}
	waitFor(t, "the expired certificate", func() bool {
		writeCertificate(t, o, now.Add(-48*time.Hour))
		return certs.NotAfter().Before(now)
	})
	if err := certs.Ready(); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("Ready with an expired certificate: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// writeCertificate writes a certificate that began at a time and lasts a day.
func writeCertificate(t *testing.T, o *Options, begin time.Time) {
	t.Helper()
	authority, err := servingcert.NewAuthority(begin)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := authority.Issue(begin, servingcert.Names{DNS: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, o.TLSPrivateKeyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	writeFile(t, o.TLSCertFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})))
}
