// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Options are the flags.
type Options struct {
	// Config is the file with the AdmissionConfiguration.
	Config string
	// Kubeconfig is the file that tells the API server; empty in a cluster.
	Kubeconfig string
	// OwnNamespace is where the webhook runs: its pods are never touched, and the
	// Secret of the certificate authority is kept there.
	OwnNamespace string
	// BindAddress is where admission reviews are served, as host:port.
	BindAddress string
	// HealthProbeBindAddress serves /healthz and /readyz; "0" for nowhere.
	HealthProbeBindAddress string
	// MetricsBindAddress serves /metrics; "0" for nowhere.
	MetricsBindAddress string
	// TLSCertFile and TLSPrivateKeyFile hold the serving certificate; both empty for
	// one that is self-made.
	TLSCertFile, TLSPrivateKeyFile string
	// WebhookConfiguration and CASecret are for the self-made certificate.
	WebhookConfiguration, CASecret string
	// ShutdownDelay is how long requests are still answered after the signal to
	// stop, while the process already says that it is not ready.
	ShutdownDelay time.Duration

	host string
	port int
}

func (o *Options) addFlags(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.StringVar(&o.Config, "config", "", "file with the AdmissionConfiguration (required); a change of it is picked up")
	fs.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig file; not needed in a cluster")
	fs.StringVar(&o.OwnNamespace, "own-namespace", "", "namespace that the webhook runs in, whose pods it never touches (default: the environment variable POD_NAMESPACE)")
	fs.StringVar(&o.BindAddress, "bind-address", ":9443", "host:port that serves admission reviews")
	fs.StringVar(&o.HealthProbeBindAddress, "health-probe-bind-address", ":8081", "host:port that serves /healthz and /readyz; 0 for none")
	fs.StringVar(&o.MetricsBindAddress, "metrics-bind-address", ":8080", "host:port that serves /metrics; 0 for none")
	fs.StringVar(&o.TLSCertFile, "tls-cert-file", "", "serving certificate in PEM, reread when it changes; without it, one is made")
	fs.StringVar(&o.TLSPrivateKeyFile, "tls-private-key-file", "", "key of --tls-cert-file")
	fs.StringVar(&o.WebhookConfiguration, "webhook-configuration", "webhook.evenkeel.io",
		"MutatingWebhookConfiguration whose caBundle is kept in line with the self-made certificate")
	fs.StringVar(&o.CASecret, "ca-secret", "evenkeel-webhook-ca", "Secret in the own namespace that keeps the authority of the self-made certificate")
	fs.DurationVar(&o.ShutdownDelay, "shutdown-delay", 5*time.Second,
		"how long to go on answering after SIGTERM, until no API server sends requests any more")
}

// complete fills in what the environment tells and checks the values.
func (o *Options) complete(getenv func(string) string) error {
	if o.OwnNamespace == "" {
		o.OwnNamespace = getenv("POD_NAMESPACE")
	}
	if o.Config == "" {
		return errors.New("--config is missing: name the file with the AdmissionConfiguration")
	}
	if o.OwnNamespace == "" {
		return errors.New("--own-namespace is missing, and POD_NAMESPACE is not set: say in which namespace the webhook runs")
	}
	if msgs := validation.IsDNS1123Label(o.OwnNamespace); len(msgs) > 0 {
		return fmt.Errorf("--own-namespace %q is no name of a namespace: %s", o.OwnNamespace, strings.Join(msgs, "; "))
	}
	if (o.TLSCertFile == "") != (o.TLSPrivateKeyFile == "") {
		return errors.New("--tls-cert-file and --tls-private-key-file belong together: give both, or neither for a self-made certificate")
	}
	if o.selfMade() {
		for flag, name := range map[string]string{"--webhook-configuration": o.WebhookConfiguration, "--ca-secret": o.CASecret} {
			if msgs := validation.IsDNS1123Subdomain(name); len(msgs) > 0 {
				return fmt.Errorf("%s %q is no name of an object: %s", flag, name, strings.Join(msgs, "; "))
			}
		}
	}
	if o.ShutdownDelay < 0 {
		return fmt.Errorf("--shutdown-delay %v is negative", o.ShutdownDelay)
	}
	for flag, address := range map[string]string{
		"--health-probe-bind-address": o.HealthProbeBindAddress, "--metrics-bind-address": o.MetricsBindAddress} {
		if address == "0" {
			continue
		}
		if _, _, err := splitAddress(address); err != nil {
			return fmt.Errorf("%s %q: %w", flag, address, err)
		}
	}
	var err error
	if o.host, o.port, err = splitAddress(o.BindAddress); err != nil {
		return fmt.Errorf("--bind-address %q: %w", o.BindAddress, err)
	}
	return nil
}

// selfMade reports whether the webhook makes its certificate itself.
func (o *Options) selfMade() bool { return o.TLSCertFile == "" }

func splitAddress(address string) (string, int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, errors.New("must be host:port, such as :9443 or 127.0.0.1:9443")
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, errors.New("the port must be between 1 and 65535")
	}
	return host, port, nil
}
