// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package wellknown

// What switches admission on, and the record of it.
const (
	// InjectionLabel switches the admission webhook on. On a namespace the value
	// "enabled" switches it on for its pods; on a pod the label overrides the
	// namespace's. A namespace without the label is never sent to the webhook.
	InjectionLabel = Domain + "/injection"
	// InjectionEnabled is the value of InjectionLabel that switches on.
	InjectionEnabled = "enabled"
	// InjectionDisabled is the value of InjectionLabel that switches off.
	InjectionDisabled = "disabled"

	// StatusAnnotation is the record that the webhook leaves on a pod: version,
	// configuration hash and, per feature, what was done or why it was skipped,
	// with the inputs and the numbers. Only the webhook writes it.
	StatusAnnotation = Domain + "/status"
)

// Annotations of the jvm feature.
const (
	// JVMModeAnnotation is "auto" (the default) or "off".
	JVMModeAnnotation = "jvm." + Domain + "/mode"
	// JVMHeapPercentAnnotation asks for a heap of so many percent of the memory
	// limit instead of what the budget says; within the bounds that the
	// AdmissionConfiguration sets. A number with at most one decimal, such as "62.5".
	JVMHeapPercentAnnotation = "jvm." + Domain + "/heap-percent"
	// JVMChannelAnnotation names the environment variable that carries the
	// options: JAVA_TOOL_OPTIONS (the default) or JDK_JAVA_OPTIONS.
	JVMChannelAnnotation = "jvm." + Domain + "/channel"
)

// Annotations of the agent feature.
const (
	// AgentInjectAnnotation lists the Java agents a pod asks for, by their names
	// in the AdmissionConfiguration's catalogue, separated by commas; "none" asks
	// for none where the configuration injects some by default.
	AgentInjectAnnotation = "agent." + Domain + "/inject"
	// AgentInjectNone is the value of AgentInjectAnnotation that asks for no agent.
	AgentInjectNone = "none"
)

// Annotations of the pidlimit feature.
const (
	// PidsTierAnnotation chooses a pid tier by its name in the AdmissionConfiguration.
	PidsTierAnnotation = "pids." + Domain + "/tier"
	// PidsLimitsAnnotation holds the resolved limit of each container as a JSON
	// object from container name to number of pids (threads count). Only the
	// webhook writes it, for a node daemon to apply. It is one annotation for all
	// containers because an annotation's name holds 63 characters and a
	// container's name alone may take them all.
	PidsLimitsAnnotation = "pids." + Domain + "/limits"
)

// Annotations of the satoken feature.
const (
	// TokenKeepAnnotation keeps the ServiceAccount token and names the reason,
	// one that the AdmissionConfiguration approves.
	TokenKeepAnnotation = "token." + Domain + "/keep"
)

// Environment variables through which a JVM takes options.
const (
	// JavaToolOptions is read by every HotSpot and OpenJ9 VM since 5, tools such
	// as jcmd and keytool included. It loses to the command line.
	JavaToolOptions = "JAVA_TOOL_OPTIONS"
	// JDKJavaOptions is read by the java launcher since 9 only. It beats
	// JAVA_TOOL_OPTIONS and loses to the command line.
	JDKJavaOptions = "JDK_JAVA_OPTIONS"
	// JavaOptions is read by every HotSpot VM and beats the command line.
	// Evenkeel reads it to see a user's flags and never writes it.
	JavaOptions = "_JAVA_OPTIONS"
)

// ForContainer returns the form of an annotation that speaks of one container:
// the pod's annotation with ".<container>" appended. It overrides the pod's.
func ForContainer(annotation, container string) string {
	return annotation + "." + container
}
