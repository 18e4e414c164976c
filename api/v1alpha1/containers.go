// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// DefaultSkipContainers are the names that well-known injectors and charts give
// to sidecars that run no Java service.
var DefaultSkipContainers = []string{
	"istio-proxy",      // Istio
	"linkerd-proxy",    // Linkerd
	"envoy",            // Envoy, Consul, Gloo and App Mesh
	"envoy-sidecar",    // Consul API gateways and hand-made charts
	"consul-dataplane", // Consul
	"kuma-sidecar",     // Kuma
	"daprd",            // Dapr
	"vault-agent",      // Vault
	"cloud-sql-proxy",  // Google Cloud SQL
	"oauth2-proxy",     // OAuth2 Proxy
	"kube-rbac-proxy",  // kubebuilder's projects
	"nginx",            // a reverse proxy before the service
	"fluent-bit",       // log shippers
	"fluentd",          //
	"filebeat",         //
	"promtail",         //
	"vector",           //
	"otc-container",    // OpenTelemetry collector, as its operator names it
	"otel-collector",   // the same, in hand-made charts
	"jaeger-agent",     // Jaeger
	"datadog-agent",    // Datadog
	"config-reloader",  // Prometheus operator
}

// ContainerSelection says which containers of a pod a feature looks at. Only
// containers of the application count: init containers, native sidecars among
// them, are left alone.
type ContainerSelection struct {
	// SkipContainers are names of containers to leave alone. An annotation of the
	// feature that names a container overrides it. An empty list skips none.
	// Default: DefaultSkipContainers.
	SkipContainers []string `json:"skipContainers,omitempty"`
}

// Skips reports whether a container of that name is left alone.
func (s *ContainerSelection) Skips(container string) bool {
	return slices.Contains(s.SkipContainers, container)
}

func (s *ContainerSelection) setDefaults() {
	if s.SkipContainers == nil {
		s.SkipContainers = slices.Clone(DefaultSkipContainers)
	}
}

func (s *ContainerSelection) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, name := range s.SkipContainers {
		for _, msg := range validation.IsDNS1123Label(name) {
			errs = append(errs, field.Invalid(path.Child("skipContainers").Index(i), name, msg))
		}
	}
	return errs
}
