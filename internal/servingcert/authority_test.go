// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"
)

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	names = Names{DNS: []string{"evenkeel-webhook.evenkeel-system.svc"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}}
)

func TestAuthorityIssuesCertificatesThatVerify(t *testing.T) {
	a := newTestAuthority(t, start)
	leaf := issue(t, a, start)
	for _, host := range []string{"evenkeel-webhook.evenkeel-system.svc", "127.0.0.1"} {
		if err := verify(leaf, a.Bundle(), host, start); err != nil {
			t.Errorf("calling %s: %v", host, err)
		}
	}
	if err := verify(leaf, a.Bundle(), "other.evenkeel-system.svc", start); err == nil {
		t.Error("the certificate is good for a name that it was not made for")
	}
	if err := verify(leaf, a.Bundle(), "127.0.0.1", start.Add(leafLife+time.Minute)); err == nil {
		t.Error("the certificate is good after its end")
	}
	if err := verify(leaf, newTestAuthority(t, start).Bundle(), "127.0.0.1", start); err == nil {
		t.Error("the certificate is good for another authority")
	}
	if !a.signed(leaf.Leaf) || newTestAuthority(t, start).signed(leaf.Leaf) {
		t.Error("the authority does not know its own certificates from others'")
	}
}

// At every moment of a replacement, whichever state a replica and an API server
// have seen last, the certificate verifies.
func TestAuthorityReplacementOverlaps(t *testing.T) {
	a := newTestAuthority(t, start)
	seenBundle, lastLeaf := a.Bundle(), issue(t, a, start)
	var steps []string
	for now := start; now.Before(start.Add(2 * authorityLife)); now = now.Add(4 * time.Hour) {
		changed, err := a.Advance(now)
		if err != nil {
			t.Fatalf("%v: Advance: %v", now, err)
		}
		if a, err = parseAuthority(a.data()); err != nil {
			t.Fatalf("%v: what the Secret holds cannot be read: %v", now, err)
		}
		if changed {
			steps = append(steps, step(a))
		}
		leaf := lastLeaf
		if changed || !now.Before(twoThirds(lastLeaf.Leaf)) {
			leaf = issue(t, a, now)
		}
		for what, pair := range map[string]struct {
			leaf   *tls.Certificate
			bundle []byte
		}{
			"the new certificate under the new bundle":     {leaf, a.Bundle()},
			"the new certificate under the bundle before":  {leaf, seenBundle},
			"the certificate before, under the new bundle": {lastLeaf, a.Bundle()},
		} {
			if err := verify(pair.leaf, pair.bundle, "127.0.0.1", now); err != nil {
				t.Fatalf("%v after the start: %s: %v", now.Sub(start), what, err)
			}
		}
		seenBundle, lastLeaf = a.Bundle(), leaf
	}
	want := []string{"published", "promoted", "retired", "published", "promoted", "retired"}
	if len(steps) < 5 || steps[0] != want[0] || steps[1] != want[1] || steps[2] != want[2] || steps[3] != want[3] {
		t.Errorf("steps %v, want them to go %v", steps, want)
	}
}

// step names the state of an authority after a step.
func step(a *Authority) string {
	switch {
	case a.next != nil:
		return "published"
	case a.previous != nil:
		return "promoted"
	}
	return "retired"
}

func TestAuthorityReplacesItselfWhenExpired(t *testing.T) {
	a := newTestAuthority(t, start)
	later := start.Add(authorityLife + time.Hour)
	if changed, err := a.Advance(later); err != nil || !changed {
		t.Fatalf("Advance = %v, %v; want a change", changed, err)
	}
	if err := verify(issue(t, a, later), a.Bundle(), "127.0.0.1", later); err != nil {
		t.Error(err)
	}
}

func TestParseAuthorityRefusesDamage(t *testing.T) {
	good := newTestAuthority(t, start).data()
	other := newTestAuthority(t, start).data()
	leaf := issue(t, newTestAuthority(t, start), start).Leaf
	tests := map[string]struct {
		key   string
		value []byte
		want  string
	}{
		"no certificate":       {key: caCertKey, want: "ca.crt holds no PEM block"},
		"no key":               {key: caKeyKey, want: "ca.key holds no PEM block"},
		"text":                 {key: caCertKey, value: []byte("hello"), want: "ca.crt holds no PEM block"},
		"a key for a cert":     {key: caCertKey, value: good[caKeyKey], want: "ca.crt holds no certificate"},
		"a cert for a key":     {key: caKeyKey, value: good[caCertKey], want: "ca.key holds no EC private key"},
		"another's key":        {key: caKeyKey, value: other[caKeyKey], want: "ca.key is not the key of ca.crt"},
		"a leaf":               {key: caCertKey, value: encodeCert(leaf), want: "ca.crt is not a certificate authority"},
		"successor, no key":    {key: nextCertKey, value: other[caCertKey], want: "next.key holds no PEM block"},
		"damaged predecessor":  {key: previousCertKey, value: []byte("x"), want: "previous.crt holds no PEM block"},
		"PEM around something": {key: caCertKey, value: []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), want: "ca.crt holds no certificate"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			data := map[string][]byte{}
			for k, v := range good {
				data[k] = v
			}
			data[tc.key] = tc.value
			if _, err := parseAuthority(data); err == nil || err.Error() != tc.want {
				t.Errorf("error %v, want %s", err, tc.want)
			}
		})
	}
}

func newTestAuthority(t *testing.T, now time.Time) *Authority {
	t.Helper()
	a, err := NewAuthority(now)
	if err != nil {
		t.Fatalf("NewAuthority: %v", err)
	}
	return a
}

func issue(t *testing.T, a *Authority, now time.Time) *tls.Certificate {
	t.Helper()
	leaf, err := a.Issue(now, names)
	if err != nil {
		t.Fatalf("Issue: %v", err)
	}
	return leaf
}

// verify checks a certificate as a client does that trusts the bundle.
func verify(cert *tls.Certificate, bundle []byte, host string, now time.Time) error {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(bundle)
	_, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: host, CurrentTime: now})
	return err
}
