// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/webhooks"
	"github.com/evenkeel/evenkeel/webhooks/agent"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// Judge knows what admission should have made of a pod: it runs the same
// mutators under the same configuration as the webhook.
type Judge struct {
	config   *v1alpha1.AdmissionConfiguration
	excluded []string
	server   *version.Version
}

// NewJudge returns a Judge for the configuration that the webhook runs with,
// defaulted and valid, the namespace that the webhook counts as its own, and the
// version of the API server.
func NewJudge(config *v1alpha1.AdmissionConfiguration, ownNamespace string, server *version.Version) *Judge {
	return &Judge{config: config, excluded: append([]string{ownNamespace}, config.ExcludedNamespaces...), server: server}
}

// Enforces tells whether some feature changes pods of a namespace with these
// labels: only then does admission leave a record.
func (j *Judge) Enforces(namespaceLabels map[string]string) bool {
	return enforces(webhooks.NewChain(j.config), namespaceLabels)
}

// judge returns whether admission looks at the pod, why not, and what is wrong
// with the pod if it does.
func (j *Judge) judge(pod *corev1.Pod, status *mutate.Status, unread error, namespaceLabels map[string]string) (selected bool, code mutate.Code, problems []Problem) {
	selected, code = mutate.Selected(j.excluded, pod.Namespace, namespaceLabels, pod)
	if !selected {
		return selected, code, nil
	}
	chain := webhooks.NewChain(j.config)
	if unread != nil {
		return selected, code, []Problem{{Code: RecordMissing,
			Message: fmt.Sprintf("the annotation %s cannot be read: %v", wellknown.StatusAnnotation, unread)}}
	}
	if status == nil {
		if !enforces(chain, namespaceLabels) {
			return selected, code, nil
		}
		return selected, code, []Problem{{Code: RecordMissing,
			Message: fmt.Sprintf("admission should have treated the pod, but it has no annotation %s", wellknown.StatusAnnotation)}}
	}
	problems = append(failures(status), missingAgents(pod, status)...)

	// What matters is what was done, not by which build.
	chain.Version = status.Version
	second := chain.Run(mutate.Request{
		Namespace:       pod.Namespace,
		NamespaceLabels: namespaceLabels,
		Workload:        mutate.WorkloadOf(asCreated(pod)),
		ServerVersion:   j.server,
	}, pod)
	switch {
	case second.Denied != "":
		problems = append(problems, Problem{Code: ChangePending, Message: "admission would refuse the pod: " + second.Denied})
	case len(second.Operations) > 0:
		var paths []string
		for _, op := range second.Operations {
			paths = append(paths, op.Operation+" "+op.Path)
		}
		problems = append(problems, Problem{Code: ChangePending,
			Message: "admission, run again over the stored pod, would still change it: " + strings.Join(paths, ", ")})
	}
	return selected, code, problems
}

// asCreated returns the pod under the name that admission saw: a generated name
// comes after it.
func asCreated(pod *corev1.Pod) *corev1.Pod {
	if pod.GenerateName == "" {
		return pod
	}
	created := pod.DeepCopy()
	created.Name = ""
	return created
}

func enforces(chain *mutate.Chain, namespaceLabels map[string]string) bool {
	for _, link := range chain.Links {
		if mode, _ := link.Policy.For(namespaceLabels); mode == v1alpha1.ModeEnforce {
			return true
		}
	}
	return false
}

// failures returns the features that the record says have failed.
func failures(status *mutate.Status) []Problem {
	var out []Problem
	add := func(what string, outcome mutate.Outcome, code mutate.Code, detail string) {
		if outcome != mutate.Failed {
			return
		}
		if detail == "" {
			detail = code.Sentence()
		}
		out = append(out, Problem{Code: FeatureFailed, Message: what + " failed: " + detail})
	}
	for _, f := range features(status) {
		record := status.Features[f.Name]
		add("feature "+f.Name, record.Outcome, record.Reason, record.Detail)
		for _, c := range f.Containers {
			result := record.Containers[c.Container]
			add("feature "+f.Name+" for container "+c.Container, result.Outcome, result.Reason, result.Detail)
		}
	}
	return out
}

// missingAgents returns the agents that the record names and no option loads.
func missingAgents(pod *corev1.Pod, status *mutate.Status) []Problem {
	var out []Problem
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			record := status.Features[agent.Name].Containers[list[i].Name]
			loaded := map[string]bool{}
			for _, a := range javaAgents(&list[i], options(&list[i]), record) {
				loaded[a.Name] = true
			}
			for _, name := range recordedAgents(record) {
				if !loaded[name] {
					out = append(out, Problem{Code: AgentMissing, Message: fmt.Sprintf(
						"the record says that agent %s was injected into container %s, but no %s option of its loads it",
						name, list[i].Name, strings.TrimSuffix(agentFlag, ":"))})
				}
			}
		}
	}
	return out
}
