// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Outcomes of a request, as they are counted and written into the audit log.
const (
	outcomePatched   = "patched"
	outcomeUnchanged = "unchanged"
	outcomeIgnored   = "ignored"
	outcomeDenied    = "denied"
	outcomeFailed    = "failed"
	outcomeAdvised   = "advised"
)

// Reasons that only the handler gives.
const (
	// codeNotACreation: the request is not the creation of a pod, so the rules of
	// the webhook configuration are wider than they need be.
	codeNotACreation mutate.Code = "NotACreation"
	// codeUndecodable: what the API server sent is not a pod as our types know it.
	codeUndecodable mutate.Code = "Undecodable"
	// codeNamespaceUnknown: the labels of the pod's namespace are not known.
	codeNamespaceUnknown mutate.Code = "NamespaceUnknown"
)

// answer is what is decided about one request.
type answer struct {
	// settings that decide, whatever is put into force meanwhile.
	settings *Settings

	outcome  string
	code     mutate.Code
	denied   string
	warnings []string
	patch    []byte
	features []mutate.FeatureOutcome
}

// ignore leaves the pod as it is.
func (a *answer) ignore(code mutate.Code) {
	*a = answer{settings: a.settings, outcome: outcomeIgnored, code: code}
}

// done takes over what the chain did to the pod whose JSON is raw. code may hold
// something that the user should be told of the selection.
func (a *answer) done(raw []byte, o *mutate.Outcomes, code mutate.Code) {
	a.features, a.warnings = o.Features, o.Warnings()
	if code != "" {
		a.warnings = append(a.warnings, "evenkeel: "+code.Sentence())
	}
	switch {
	case o.Denied != "":
		a.outcome, a.denied = outcomeDenied, o.Denied
	case len(o.Operations) == 0:
		a.outcome = outcomeUnchanged
	default:
		patch, err := encode(podspec.Join(o.Operations, raw))
		if err != nil {
			// Operations hold what was decoded from JSON or built of plain types.
			a.fail(mutate.CodeInternal, errors.New(mutate.CodeInternal.Sentence()))
			return
		}
		a.outcome, a.patch = outcomePatched, patch
	}
}

// operation is a jsonpatch.Operation without its MarshalJSON, which encodes each
// operation twice. A value is never null in an Editor's operations.
type operation struct {
	Operation string `json:"op"`
	Path      string `json:"path"`
	Value     any    `json:"value,omitempty"`
}

// encode writes operations as a JSON Patch, without the escapes that are for
// JSON within HTML.
func encode(ops []jsonpatch.Operation) ([]byte, error) {
	plain := make([]operation, len(ops))
	for i, op := range ops {
		plain[i] = operation(op)
	}
	const usual = 8192
	out := bytes.NewBuffer(make([]byte, 0, usual))
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(plain)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// fail answers for a failure outside the mutators. It counts as an error of
// every feature, so each has its declared outcome: one that is enforced and says
// Deny refuses the pod. Exceptions by namespace are not considered, because the
// labels are not known or not to be trusted at that point.
func (a *answer) fail(code mutate.Code, err error) {
	a.features, a.patch, a.warnings = nil, nil, nil
	a.outcome, a.code = outcomeFailed, code
	var denying, missing []string
	for _, l := range a.settings.Chain.Links {
		name := l.Mutator.Name()
		switch {
		case l.Policy.Mode != v1alpha1.ModeEnforce:
			continue
		case l.Policy.OnError == v1alpha1.OnErrorDeny:
			denying = append(denying, name)
		}
		missing = append(missing, name)
		a.features = append(a.features, mutate.FeatureOutcome{Name: name, Err: err,
			Report: &mutate.Report{Pod: mutate.Result{Outcome: mutate.Failed, Code: code}}})
	}
	switch {
	case len(denying) > 0:
		a.outcome = outcomeDenied
		a.denied = strings.Join(denying, ", ") + ": " + err.Error() + "; try again, or ask the platform team if it persists"
	case len(missing) > 0:
		a.warnings = []string{"evenkeel: admitted without " + strings.Join(missing, ", ") + ": " + err.Error()}
	}
}

// response is the answer in the terms of the API server.
func (a *answer) response() admission.Response {
	r := admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		Allowed:          a.denied == "",
		Result:           &metav1.Status{Code: http.StatusOK},
		Warnings:         a.warnings,
		AuditAnnotations: a.auditAnnotations(),
	}}
	if a.denied != "" {
		r.Result = &metav1.Status{Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: "evenkeel " + a.denied}
		// The refusal says it all.
		r.Warnings = nil
	}
	if len(a.patch) > 0 {
		// Encoded here and not by controller-runtime, which would refuse the pod if
		// that failed.
		jsonPatch := admissionv1.PatchTypeJSONPatch
		r.Patch, r.PatchType = a.patch, &jsonPatch
	}
	return r
}

// auditAnnotations says what was decided, for the audit log. The values are of
// fixed sets, save the hash; the API server puts the webhook's name before the
// keys.
func (a *answer) auditAnnotations() map[string]string {
	out := map[string]string{"outcome": withCode(a.outcome, a.code)}
	if a.outcome == outcomeIgnored {
		return out
	}
	out["config"] = a.settings.Chain.ConfigHash
	for _, f := range a.features {
		out[f.Name] = withCode(string(f.Report.Pod.Outcome), f.Report.Pod.Code)
	}
	return out
}

func withCode(outcome string, code mutate.Code) string {
	if code == "" {
		return outcome
	}
	return outcome + "/" + string(code)
}
