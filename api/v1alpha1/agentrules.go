// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// DefaultSkipImages are patterns of the images of well-known sidecars that run no
// Java service, under whatever name, from whatever registry.
var DefaultSkipImages = []string{
	"istio/proxyv2",                          // Istio
	"linkerd/proxy",                          // Linkerd
	"envoyproxy/envoy(-.+)?",                 // Envoy
	"hashicorp/(consul-dataplane|vault.*)",   // Consul, Vault
	"kuma-dp",                                // Kuma
	"daprd",                                  // Dapr
	"(cloud-sql-proxy|gce-proxy)",            // Google Cloud SQL
	"(oauth2-proxy|kube-rbac-proxy)",         // proxies that authenticate
	"nginx(-unprivileged)?",                  // a reverse proxy before the service
	"(fluent-bit|fluentd|filebeat)",          // log shippers
	"(grafana/promtail|timberio/vector)",     //
	"opentelemetry-collector(-.+)?",          // OpenTelemetry collectors
	"(jaeger-agent|datadog/agent)",           // Jaeger, Datadog
	"(prometheus|configmap)-config-reloader", // Prometheus operator
}

// AgentMatch picks containers by name and by image. Where both are given, both
// must fit; where neither is, every container does.
//
// Patterns are regular expressions (RE2) that must fit as a whole. An image is
// taken without its tag and digest, and a pattern may fit it from any slash on:
// registry.example.com/shop/billing:3 is fitted by "shop/.+", by "billing" and by
// "registry[.]example[.]com/.+".
type AgentMatch struct {
	// Names are patterns, one of which must fit the container's name. Default: any.
	Names []string `json:"names,omitempty"`
	// Images are patterns, one of which must fit the container's image. Default: any.
	Images []string `json:"images,omitempty"`
}

func (m *AgentMatch) validate(p *field.Path) field.ErrorList {
	errs := validatePatterns(p.Child("names"), m.Names)
	return append(errs, validatePatterns(p.Child("images"), m.Images)...)
}

// JobPolicy says whether pods of Jobs and CronJobs get agents. One that lives for
// seconds may end before an agent has done anything for it.
type JobPolicy string

const (
	// JobsAlways treats them as other pods.
	JobsAlways JobPolicy = "Always"
	// JobsOnRequest gives them agents that an annotation asks for, and none by default.
	JobsOnRequest JobPolicy = "OnRequest"
	// JobsNever gives them none; one that asks gets a warning.
	JobsNever JobPolicy = "Never"
)

var jobPolicies = []JobPolicy{JobsAlways, JobsOnRequest, JobsNever}

// CopyFailure says what becomes of a pod whose init container cannot copy an
// agent. A failure to pull the agent's image is none of its business: no
// container can run without an image, and the pod waits, however the agent is
// delivered.
type CopyFailure string

const (
	// CopyFailureFail means that the init container fails. The pod waits, its status
	// says why, and the kubelet tries again as the pod's restartPolicy says.
	CopyFailureFail CopyFailure = "Fail"
	// CopyFailureStart means that the application starts without the agent. In the jar's
	// place the init container puts one that does nothing, because a JVM does not
	// start with an agent whose jar is missing; its log and termination message say
	// so. The agent's image must have sh, rm, mkdir and base64 besides cp, as
	// busybox has.
	CopyFailureStart CopyFailure = "Start"
)

var copyFailures = []CopyFailure{CopyFailureFail, CopyFailureStart}

// Verdict says what becomes of an agent that is not known to fit.
type Verdict string

const (
	// VerdictAllow injects it and says nothing.
	VerdictAllow Verdict = "Allow"
	// VerdictWarn injects it with a warning.
	VerdictWarn Verdict = "Warn"
	// VerdictSkip leaves it out with a warning.
	VerdictSkip Verdict = "Skip"
	// VerdictError makes it an error, like a wrong annotation: onError says whether
	// the pod is refused, or admitted without any agent.
	VerdictError Verdict = "Error"
)

// AgentJDK says which JDKs an agent works with. The JDK of an image cannot be
// seen in a pod: the annotation agent.evenkeel.io/jdk declares it, or jdkFromImage
// finds it in the image's tag.
type AgentJDK struct {
	// Min is the first major version that the agent works with, such as 8. Default:
	// no bound.
	Min *int32 `json:"min,omitempty"`
	// Max is the last. Default: no bound.
	Max *int32 `json:"max,omitempty"`
	// OnMismatch is Warn, Skip or Error, for a JDK that is outside. Default: Skip.
	OnMismatch Verdict `json:"onMismatch,omitempty"`
	// OnUnknown is Allow, Warn, Skip or Error, for a JDK that is not known. Default:
	// Allow.
	OnUnknown Verdict `json:"onUnknown,omitempty"`
	// Note is added to the warning about a JDK that is outside: what happens there,
	// in a few words. Default: empty.
	Note string `json:"note,omitempty"`
}

// maxNoteBytes leaves a note room in a warning.
const maxNoteBytes = 80

func (j *AgentJDK) validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if j.Min == nil && j.Max == nil {
		errs = append(errs, field.Required(p, "say min or max"))
	}
	if j.Min != nil {
		errs = append(errs, validateRange(p.Child("min"), *j.Min, 1, 99)...)
	}
	if j.Max != nil {
		errs = append(errs, validateRange(p.Child("max"), *j.Max, 1, 99)...)
	}
	if j.Min != nil && j.Max != nil && *j.Min > *j.Max {
		errs = append(errs, field.Invalid(p.Child("max"), *j.Max, "must not be less than min"))
	}
	errs = append(errs, validateOneOf(p.Child("onMismatch"), j.OnMismatch, []Verdict{VerdictWarn, VerdictSkip, VerdictError})...)
	errs = append(errs, validateOneOf(p.Child("onUnknown"), j.OnUnknown, []Verdict{VerdictAllow, VerdictWarn, VerdictSkip, VerdictError})...)
	if len(j.Note) > maxNoteBytes {
		errs = append(errs, field.TooLong(p.Child("note"), j.Note, maxNoteBytes))
	}
	return errs
}

// AgentConflict names agents that do not go together in one container, such as
// two that trace the same calls.
type AgentConflict struct {
	// Agents of the catalogue, two or more. Required.
	Agents []string `json:"agents"`
	// OnMeeting is Warn, Skip or Error, for a container that is to have two of them.
	// With Skip the one that comes first by its order stays, and one that the
	// container's own options start stays before all others. Default: Skip.
	OnMeeting Verdict `json:"onMeeting,omitempty"`
}

func (c *AgentConflict) validate(p *field.Path, f *AgentFeature) field.ErrorList {
	errs := f.validateNames(p.Child("agents"), c.Agents)
	if len(c.Agents) < 2 {
		errs = append(errs, field.Invalid(p.Child("agents"), c.Agents, "must name two agents or more"))
	}
	return append(errs, validateOneOf(p.Child("onMeeting"), c.OnMeeting, []Verdict{VerdictWarn, VerdictSkip, VerdictError})...)
}

// validatePatterns checks patterns that must fit as a whole.
func validatePatterns(p *field.Path, patterns []string) field.ErrorList {
	var errs field.ErrorList
	for i, pattern := range patterns {
		if _, err := CompilePattern(pattern); err != nil || pattern == "" {
			errs = append(errs, field.Invalid(p.Index(i), pattern, "must be a regular expression"+reasonOf(err)))
		}
	}
	return errs
}

// validateVersionPatterns checks patterns that find a version.
func validateVersionPatterns(p *field.Path, patterns []string) field.ErrorList {
	var errs field.ErrorList
	for i, pattern := range patterns {
		if re, err := regexp.Compile(pattern); err != nil || re.NumSubexp() != 1 {
			errs = append(errs, field.Invalid(p.Index(i), pattern,
				"must be a regular expression with one group in parentheses, which is the version"+reasonOf(err)))
		}
	}
	return errs
}

// reasonOf returns why a regular expression is none, in one clause.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return ": " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
}

// CompilePattern returns the regular expression of a pattern of an AgentMatch,
// which fits a text as a whole.
func CompilePattern(pattern string) (*regexp.Regexp, error) {
	// By itself first: unbalanced parentheses must not pair with ours.
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile("^(?:" + pattern + ")$")
}
