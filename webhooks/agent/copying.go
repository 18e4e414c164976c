// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// copier is how an init container runs that copies an agent.
type copier struct {
	user int64
	// start says that the application starts if the copy fails.
	start bool
}

// initContainer returns the container that copies an agent to its volume.
func (m *Mutator) initContainer(pod *corev1.Pod, a *v1alpha1.Agent, how copier) corev1.Container {
	return corev1.Container{
		Name:         volumeName(a),
		Image:        a.Image,
		Command:      m.copyCommand(a, how.start),
		Resources:    m.initResources(pod),
		VolumeMounts: []corev1.VolumeMount{{Name: volumeName(a), MountPath: m.cfg.MountPath(a.Name)}},
		// What cp says of a failure stands in the pod's status.
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		// An image by digest never changes.
		ImagePullPolicy: corev1.PullIfNotPresent,
		SecurityContext: &corev1.SecurityContext{
			RunAsNonRoot:             ptr.To(true),
			RunAsUser:                ptr.To(how.user),
			AllowPrivilegeEscalation: ptr.To(false),
			ReadOnlyRootFilesystem:   ptr.To(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
}

// copyCommand returns the command that copies an agent. -f, so that it can run
// again over read-only files when the pod's sandbox is made anew.
func (m *Mutator) copyCommand(a *v1alpha1.Agent, start bool) []string {
	target := m.cfg.MountPath(a.Name)
	command := []string{"cp", "-rf"}
	if start {
		jar := m.jar(a)
		command = []string{"sh", "-c", copyOrStandIn(), volumeName(a), target, path.Dir(jar), jar}
	}
	for _, source := range a.Copy {
		command = append(command, "/"+source)
	}
	if start {
		return command
	}
	return append(command, target+"/")
}

// userFor returns the user that copies an agent: the pod's, or else that of the
// first container that gets the agent, because a policy of the cluster may bound
// the users of a namespace; or else the agent's. Never root.
func userFor(e *podspec.Editor, a *v1alpha1.Agent, plans []*plan) int64 {
	if s := e.Pod().Spec.SecurityContext; s != nil && s.RunAsUser != nil && *s.RunAsUser > 0 {
		return *s.RunAsUser
	}
	for _, p := range plans {
		if !slices.Contains(p.agents, a) {
			continue
		}
		if s := e.Container(p.container).SecurityContext; s != nil && s.RunAsUser != nil && *s.RunAsUser > 0 {
			return *s.RunAsUser
		}
	}
	return *a.RunAsUser
}

// Values of wellknown.AgentCopyFailureAnnotation.
const (
	onCopyFailureFail  = "fail"
	onCopyFailureStart = "start"
)

// startsAnyway returns what the pod says of a copy that fails: whether the
// application starts without the agent. It is nil if the pod says nothing. The
// error is for the user.
func (m *Mutator) startsAnyway(pod *corev1.Pod) (*bool, error) {
	value, ok := pod.Annotations[wellknown.AgentCopyFailureAnnotation]
	switch {
	case !ok:
		return nil, nil
	case value == onCopyFailureFail, value == onCopyFailureStart:
		return ptr.To(value == onCopyFailureStart), nil
	}
	return nil, fmt.Errorf("annotation %s: %s is not an answer; use %s or %s", wellknown.AgentCopyFailureAnnotation,
		mutate.Quote(value), onCopyFailureFail, onCopyFailureStart)
}

// sameInitContainer compares what decides about the copy, its rights and what it
// asks for, which follows the pod's containers. Other admission plugins add
// mounts and other resources.
func sameInitContainer(want, have corev1.Container) bool {
	s := have.SecurityContext
	return want.Image == have.Image && slices.Equal(want.Command, have.Command) && len(have.Args) == 0 &&
		sameResources(want.Resources, have.Resources) &&
		slices.ContainsFunc(have.VolumeMounts, func(o corev1.VolumeMount) bool { return sameMount(want.VolumeMounts[0], o) }) &&
		s != nil && s.RunAsUser != nil && *s.RunAsUser == *want.SecurityContext.RunAsUser &&
		s.ReadOnlyRootFilesystem != nil && *s.ReadOnlyRootFilesystem
}

// sameMount compares what decides where a volume appears. The API server may add
// defaults to the rest.
func sameMount(a, b corev1.VolumeMount) bool {
	return a.Name == b.Name && a.MountPath == b.MountPath && a.SubPath == b.SubPath && a.ReadOnly == b.ReadOnly
}

// copyOrStandIn is the script of an init container whose failure is not to keep
// the application from starting. Its arguments are the folder to copy to, the
// folder of the agent's jar in it, the jar, and what to copy.
//
// A JVM ends when the jar of -javaagent is missing or is no agent's, so a copy
// that fails leaves the standIn in its place and nothing else: half an agent could
// end the JVM too. Nothing in the script looks like the $(NAME) or $$ of a
// kubelet.
func copyOrStandIn() string {
	return strings.Join([]string{
		`t=$1 d=$2 j=$3;shift 3`,
		`cp -rf "$@" "$t/"&&exit`,
		`rm -rf "$t"/*`,
		`mkdir -p "$d"&&echo ` + standInBase64() + `|base64 -d>"$j"||exit`,
		`m="$0: not copied; the application starts without this agent"`,
		`echo "$m"`,
		`if [ -w /dev/termination-log ];then echo "$m">/dev/termination-log;fi`,
	}, "\n")
}
