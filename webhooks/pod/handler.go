// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package pod

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Path is where the handler is served.
const Path = "/mutate-v1-pod"

// Handler answers admission requests for pods. It is safe for concurrent use.
type Handler struct {
	namespaces Namespaces
	metrics    *Metrics
	settings   atomic.Pointer[Settings]
	server     atomic.Pointer[version.Version]
}

var _ admission.Handler = &Handler{}

// Settings is what a configuration file comes to. Nothing in it changes once it
// is given to a Handler.
type Settings struct {
	// Chain of the mutators with their policies.
	Chain *mutate.Chain
	// Excluded namespaces, the webhook's own among them, besides the system ones.
	Excluded []string
}

// NewHandler returns a Handler that looks namespaces up in namespaces and counts
// in metrics.
func NewHandler(namespaces Namespaces, metrics *Metrics, settings Settings) *Handler {
	h := &Handler{namespaces: namespaces, metrics: metrics}
	h.SetSettings(settings)
	return h
}

// SetSettings replaces the settings for the requests that come from now on.
func (h *Handler) SetSettings(s Settings) { h.settings.Store(&s) }

// SetServerVersion tells the version of the API server, for the mutators that
// need a feature of it.
func (h *Handler) SetServerVersion(v *version.Version) { h.server.Store(v) }

// Handle implements admission.Handler.
func (h *Handler) Handle(ctx context.Context, req admission.Request) (resp admission.Response) {
	started := time.Now()
	a := &answer{settings: h.settings.Load()}
	defer func() {
		if p := recover(); p != nil {
			klog.FromContext(ctx).Error(fmt.Errorf("panic: %v", p), "Recovered from a panic in the admission handler",
				"namespace", req.Namespace, "stack", string(debug.Stack()))
			a.fail(mutate.CodeInternal, errors.New(mutate.CodeInternal.Sentence()))
			if isResize(&req.AdmissionRequest) {
				a.ignore(mutate.CodeInternal)
			}
		}
		resp = a.response()
		h.metrics.observe(a, time.Since(started))
	}()
	h.answer(ctx, &req.AdmissionRequest, a)
	return resp
}

// answer decides about one request.
func (h *Handler) answer(ctx context.Context, req *admissionv1.AdmissionRequest, a *answer) {
	if isResize(req) {
		h.advise(ctx, req, a)
		return
	}
	if req.Operation != admissionv1.Create || req.Resource.Group != "" || req.Resource.Resource != "pods" || req.SubResource != "" {
		a.ignore(codeNotACreation)
		return
	}
	logger := klog.FromContext(ctx)
	pod := &corev1.Pod{}
	if err := json.Unmarshal(req.Object.Raw, pod); err != nil {
		logger.Error(err, "The pod of a request cannot be decoded", "namespace", req.Namespace, "name", req.Name)
		a.fail(codeUndecodable, errors.New("the pod cannot be decoded"))
		return
	}
	if may, code := mutate.MaySelect(a.settings.Excluded, req.Namespace, pod); !may {
		a.ignore(code)
		return
	}
	labels, err := h.namespaces.Labels(ctx, req.Namespace)
	if err != nil {
		logger.Error(err, "The labels of a pod's namespace are not known", "namespace", req.Namespace)
		a.fail(codeNamespaceUnknown, err)
		return
	}
	selected, code := mutate.Selected(a.settings.Excluded, req.Namespace, labels, pod)
	if !selected {
		a.ignore(code)
		return
	}
	outcomes := a.settings.Chain.Run(mutate.Request{
		Namespace:       req.Namespace,
		NamespaceLabels: labels,
		Workload:        mutate.WorkloadOf(pod),
		ServerVersion:   h.server.Load(),
	}, pod)
	a.done(req.Object.Raw, outcomes, code)
	logOutcomes(logger, req, outcomes)
}

// logOutcomes writes one line per pod, and one for each failed feature.
func logOutcomes(logger klog.Logger, req *admissionv1.AdmissionRequest, o *mutate.Outcomes) {
	name := o.Pod.Name
	if name == "" {
		name = o.Pod.GenerateName
	}
	pod := klog.KRef(req.Namespace, name)
	for _, f := range o.Features {
		switch {
		case f.Err == nil:
		case f.Report.Pod.Code == mutate.CodeInternal:
			logger.Error(f.Err, "A feature failed by a fault of its own", "pod", pod, "feature", f.Name, "stack", string(f.Stack))
		default:
			logger.V(2).Info("A feature could not do what the pod asks for", "pod", pod, "feature", f.Name, "err", f.Err)
		}
	}
	logger.V(4).Info("Answered for a pod", "pod", pod, "operations", len(o.Operations), "denied", o.Denied != "")
}
