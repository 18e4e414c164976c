// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// Keys of the Secret.
const (
	caCertKey       = "ca.crt"
	caKeyKey        = "ca.key"
	nextCertKey     = "next.crt"
	nextKeyKey      = "next.key"
	previousCertKey = "previous.crt"
)

// secretStore keeps an Authority in a Secret.
type secretStore struct {
	client          corev1client.SecretsGetter
	namespace, name string
}

// load returns the authority, made anew if there is none, after the step of its
// replacement that is due. Of several replicas that take a step at once, one
// wins and the others take over what it wrote.
func (s *secretStore) load(ctx context.Context, now time.Time) (*Authority, error) {
	secrets := s.client.Secrets(s.namespace)
	for range 5 {
		secret, err := secrets.Get(ctx, s.name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			authority, err := NewAuthority(now)
			if err != nil {
				return nil, err
			}
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: s.name, Namespace: s.namespace}, Data: authority.data()}
			_, err = secrets.Create(ctx, secret, metav1.CreateOptions{})
			if apierrors.IsAlreadyExists(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("keeping the certificate authority in Secret %s/%s: %w", s.namespace, s.name, err)
			}
			return authority, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the certificate authority: %w", err)
		}
		authority, err := parseAuthority(secret.Data)
		if err != nil {
			return nil, fmt.Errorf("secret %s/%s: %w; delete it and a new one is made", s.namespace, s.name, err)
		}
		changed, err := authority.Advance(now)
		if err != nil || !changed {
			return authority, err
		}
		secret = secret.DeepCopy()
		secret.Data = authority.data()
		_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{})
		if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("replacing the certificate authority in Secret %s/%s: %w", s.namespace, s.name, err)
		}
		return authority, nil
	}
	return nil, fmt.Errorf("secret %s/%s: changed by others again and again", s.namespace, s.name)
}

// data is the authority as a Secret holds it.
func (a *Authority) data() map[string][]byte {
	out := map[string][]byte{caCertKey: encodeCert(a.current.cert), caKeyKey: encodeKey(a.current.key)}
	if a.next != nil {
		out[nextCertKey], out[nextKeyKey] = encodeCert(a.next.cert), encodeKey(a.next.key)
	}
	if a.previous != nil {
		out[previousCertKey] = encodeCert(a.previous)
	}
	return out
}

// parseAuthority reads what data wrote.
func parseAuthority(data map[string][]byte) (*Authority, error) {
	a := &Authority{}
	var err error
	if a.current, err = parsePair(data, caCertKey, caKeyKey); err != nil {
		return nil, err
	}
	if len(data[nextCertKey]) > 0 {
		next, err := parsePair(data, nextCertKey, nextKeyKey)
		if err != nil {
			return nil, err
		}
		a.next = &next
	}
	if len(data[previousCertKey]) > 0 {
		if a.previous, err = parseCert(data, previousCertKey); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func parsePair(data map[string][]byte, certKey, keyKey string) (pair, error) {
	cert, err := parseCert(data, certKey)
	if err != nil {
		return pair{}, err
	}
	block, _ := pem.Decode(data[keyKey])
	if block == nil {
		return pair{}, fmt.Errorf("%s holds no PEM block", keyKey)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return pair{}, fmt.Errorf("%s holds no EC private key", keyKey)
	}
	if public, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(key.Public()) {
		return pair{}, fmt.Errorf("%s is not the key of %s", keyKey, certKey)
	}
	return pair{cert: cert, key: key}, nil
}

func parseCert(data map[string][]byte, name string) (*x509.Certificate, error) {
	block, _ := pem.Decode(data[name])
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", name)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s holds no certificate", name)
	}
	if !cert.IsCA {
		return nil, fmt.Errorf("%s is not a certificate authority", name)
	}
	return cert, nil
}

func encodeKey(key *ecdsa.PrivateKey) []byte {
	// Keys of the standard curves cannot fail to marshal.
	der, _ := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}
