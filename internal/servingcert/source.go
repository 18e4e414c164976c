// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

// How often the Secret and the webhook configuration are read: while something
// is missing, and then. The latter bounds how long a bundle that somebody else
// overwrote stays wrong.
const (
	retryEvery = time.Second
	syncEvery  = 10 * time.Second
)

// Options say where the authority is kept and who must trust it.
type Options struct {
	// Client needs get, create and update on the Secret, and get and patch on the
	// webhook configuration.
	Client kubernetes.Interface
	// Namespace and Secret name the Secret.
	Namespace, Secret string
	// Configuration is the name of the MutatingWebhookConfiguration.
	Configuration string
	// Clock is the time; nil for the real one.
	Clock clock.Clock
}

// Source is a self-made serving certificate that renews itself. It is safe for
// concurrent use.
type Source struct {
	store         secretStore
	configuration configuration
	clock         clock.Clock

	mu        sync.RWMutex
	authority *Authority
	names     Names
	leaf      *tls.Certificate
	// trusted says that the leaf was seen to verify against the bundle in the
	// webhook configuration.
	trusted bool
	err     error
}

// New returns a Source. It has no certificate before Run.
func New(o Options) *Source {
	s := &Source{
		store:         secretStore{client: o.Client.CoreV1(), namespace: o.Namespace, name: o.Secret},
		configuration: configuration{client: o.Client.AdmissionregistrationV1(), name: o.Configuration},
		clock:         o.Clock,
		err:           errors.New("not read yet"),
	}
	if s.clock == nil {
		s.clock = clock.RealClock{}
	}
	return s
}

// Run keeps the certificate and the bundle right until the context ends.
func (s *Source) Run(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	var last string
	for {
		err := s.Sync(ctx)
		wait := syncEvery
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			last = ""
		case err.Error() != last:
			// Once per cause: the next try is seconds away.
			last = err.Error()
			logger.Error(err, "The serving certificate is not in order; trying again")
		}
		if s.Ready() != nil {
			wait = retryEvery
		}
		timer := s.clock.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C():
		}
	}
}

// Sync does once what Run does again and again.
func (s *Source) Sync(ctx context.Context) error {
	err := s.sync(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	return err
}

func (s *Source) sync(ctx context.Context) error {
	now := s.clock.Now()
	if err := s.read(ctx, now); err != nil {
		// The API server is not needed to renew a leaf.
		return errors.Join(err, s.renew(ctx, now))
	}
	return nil
}

// read brings authority, bundle and leaf in line with the API server. The bundle
// is published before the leaf is signed that needs it.
func (s *Source) read(ctx context.Context, now time.Time) error {
	cfg, err := s.configuration.get(ctx)
	if err != nil {
		return err
	}
	names, err := namesOf(cfg)
	if err != nil {
		return err
	}
	authority, err := s.store.load(ctx, now)
	if err != nil {
		return err
	}
	bundle := authority.Bundle()
	if err := s.configuration.publish(ctx, cfg, bundle); err != nil {
		return err
	}
	s.mu.Lock()
	s.authority, s.names = authority, names
	s.mu.Unlock()
	if err := s.renew(ctx, now); err != nil {
		return err
	}
	return s.verify(now, bundle)
}

// renew signs a new leaf if there is none, or one that is not good any more.
func (s *Source) renew(ctx context.Context, now time.Time) error {
	s.mu.RLock()
	authority, names, leaf := s.authority, s.names, s.leaf
	s.mu.RUnlock()
	if authority == nil {
		return nil
	}
	if leaf != nil && authority.signed(leaf.Leaf) && names.covers(leaf.Leaf) && now.Before(twoThirds(leaf.Leaf)) {
		return nil
	}
	leaf, err := authority.Issue(now, names)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.leaf = leaf
	s.mu.Unlock()
	klog.FromContext(ctx).Info("Signed a serving certificate", "dnsNames", names.DNS, "addresses", names.IPs, "notAfter", leaf.Leaf.NotAfter)
	return nil
}

// verify does what an API server will do with the leaf.
func (s *Source) verify(now time.Time, bundle []byte) error {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(bundle)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.leaf.Leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	s.trusted = err == nil
	if err != nil {
		return fmt.Errorf("the serving certificate does not verify against the published bundle: %w", err)
	}
	return nil
}

// GetCertificate returns the certificate, for tls.Config.
func (s *Source) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.leaf == nil {
		return nil, s.because("there is no serving certificate yet")
	}
	return s.leaf, nil
}

// Ready returns nil when API servers can trust the certificate. That the API
// server cannot be reached for a while does not make it unready.
func (s *Source) Ready() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.leaf == nil || !s.trusted:
		return s.because("the serving certificate is not trusted yet")
	case s.clock.Now().After(s.leaf.Leaf.NotAfter):
		return s.because("the serving certificate has expired")
	}
	return nil
}

// because completes what is wrong with the last cause, if there is one. The
// caller holds the lock.
func (s *Source) because(what string) error {
	if s.err == nil {
		return errors.New(what)
	}
	return fmt.Errorf("%s: %w", what, s.err)
}

// NotAfter returns when the certificate ends; zero when there is none.
func (s *Source) NotAfter() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.leaf == nil {
		return time.Time{}
	}
	return s.leaf.Leaf.NotAfter
}
