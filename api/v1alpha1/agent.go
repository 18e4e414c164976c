// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// AgentFeature configures the agent feature: Java agents from a catalogue, for
// the pods that ask for them.
//
// skipContainers, skipImages and containers say which containers are meant when
// the pod as a whole asks, or default applies. An annotation that names a
// container overrides them. Init containers, native sidecars among them, get
// agents only from an annotation that names them.
type AgentFeature struct {
	Policy             `json:",inline"`
	ContainerSelection `json:",inline"`

	// SkipImages are patterns of images whose containers are left alone, as are
	// those of SkipContainers. See AgentMatch for their form. An empty list skips
	// none. Default: DefaultSkipImages.
	SkipImages []string `json:"skipImages,omitempty"`

	// Containers says which containers of a pod are meant of those that are left.
	// Default: all.
	Containers AgentMatch `json:"containers,omitempty"`

	// Jobs says whether pods of Jobs and CronJobs get agents. Default: OnRequest.
	Jobs JobPolicy `json:"jobs,omitempty"`

	// Channel is the environment variable that carries the options, as in
	// JVMFeature. Default: JAVA_TOOL_OPTIONS.
	Channel string `json:"channel,omitempty"`

	// MountRoot is the folder in the container under which agents are mounted: the
	// agent's image at <mountRoot>/<name>, its writable folders at
	// <mountRoot>/<name>-<folder>. A short one leaves room in the 1023 bytes that
	// JDK 8 reads. Default: /evenkeel.
	MountRoot string `json:"mountRoot,omitempty"`

	// Delivery is that of agents which name none. Default: Auto.
	Delivery Delivery `json:"delivery,omitempty"`

	// InitContainer is for agents that are copied.
	InitContainer AgentInitContainer `json:"initContainer,omitempty"`

	// OnCopyFailure says what becomes of a pod whose init container cannot copy an
	// agent, for agents that name nothing. A pod chooses with the annotation
	// agent.evenkeel.io/on-copy-failure. Default: Fail.
	OnCopyFailure CopyFailure `json:"onCopyFailure,omitempty"`

	// SafeToEvictLocalVolumes names the volumes of agents that are emptyDirs in the
	// annotation cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes, so
	// that the cluster autoscaler still removes a node with such pods. What the
	// annotation holds of the user's stays. Default: false.
	SafeToEvictLocalVolumes *bool `json:"safeToEvictLocalVolumes,omitempty"`

	// JDKFromImage are regular expressions with one group that find the JDK's major
	// version in a container's image, such as ":.*-jdk([0-9]+)". The first that fits
	// counts. The annotation agent.evenkeel.io/jdk goes before. Default: none.
	JDKFromImage []string `json:"jdkFromImage,omitempty"`

	// Conflicts lists agents that do not go together. Default: none.
	Conflicts []AgentConflict `json:"conflicts,omitempty"`

	// Default lists the agents of a container that asks for none. Default: none.
	Default []string `json:"default,omitempty"`

	// Catalogue lists the agents that pods may ask for. Default: none.
	Catalogue []Agent `json:"catalogue,omitempty"`
}

// AgentInitContainer says how the init containers that copy agents run. They
// pass Pod Security's level restricted whatever is set here.
//
// Of a resource that all containers of the pod request or limit, the init
// container has the request and the limit of one of them: of the one with the
// smallest limit that is at least the value here, or else of the one with the
// largest; none is above all. What a LimitRange lets the containers have, it then
// lets the init container have. Of a resource that only some of them name it has
// the value here. It never has more than all containers together, so that the pod
// as a whole asks for what it asks for without it, and no quota is touched: in a
// pod that names no limit, or no resource at all, it has none either.
type AgentInitContainer struct {
	// RunAsUser is the user that copies where neither the pod nor the container
	// names one that is not root, and the agent names none. Not 0. The agent's image
	// must let every user read. Default: 65532.
	RunAsUser *int64 `json:"runAsUser,omitempty"`
	// CPU is what is enough to copy with. Default: 100m.
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// Memory is the same of memory. Default: 64Mi.
	Memory *resource.Quantity `json:"memory,omitempty"`
}

// Delivery is how an agent reaches a container.
type Delivery string

const (
	// DeliveryAuto delivers by image volume when the API server is of 1.36 or later, where
	// they are stable; by init container otherwise, and when its version is not
	// known.
	DeliveryAuto Delivery = "Auto"
	// DeliveryImageVolume means that the agent's image is mounted read-only. Nothing is
	// copied, and the application's start waits for no container. Every node's
	// kubelet and runtime must know image volumes.
	DeliveryImageVolume Delivery = "ImageVolume"
	// DeliveryInitContainer means that an init container of the agent's image, which must have
	// a cp in its path, copies the agent to an emptyDir.
	DeliveryInitContainer Delivery = "InitContainer"
)

// Agent is one Java agent.
//
// Arguments, JVMOptions and values of Env may hold these placeholders:
//
//	{{workload}}    name of the workload that the pod is a replica of
//	{{kind}}        its kind in small letters, such as deployment; pod if it has none
//	{{namespace}}   namespace of the pod
//	{{container}}   name of the container
//	{{mount}}       folder at which the agent's image appears in the container
//	{{dir.NAME}}    path of the writable folder of that name
//	{{label.KEY}}   value of the pod's label of that key; empty if it has none
type Agent struct {
	// Name by which pods ask for the agent. Required.
	Name string `json:"name"`
	// Image that holds the agent, by digest: repository@sha256:<64 hex digits>.
	// Required.
	Image string `json:"image"`
	// Delivery is Auto, ImageVolume or InitContainer. Default: that of the feature.
	Delivery Delivery `json:"delivery,omitempty"`
	// Jar is the path of the agent's jar inside the image, without a leading slash.
	// Required.
	Jar string `json:"jar"`
	// JarNames are other names under which users bring the jar. A container that
	// starts a jar of one of these names, or of the name in jar, has the agent already.
	// Default: none.
	JarNames []string `json:"jarNames,omitempty"`
	// Arguments of the agent: what stands after the "=" of -javaagent:jar=.
	Arguments string `json:"arguments,omitempty"`
	// JVMOptions that the agent needs besides: -D, --add-opens=, --add-exports= and
	// --add-modules=. One that the user has set is left to him.
	JVMOptions []string `json:"jvmOptions,omitempty"`
	// Env are environment variables of the container. One that the user has set is
	// left to him.
	Env []AgentEnv `json:"env,omitempty"`
	// Writable are folders that the agent writes to, all in one emptyDir.
	Writable []AgentFolder `json:"writable,omitempty"`
	// Order among several agents of a container: the lower, the earlier. Agents of
	// the same order come as the catalogue lists them. Default: 0.
	Order int32 `json:"order,omitempty"`
	// Memory that the agent uses in the application's process, which the heap leaves
	// to it: classes, code, threads and buffers. Default: 0.
	Memory *resource.Quantity `json:"memory,omitempty"`
	// Copy lists the paths inside the image that an init container copies, without a
	// leading slash. Default: the first element of jar.
	Copy []string `json:"copy,omitempty"`
	// SizeLimit of the emptyDir that it is copied to. Default: 256Mi.
	SizeLimit *resource.Quantity `json:"sizeLimit,omitempty"`
	// RunAsUser is the user that copies where neither the pod nor the container names
	// one. Default: that of initContainer.
	RunAsUser *int64 `json:"runAsUser,omitempty"`
	// Containers says which containers the agent is for, of those that the feature
	// means. Default: all.
	Containers AgentMatch `json:"containers,omitempty"`
	// Jobs says whether pods of Jobs and CronJobs get it. Default: that of the
	// feature.
	Jobs JobPolicy `json:"jobs,omitempty"`
	// OnCopyFailure says what becomes of a pod whose init container cannot copy it.
	// Default: that of the feature.
	OnCopyFailure CopyFailure `json:"onCopyFailure,omitempty"`
	// JDK says which JDKs the agent works with. Default: all.
	JDK *AgentJDK `json:"jdk,omitempty"`
	// Required makes it an error when the agent cannot be injected into a container
	// that is to have it, whatever the reason. Like a wrong annotation it is then for
	// onError to say whether the pod is refused, or admitted without any agent.
	// Otherwise the container goes without this agent, with a warning. Default: false.
	Required bool `json:"required,omitempty"`
}

// AgentEnv is an environment variable that an agent needs.
type AgentEnv struct {
	// Name of the variable. Required.
	Name string `json:"name"`
	// Value of the variable; it may hold placeholders, and $(NAME) of variables of
	// the agent that are listed before it. Default: empty.
	Value string `json:"value,omitempty"`
	// Field of the pod that the kubelet takes the value from when the container
	// starts: metadata.name, metadata.namespace, metadata.uid, spec.nodeName,
	// spec.serviceAccountName, status.hostIP or status.podIP. Not beside value.
	Field string `json:"field,omitempty"`
}

// AgentFolder is a folder that an agent writes to. An agent's folders are in one
// emptyDir of the pod, in which each container has folders of its own.
type AgentFolder struct {
	// Name of the folder within the agent. Required.
	Name string `json:"name"`
	// SizeLimit is what the folder adds to the sizeLimit of the emptyDir, once for
	// each container that takes the agent. A pod that writes more than all of that is
	// evicted. Required.
	SizeLimit *resource.Quantity `json:"sizeLimit"`
	// MountPath in the container. Default: <mountRoot>/<agent>-<name>.
	MountPath string `json:"mountPath,omitempty"`
}

func (f *AgentFeature) setDefaults() {
	f.Policy.setDefaults()
	f.ContainerSelection.setDefaults()
	f.Channel = cmp.Or(f.Channel, wellknown.JavaToolOptions)
	f.MountRoot = cmp.Or(f.MountRoot, "/evenkeel")
	if f.SkipImages == nil {
		f.SkipImages = slices.Clone(DefaultSkipImages)
	}
	f.Jobs = cmp.Or(f.Jobs, JobsOnRequest)
	f.Delivery = cmp.Or(f.Delivery, DeliveryAuto)
	f.OnCopyFailure = cmp.Or(f.OnCopyFailure, CopyFailureFail)
	setDefaultTo(&f.SafeToEvictLocalVolumes, false)
	setDefaultTo(&f.InitContainer.RunAsUser, 65532)
	setQuantity(&f.InitContainer.CPU, "100m")
	setQuantity(&f.InitContainer.Memory, "64Mi")
	for i := range f.Conflicts {
		f.Conflicts[i].OnMeeting = cmp.Or(f.Conflicts[i].OnMeeting, VerdictSkip)
	}
	for i := range f.Catalogue {
		f.Catalogue[i].setDefaults(f)
	}
}

func (a *Agent) setDefaults(f *AgentFeature) {
	a.Delivery = cmp.Or(a.Delivery, f.Delivery)
	a.Jobs = cmp.Or(a.Jobs, f.Jobs)
	a.OnCopyFailure = cmp.Or(a.OnCopyFailure, f.OnCopyFailure)
	if a.JDK != nil {
		a.JDK.OnMismatch = cmp.Or(a.JDK.OnMismatch, VerdictSkip)
		a.JDK.OnUnknown = cmp.Or(a.JDK.OnUnknown, VerdictAllow)
	}
	setQuantity(&a.Memory, "0")
	setQuantity(&a.SizeLimit, "256Mi")
	setDefaultTo(&a.RunAsUser, *f.InitContainer.RunAsUser)
	if a.Copy == nil && a.Jar != "" {
		first, _, _ := strings.Cut(a.Jar, "/")
		a.Copy = []string{first}
	}
	for i := range a.Writable {
		w := &a.Writable[i]
		w.MountPath = cmp.Or(w.MountPath, path.Join(f.MountRoot, a.Name+"-"+w.Name))
	}
}

// AgentNames returns the names of the catalogue, in its order.
func (f *AgentFeature) AgentNames() []string {
	names := make([]string, len(f.Catalogue))
	for i, a := range f.Catalogue {
		names[i] = a.Name
	}
	return names
}

// MountPath is where the image of an agent appears in a container.
func (f *AgentFeature) MountPath(agent string) string { return path.Join(f.MountRoot, agent) }
