// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// AgentFeature configures the agent feature: Java agents from a catalogue, for
// the pods that ask for them.
type AgentFeature struct {
	Policy             `json:",inline"`
	ContainerSelection `json:",inline"`

	// Channel is the environment variable that carries the options, as in
	// JVMFeature. Default: JAVA_TOOL_OPTIONS.
	Channel string `json:"channel,omitempty"`

	// MountRoot is the folder in the container under which agents are mounted: the
	// agent's image at <mountRoot>/<name>, its writable folders at
	// <mountRoot>/<name>-<folder>. A short one leaves room in the 1023 bytes that
	// JDK 8 reads. Default: /evenkeel.
	MountRoot string `json:"mountRoot,omitempty"`

	// InitContainer is for agents that are copied.
	InitContainer AgentInitContainer `json:"initContainer,omitempty"`

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
// largest; none is above all, and makes the limit the larger of the value here
// and the request. What a LimitRange lets the containers have, it then lets the init
// container have, and the pod as a whole requests no more than without it.
type AgentInitContainer struct {
	// RunAsUser is the user that copies, unless the agent says otherwise. Not 0.
	// The agent's image must let it read. Default: 65532.
	RunAsUser *int64 `json:"runAsUser,omitempty"`
	// CPU is the request and the limit where a container of the pod has neither, and
	// what is enough where all have one. Default: 100m.
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
//	{{namespace}}   namespace of the pod
//	{{container}}   name of the container
//	{{mount}}       folder at which the agent's image appears in the container
//	{{dir.NAME}}    path of the writable folder of that name
type Agent struct {
	// Name by which pods ask for the agent. Required.
	Name string `json:"name"`
	// Image that holds the agent, by digest: repository@sha256:<64 hex digits>.
	// Required.
	Image string `json:"image"`
	// Delivery is Auto, ImageVolume or InitContainer. Default: Auto.
	Delivery Delivery `json:"delivery,omitempty"`
	// Jar is the path of the agent's jar inside the image, without a leading slash.
	// Required.
	Jar string `json:"jar"`
	// Arguments of the agent: what stands after the "=" of -javaagent:jar=.
	Arguments string `json:"arguments,omitempty"`
	// JVMOptions that the agent needs besides: -D, --add-opens=, --add-exports= and
	// --add-modules=. One that the user has set is left to him.
	JVMOptions []string `json:"jvmOptions,omitempty"`
	// Env are environment variables of the container. One that the user has set is
	// left to him.
	Env []AgentEnv `json:"env,omitempty"`
	// Writable are folders that the agent writes to, each an emptyDir.
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
	// RunAsUser is the user that copies. Default: that of initContainer.
	RunAsUser *int64 `json:"runAsUser,omitempty"`
}

// AgentEnv is an environment variable that an agent needs.
type AgentEnv struct {
	// Name of the variable. Required.
	Name string `json:"name"`
	// Value of the variable; it may hold placeholders. Default: empty.
	Value string `json:"value"`
}

// AgentFolder is a folder that an agent writes to. It is an emptyDir of the pod,
// of which each container has a part of its own.
type AgentFolder struct {
	// Name of the folder within the agent. Required.
	Name string `json:"name"`
	// SizeLimit of the emptyDir, for all containers of the pod together; a pod that
	// writes more is evicted. Required.
	SizeLimit *resource.Quantity `json:"sizeLimit"`
	// MountPath in the container. Default: <mountRoot>/<agent>-<name>.
	MountPath string `json:"mountPath,omitempty"`
}

func (f *AgentFeature) setDefaults() {
	f.Policy.setDefaults()
	f.ContainerSelection.setDefaults()
	f.Channel = cmp.Or(f.Channel, wellknown.JavaToolOptions)
	f.MountRoot = cmp.Or(f.MountRoot, "/evenkeel")
	setDefaultTo(&f.InitContainer.RunAsUser, 65532)
	setQuantity(&f.InitContainer.CPU, "100m")
	setQuantity(&f.InitContainer.Memory, "64Mi")
	for i := range f.Catalogue {
		f.Catalogue[i].setDefaults(f)
	}
}

func (a *Agent) setDefaults(f *AgentFeature) {
	a.Delivery = cmp.Or(a.Delivery, DeliveryAuto)
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

func (f *AgentFeature) validate(p *field.Path) field.ErrorList {
	errs := f.Policy.validate(p)
	errs = append(errs, f.ContainerSelection.validate(p)...)
	errs = append(errs, validateOneOf(p.Child("channel"), f.Channel, Channels)...)
	errs = append(errs, validateFolder(p.Child("mountRoot"), f.MountRoot)...)
	init := p.Child("initContainer")
	errs = append(errs, validateUser(init.Child("runAsUser"), *f.InitContainer.RunAsUser)...)
	errs = append(errs, validatePositive(init.Child("cpu"), f.InitContainer.CPU)...)
	errs = append(errs, validatePositive(init.Child("memory"), f.InitContainer.Memory)...)
	for i, name := range f.Default {
		if !slices.Contains(f.AgentNames(), name) {
			errs = append(errs, field.Invalid(p.Child("default").Index(i), name, "no such agent in the catalogue"))
		}
	}
	// Volumes are named by agent and folder, so both share one space of names.
	taken := map[string]bool{}
	for i := range f.Catalogue {
		errs = append(errs, f.Catalogue[i].validate(p.Child("catalogue").Index(i), taken)...)
	}
	return append(errs, f.validateMounts(p.Child("catalogue"))...)
}

// MountPath is where the image of an agent appears in a container.
func (f *AgentFeature) MountPath(agent string) string { return path.Join(f.MountRoot, agent) }
