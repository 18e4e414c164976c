// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	admissionregistrationv1client "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
)

// configuration is the MutatingWebhookConfiguration that calls this server.
type configuration struct {
	client admissionregistrationv1client.MutatingWebhookConfigurationsGetter
	name   string
}

func (c *configuration) get(ctx context.Context) (*admissionregistrationv1.MutatingWebhookConfiguration, error) {
	cfg, err := c.client.MutatingWebhookConfigurations().Get(ctx, c.name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the webhook configuration: %w", err)
	}
	if len(cfg.Webhooks) == 0 {
		return nil, fmt.Errorf("the MutatingWebhookConfiguration %s has no webhooks", c.name)
	}
	return cfg, nil
}

// publish writes the bundle into every webhook that has another one.
func (c *configuration) publish(ctx context.Context, cfg *admissionregistrationv1.MutatingWebhookConfiguration, bundle []byte) error {
	type clientConfig struct {
		CABundle []byte `json:"caBundle"`
	}
	type webhook struct {
		Name         string       `json:"name"`
		ClientConfig clientConfig `json:"clientConfig"`
	}
	var patch struct {
		Webhooks []webhook `json:"webhooks"`
	}
	for _, w := range cfg.Webhooks {
		if !bytes.Equal(w.ClientConfig.CABundle, bundle) {
			patch.Webhooks = append(patch.Webhooks, webhook{Name: w.Name, ClientConfig: clientConfig{CABundle: bundle}})
		}
	}
	if len(patch.Webhooks) == 0 {
		return nil
	}
	content, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("encoding the caBundle: %w", err)
	}
	// A strategic merge finds the webhooks by name, so nothing else of them is
	// written and none is lost that was added in between.
	_, err = c.client.MutatingWebhookConfigurations().Patch(ctx, c.name, types.StrategicMergePatchType, content, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("writing the caBundle into the webhook configuration: %w", err)
	}
	return nil
}

// namesOf returns the names under which the API server will call, in a stable
// order.
func namesOf(cfg *admissionregistrationv1.MutatingWebhookConfiguration) (Names, error) {
	var n Names
	for _, w := range cfg.Webhooks {
		if s := w.ClientConfig.Service; s != nil {
			// The API server asks for the first; the others help a person with curl.
			base := s.Name + "." + s.Namespace
			n.DNS = append(n.DNS, base+".svc", base, s.Name)
		}
		if w.ClientConfig.URL == nil {
			continue
		}
		u, err := url.Parse(*w.ClientConfig.URL)
		if err != nil || u.Hostname() == "" {
			return Names{}, fmt.Errorf("the MutatingWebhookConfiguration %s: webhook %s: its url has no host", cfg.Name, w.Name)
		}
		if ip := net.ParseIP(u.Hostname()); ip != nil {
			n.IPs = append(n.IPs, ip)
		} else {
			n.DNS = append(n.DNS, u.Hostname())
		}
	}
	n.DNS = unique(n.DNS)
	n.IPs = slices.CompactFunc(n.IPs, net.IP.Equal)
	return n, nil
}

// unique drops repetitions and keeps the order.
func unique(in []string) []string {
	var out []string
	for _, s := range in {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
