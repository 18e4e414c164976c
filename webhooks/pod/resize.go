// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"context"
	"encoding/json"
	"errors"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// isResize reports whether a request changes the resources of a pod that runs.
func isResize(req *admissionv1.AdmissionRequest) bool {
	return req.Operation == admissionv1.Update && req.Resource.Group == "" && req.Resource.Resource == "pods" && req.SubResource == "resize"
}

// advise answers a resize: it warns, and never refuses or changes anything.
func (h *Handler) advise(ctx context.Context, req *admissionv1.AdmissionRequest, a *answer) {
	logger := klog.FromContext(ctx)
	before, after := &corev1.Pod{}, &corev1.Pod{}
	if err := errors.Join(json.Unmarshal(req.OldObject.Raw, before), json.Unmarshal(req.Object.Raw, after)); err != nil {
		logger.Error(err, "The pod of a resize cannot be decoded", "namespace", req.Namespace, "name", req.Name)
		a.ignore(codeUndecodable)
		return
	}
	labels, err := h.namespaces.Labels(ctx, req.Namespace)
	if err != nil {
		logger.Error(err, "The labels of a pod's namespace are not known", "namespace", req.Namespace)
		a.ignore(codeNamespaceUnknown)
		return
	}
	a.outcome = outcomeUnchanged
	a.warnings = a.settings.Chain.ResizeWarnings(mutate.Request{
		Namespace:       req.Namespace,
		NamespaceLabels: labels,
		Workload:        mutate.WorkloadOf(after),
		ServerVersion:   h.server.Load(),
	}, before, after)
	if len(a.warnings) > 0 {
		a.outcome = outcomeAdvised
	}
}
