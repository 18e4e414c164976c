// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// stamp is a mutator whose result shows what it was told. It makes each kind of
// change that real ones make.
type stamp struct{}

const stampFailAnnotation = "stamp.test/fail"

func (stamp) Name() string { return "stamp" }

func (stamp) Paths() []string {
	return []string{"/spec/containers/*/env/*", "/spec/containers/*/env/*/value", "/spec/volumes/*",
		"/spec/initContainers/*", "/spec/automountServiceAccountToken"}
}

func (stamp) Mutate(req *mutate.Request, e *podspec.Editor) (*mutate.Report, error) {
	switch e.Pod().Annotations[stampFailAnnotation] {
	case "error":
		return nil, errors.New("annotation " + stampFailAnnotation + " says so; take it away")
	case "panic":
		panic("as the annotation says")
	}
	report := &mutate.Report{}
	value := fmt.Sprintf("%s %s/%s, %s", req.NamespaceLabels[corev1.LabelMetadataName], req.Workload.Kind, req.Workload.Name, req.ServerVersion)
	for _, c := range e.Pod().Spec.Containers {
		if c.Resources.Limits.Memory().IsZero() {
			report.SetContainer(c.Name, mutate.Result{Outcome: mutate.Skipped, Detail: "no memory limit"})
			continue
		}
		e.SetEnv(c.Name, "STAMP", value)
		report.SetContainer(c.Name, mutate.Result{Outcome: mutate.Done, Facts: map[string]string{
			mutate.FactMemoryLimit: c.Resources.Limits.Memory().String(), mutate.FactOptions: "not shown", "said": "two words"}})
	}
	e.RemoveVolume("unwanted")
	e.SetInitContainer(corev1.Container{Name: "stamp", Image: "stamp:1"}, nil)
	e.SetAutomountServiceAccountToken(false)
	return report, nil
}

// stampChain runs the stamp under the policy of the jvm feature, so that a
// configuration file can set it.
func stampChain(cfg *v1alpha1.AdmissionConfiguration) *mutate.Chain {
	return &mutate.Chain{Version: "test", ConfigHash: "hash", Links: []mutate.Link{{Mutator: stamp{}, Policy: &cfg.Features.JVM.Policy}}}
}
