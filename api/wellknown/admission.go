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
	// options: JAVA_TOOL_OPTIONS (the default), JDK_JAVA_OPTIONS, CATALINA_OPTS or
	// JAVA_OPTS.
	JVMChannelAnnotation = "jvm." + Domain + "/channel"
	// JVMProfileAnnotation chooses a profile by its name in the
	// AdmissionConfiguration; "none" chooses the settings that are no profile's.
	JVMProfileAnnotation = "jvm." + Domain + "/profile"
	// JVMProfileNone is the value of JVMProfileAnnotation that chooses no profile.
	JVMProfileNone = "none"
	// JVMSizingAnnotation says how the heap is written: "percentage", "absolute" (an
	// -Xmx, which does not follow a later change of the limit) or "none".
	JVMSizingAnnotation = "jvm." + Domain + "/sizing"
	// JVMMetaspaceAnnotation says how much of the memory limit the budget keeps for
	// loaded classes, such as "200Mi".
	JVMMetaspaceAnnotation = "jvm." + Domain + "/metaspace"
	// JVMCodeCacheAnnotation says how much of the memory limit the budget keeps for
	// compiled code, such as "96Mi".
	JVMCodeCacheAnnotation = "jvm." + Domain + "/code-cache"
	// JVMThreadsAnnotation says how many threads the budget counts on, such as "400".
	JVMThreadsAnnotation = "jvm." + Domain + "/threads"
	// JVMDirectAnnotation says how much of the memory limit the budget keeps for
	// direct buffers, such as "256Mi".
	JVMDirectAnnotation = "jvm." + Domain + "/direct"
	// JVMNativeAnnotation says how much of the memory limit the budget keeps for
	// what else the process uses, such as "128Mi".
	JVMNativeAnnotation = "jvm." + Domain + "/native"
	// JVMHeapDumpAnnotation is "on" or "off": whether the JVM leaves its heap on a
	// volume when it runs out of memory, where the AdmissionConfiguration allows it.
	JVMHeapDumpAnnotation = "jvm." + Domain + "/heap-dump"
	// JVMHeapDumpVolumeAnnotation names the volume of the pod that heap dumps go to,
	// instead of an emptyDir that Evenkeel adds. It implies JVMHeapDumpAnnotation.
	JVMHeapDumpVolumeAnnotation = "jvm." + Domain + "/heap-dump-volume"
)

// Annotations of the agent feature.
const (
	// AgentInjectAnnotation lists the Java agents a pod asks for, by their names
	// in the AdmissionConfiguration's catalogue, separated by commas; "none" asks
	// for none where the configuration injects some by default.
	AgentInjectAnnotation = "agent." + Domain + "/inject"
	// AgentInjectNone is the value of AgentInjectAnnotation that asks for no agent.
	AgentInjectNone = "none"
	// AgentJDKAnnotation declares the JDK in the image by its version, such as 8,
	// 1.8.0_372 or 17.0.5, of which the major version counts: an agent may work with
	// some JDKs only, and an image cannot be looked into.
	AgentJDKAnnotation = "agent." + Domain + "/jdk"
	// AgentCopyFailureAnnotation is "fail" or "start": what becomes of the pod if an
	// init container cannot copy an agent. It speaks of the pod as a whole.
	AgentCopyFailureAnnotation = "agent." + Domain + "/on-copy-failure"
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
	// TokenRemovalAnnotation says what goes from a pod that loses its token: "volume",
	// or "token" to leave ca.crt and namespace where they are.
	TokenRemovalAnnotation = "token." + Domain + "/removal"
	// TokenRemovalVolume is the value of TokenRemovalAnnotation that takes all of it.
	TokenRemovalVolume = "volume"
	// TokenRemovalToken is the value of TokenRemovalAnnotation that takes the token
	// alone.
	TokenRemovalToken = "token"
)

// Annotations of the storage feature.
const (
	// StorageTierAnnotation chooses a tier of disk by its name in the
	// AdmissionConfiguration.
	StorageTierAnnotation = "storage." + Domain + "/tier"
)

// Annotations of CRI-O that Evenkeel writes where the configuration says so.
const (
	// CRIOUnifiedCgroupPrefix begins the annotation by which CRI-O is told keys of
	// cgroup v2 for a container, whose name follows. It reads it since 1.35.
	CRIOUnifiedCgroupPrefix = "unified-cgroup.crio.io/"
	// CRIOLegacyUnifiedCgroupPrefix begins the older name of the same.
	CRIOLegacyUnifiedCgroupPrefix = "io.kubernetes.cri-o.UnifiedCgroup."
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
	// CatalinaOpts is read by Tomcat's catalina.sh when it starts the server, and put
	// on the command line after JAVA_OPTS.
	CatalinaOpts = "CATALINA_OPTS"
	// JavaOpts is read by many start scripts, by each in its own way, and by no JVM.
	JavaOpts = "JAVA_OPTS"
)

// Environment variables that Evenkeel adds to containers for its own use.
const (
	// PrivateEnvPrefix begins their names. A pod must not bring one of its own.
	PrivateEnvPrefix = "EVENKEEL_"
	// PodNameEnv holds the pod's name, for the folder of its heap dumps.
	PodNameEnv = PrivateEnvPrefix + "POD_NAME"
	// PodUIDEnv holds the pod's UID, for the folder of its heap dumps.
	PodUIDEnv = PrivateEnvPrefix + "POD_UID"
	// MemoryLimitEnv holds the container's memory limit in bytes, for a JVM that
	// cannot read it.
	MemoryLimitEnv = PrivateEnvPrefix + "MEMORY_LIMIT"
)

// Names of volumes that Evenkeel adds to pods for the jvm feature.
const (
	// HeapDumpVolume is the emptyDir for heap dumps.
	HeapDumpVolume = "evenkeel-heapdump"
)

// ForContainer returns the form of an annotation that speaks of one container:
// the pod's annotation with ".<container>" appended. It overrides the pod's.
func ForContainer(annotation, container string) string {
	return annotation + "." + container
}
