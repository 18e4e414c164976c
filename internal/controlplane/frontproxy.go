// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	certutil "k8s.io/client-go/util/cert"
)

// frontProxyCAFile is beside the files that envtest writes.
const frontProxyCAFile = "front-proxy-ca.crt"

// frontProxyFlags are those by which kubeadm has kube-apiserver trust a proxy in
// front of it. Programs with delegated authentication, our scheduler among them,
// look for the authority and complain for as long as there is none.
func frontProxyFlags(run runDir) map[string]string {
	return map[string]string{
		"requestheader-client-ca-file":       filepath.Join(run.pki(), frontProxyCAFile),
		"requestheader-allowed-names":        "front-proxy-client",
		"requestheader-username-headers":     "X-Remote-User",
		"requestheader-group-headers":        "X-Remote-Group",
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
	}
}

// writeFrontProxyCA makes the authority for such a proxy. There is no proxy here:
// its key is thrown away, so that nobody can ever be one.
func writeFrontProxyCA(run runDir) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("authority for a front proxy: %w", err)
	}
	certificate, err := certutil.NewSelfSignedCACert(certutil.Config{CommonName: "evenkeel-front-proxy-ca"}, key)
	if err != nil {
		return fmt.Errorf("authority for a front proxy: %w", err)
	}
	content, err := certutil.EncodeCertificates(certificate)
	if err != nil {
		return fmt.Errorf("authority for a front proxy: %w", err)
	}
	if err := os.WriteFile(filepath.Join(run.pki(), frontProxyCAFile), content, 0o600); err != nil {
		return fmt.Errorf("authority for a front proxy: %w", err)
	}
	return nil
}
