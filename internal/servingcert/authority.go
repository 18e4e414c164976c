// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// How long what lives. The authority's successor is published when two thirds of
// its life are over; a leaf is renewed at two thirds of its own.
const (
	authorityLife = 365 * 24 * time.Hour
	leafLife      = 24 * time.Hour
	// publishBefore is how long a successor is trusted before it signs. API servers
	// see a change of the webhook configuration within seconds.
	publishBefore = time.Hour
	// backdate allows for clocks that differ.
	backdate = 5 * time.Minute
)

// pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Authority is the certificate authority of a webhook: the pair that signs,
// and those that are trusted because they will sign or have signed.
type Authority struct {
	current  pair
	next     *pair
	previous *x509.Certificate
}

// NewAuthority makes an authority.
func NewAuthority(now time.Time) (*Authority, error) {
	p, err := newPair(now)
	if err != nil {
		return nil, err
	}
	return &Authority{current: p}, nil
}

// Advance takes the step of the replacement that is due, if any, and reports
// whether it changed the authority.
func (a *Authority) Advance(now time.Time) (bool, error) {
	changed := false
	if a.previous != nil && now.After(a.previous.NotAfter) {
		a.previous, changed = nil, true
	}
	switch {
	case !now.Before(a.current.cert.NotAfter) && a.next == nil:
		// Nobody was there to replace it in time: nothing is left to overlap with.
		p, err := newPair(now)
		if err != nil {
			return false, err
		}
		a.current, changed = p, true
	case a.next != nil && !now.Before(a.next.cert.NotBefore.Add(backdate+publishBefore)):
		a.previous, a.current, a.next, changed = a.current.cert, *a.next, nil, true
	case a.next == nil && now.After(twoThirds(a.current.cert)):
		p, err := newPair(now)
		if err != nil {
			return false, err
		}
		a.next, changed = &p, true
	}
	return changed, nil
}

// Bundle returns the certificates to trust, as PEM.
func (a *Authority) Bundle() []byte {
	out := encodeCert(a.current.cert)
	if a.next != nil {
		out = append(out, encodeCert(a.next.cert)...)
	}
	if a.previous != nil {
		out = append(out, encodeCert(a.previous)...)
	}
	return out
}

// Issue signs a serving certificate for these names.
func (a *Authority) Issue(now time.Time, names Names) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	end := now.Add(leafLife)
	if end.After(a.current.cert.NotAfter) {
		end = a.current.cert.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: names.first()},
		NotBefore:    now.Add(-backdate),
		NotAfter:     end,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     names.DNS,
		IPAddresses:  names.IPs,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.current.cert, key.Public(), a.current.key)
	if err != nil {
		return nil, fmt.Errorf("signing the serving certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the serving certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// signed reports whether the authority's signing key has signed the leaf.
func (a *Authority) signed(leaf *x509.Certificate) bool {
	return bytes.Equal(leaf.AuthorityKeyId, a.current.cert.SubjectKeyId) && leaf.CheckSignatureFrom(a.current.cert) == nil
}

// Names are the names under which a server is called.
type Names struct {
	DNS []string
	IPs []net.IP
}

func (n Names) first() string {
	if len(n.DNS) > 0 {
		return n.DNS[0]
	}
	if len(n.IPs) > 0 {
		return n.IPs[0].String()
	}
	return ""
}

// covers reports whether the certificate is good for all the names.
func (n Names) covers(leaf *x509.Certificate) bool {
	for _, name := range n.DNS {
		if leaf.VerifyHostname(name) != nil {
			return false
		}
	}
	for _, ip := range n.IPs {
		if leaf.VerifyHostname(ip.String()) != nil {
			return false
		}
	}
	return true
}

func newPair(now time.Time) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("making the authority's key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return pair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		// The serial number makes the name unique: where two authorities of one name are
		// trusted, some clients try only one.
		Subject:               pkix.Name{CommonName: "evenkeel-webhook-ca-" + serial.Text(36)},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return pair{}, fmt.Errorf("signing the authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, fmt.Errorf("reading the authority: %w", err)
	}
	return pair{cert: cert, key: key}, nil
}

func newSerial() (*big.Int, error) {
	// 127 bits: RFC 5280 allows 20 octets and wants at least 64 random bits.
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	return serial, nil
}

// twoThirds returns when two thirds of a certificate's life are over.
func twoThirds(c *x509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 3 * 2)
}

func encodeCert(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
