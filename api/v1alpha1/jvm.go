// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// JVMFeature configures the jvm feature: heap and processors from a container's
// limits.
type JVMFeature struct {
	Policy             `json:",inline"`
	ContainerSelection `json:",inline"`
	JVMSettings        `json:",inline"`

	// SkipImages are patterns of images whose containers are left alone, as are those
	// that skipContainers names. See JVMMatch for their form. An empty list skips
	// none. Default: DefaultSkipImages.
	SkipImages []string `json:"skipImages,omitempty"`

	// InitContainers says which init containers and native sidecars run a JVM. The
	// others are left alone, unless an annotation of the feature names them.
	// Default: none.
	InitContainers JVMInitContainers `json:"initContainers,omitempty"`

	// SelfSizedImages are patterns of images whose start program sizes the heap by
	// itself, so that the heap is left alone. See JVMMatch for their form. An empty
	// list names none. Default: DefaultSelfSizedImages.
	SelfSizedImages []string `json:"selfSizedImages,omitempty"`

	// Profiles are named settings for some containers. A pod chooses one with the
	// annotation jvm.evenkeel.io/profile; for one that does not, the first whose
	// match fits counts. Without one the settings above count. Default: none.
	Profiles []JVMProfile `json:"profiles,omitempty"`
}

// JVMSettings is what can differ from container to container.
type JVMSettings struct {
	// Channel is the environment variable that carries the options, unless the pod
	// chooses another by annotation: JAVA_TOOL_OPTIONS, which every JVM reads, its
	// tools such as jcmd and keytool included; JDK_JAVA_OPTIONS, which the java
	// launcher reads since JDK 9; CATALINA_OPTS, which Tomcat's script reads when it
	// starts the server; or any other variable that the image's start script puts
	// on the command line. A value that the image itself gives the variable cannot
	// be seen in a pod and is hidden by it; choose another one for such an image.
	// Default: JAVA_TOOL_OPTIONS.
	Channel string `json:"channel,omitempty"`

	// Sizing says how the heap is written. Default: Percentage.
	Sizing HeapSizing `json:"sizing,omitempty"`

	// Release says which options the JVM knows. Default: Any.
	Release JVMRelease `json:"release,omitempty"`

	// MaxRAM tells the JVM the memory limit that it cannot read itself. Default: Off.
	MaxRAM MaxRAMSource `json:"maxRAM,omitempty"`

	// Heap is the budget that the heap is computed from.
	Heap HeapBudget `json:"heap,omitempty"`

	// LimitTooSmall says what becomes of a container whose memory limit is under
	// heap.minimumLimit and what the agents reserve. Default: Skip.
	LimitTooSmall SmallLimitVerdict `json:"limitTooSmall,omitempty"`

	// Processors says who counts the processors. Default: Limit.
	Processors ProcessorCount `json:"processors,omitempty"`

	// ServerClass says when the JVM is told to choose its collector as on a server.
	ServerClass ServerClass `json:"serverClass,omitempty"`

	// ExitOnOutOfMemory ends the JVM at its first OutOfMemoryError, so that the
	// kubelet restarts a container that would go on half dead. Default: true, and
	// false beside release Before8u191, because the option is of 8u92.
	ExitOnOutOfMemory *bool `json:"exitOnOutOfMemory,omitempty"`

	// HeapDump says whether a JVM leaves its heap on a volume when it runs out of
	// memory.
	HeapDump HeapDump `json:"heapDump,omitempty"`

	// MemoryResize says what an in-place resize of the memory limit does to a
	// container whose heap is a percentage. Default: RestartContainer.
	MemoryResize MemoryResize `json:"memoryResize,omitempty"`
}

// HeapSizing says how a heap is written into the options.
type HeapSizing string

const (
	// SizingPercentage writes MaxRAMPercentage and MinRAMPercentage. The heap follows a
	// later change of the limit at the next start, and yields to any heap flag of
	// the user's, seen or not.
	SizingPercentage HeapSizing = "Percentage"
	// SizingAbsolute writes -Xmx. It holds on JVMs that know no percentages or do not
	// see their limit. It does not follow a later change of the limit, and it
	// beats a MaxRAMPercentage that the image brings and nobody can see here.
	SizingAbsolute HeapSizing = "Absolute"
	// SizingNone leaves the heap to the JVM.
	SizingNone HeapSizing = "None"
)

// JVMRelease says which options a JVM knows.
type JVMRelease string

const (
	// ReleaseAny is 8u191, 10 and everything later.
	ReleaseAny JVMRelease = "Any"
	// ReleaseBefore8u191 knows no percentages and no ActiveProcessorCount, and a JVM of
	// JDK 8 does not start with an option that it does not know: it heeds
	// IgnoreUnrecognizedVMOptions on the command line alone (measured on 8u504). It
	// gets its heap as the memory of its machine, by MaxRAM, of which MaxRAMFraction
	// and MinRAMFraction make it take all. Like a percentage that yields to any -Xmx,
	// and -Xms raises it; it does not follow a change of the limit.
	ReleaseBefore8u191 JVMRelease = "Before8u191"
)

// MaxRAMSource says whether and how a JVM is told its memory limit. It is for
// JVMs that know percentages and cannot read their cgroup, which take them of the
// host's memory: on cgroup v2 those before 8u372, 11.0.16 and 15.
type MaxRAMSource string

const (
	// MaxRAMOff tells nothing: the JVM reads its cgroup.
	MaxRAMOff MaxRAMSource = "Off"
	// MaxRAMValue writes the limit at admission. It does not follow a later change
	// of the limit.
	MaxRAMValue MaxRAMSource = "Value"
	// MaxRAMDownwardAPI lets the kubelet put in the limit when the container starts,
	// so that it follows a later change. Only for a container with a memory limit of
	// its own, because for others the kubelet may put in the memory of the node;
	// those get the limit as a value.
	MaxRAMDownwardAPI MaxRAMSource = "DownwardAPI"
)

// UnmarshalJSON takes a bare Off as what it is meant to be, as Mode does.
func (s *MaxRAMSource) UnmarshalJSON(content []byte) error {
	var m Mode
	if err := m.UnmarshalJSON(content); err != nil {
		return err
	}
	*s = MaxRAMSource(m)
	return nil
}

// SmallLimitVerdict says what becomes of a container whose memory limit is too
// small for a heap.
type SmallLimitVerdict string

const (
	// SmallLimitSkip sets no heap and warns.
	SmallLimitSkip SmallLimitVerdict = "Skip"
	// SmallLimitError makes it an error, like a wrong annotation: onError says
	// whether the pod is admitted without the feature or refused.
	SmallLimitError SmallLimitVerdict = "Error"
)

// MemoryResize says what is put into a container's resizePolicy for memory.
type MemoryResize string

const (
	// ResizeRestartContainer has the kubelet restart the container when its memory
	// limit is changed in place, because a JVM reads it at its start alone. Not
	// where the pod has an entry for memory, or the restartPolicy Never, which
	// forbids it, or where the API server is older than 1.33.
	ResizeRestartContainer MemoryResize = "RestartContainer"
	// ResizeUnchanged leaves resizePolicy as it is.
	ResizeUnchanged MemoryResize = "Unchanged"
)

// ProcessorCount says who counts the processors of a JVM.
type ProcessorCount string

const (
	// ProcessorsLimit writes the CPU limit, rounded up, into the options. It is the
	// default because it holds on every JVM: those before 8u372, 11.0.16 and 15
	// cannot read a cgroup v2 limit and start threads for every processor of the
	// host. A change of the limit in place is seen at the next restart, which
	// is also when a JVM resizes its collector.
	ProcessorsLimit ProcessorCount = "Limit"
	// ProcessorsJVM leaves the count to the JVM, which then follows a CPU limit that
	// is resized in place. Only for fleets whose JVMs all read cgroup v2.
	ProcessorsJVM ProcessorCount = "JVM"
)

// ServerClassMode says whether a JVM is told that it runs on a server.
type ServerClassMode string

const (
	// ServerClassAuto tells it where HotSpot would not see it by itself.
	ServerClassAuto ServerClassMode = "Auto"
	// ServerClassOff leaves it to HotSpot.
	ServerClassOff ServerClassMode = "Off"
)

// UnmarshalJSON takes a bare Off as what it is meant to be, as Mode does.
func (m *ServerClassMode) UnmarshalJSON(content []byte) error {
	var mode Mode
	if err := mode.UnmarshalJSON(content); err != nil {
		return err
	}
	*m = ServerClassMode(mode)
	return nil
}

// ServerClass says when a JVM is told that it runs on a server. HotSpot takes
// the serial collector with less than two processors or less than 1792MiB; with
// two processors and a limit below that, a parallel one serves better. The flag
// AlwaysActAsServerClassMachine moves the choice, and yields to any collector
// that the user chose.
type ServerClass struct {
	// Mode is Auto or Off. Default: Auto.
	Mode ServerClassMode `json:"mode,omitempty"`
	// MinMemory is the memory limit from which Auto applies. Default: 1Gi.
	MinMemory *resource.Quantity `json:"minMemory,omitempty"`
}

// Channels are the environment variables that a pod may choose by annotation to
// carry JVM options.
var Channels = []string{wellknown.JavaToolOptions, wellknown.JDKJavaOptions, wellknown.CatalinaOpts, wellknown.JavaOpts}

// JVMInitContainers selects init containers. A native sidecar shares the pod
// with the containers of the application for its whole life; another init
// container runs alone and has its limit for itself. One is selected if its
// name or its image fits.
type JVMInitContainers struct {
	// Names are patterns of names. See JVMMatch for their form.
	Names []string `json:"names,omitempty"`
	// Images are patterns of images. See JVMMatch for their form.
	Images []string `json:"images,omitempty"`
}

// DefaultSelfSizedImages are well-known images whose start scripts put an -Xmx on
// the command line, which beats every variable. To leave their heap alone changes
// nothing but the record, which would name a heap that the JVM does not have.
var DefaultSelfSizedImages = []string{
	"elasticsearch", // half of the memory, since 7.11
	"opensearch",    // 1g in config/jvm.options
	"logstash",      // 1g in config/jvm.options
	"cassandra",     // conf/cassandra-env.sh computes MAX_HEAP_SIZE
	"solr",          // bin/solr: SOLR_HEAP, 512m
	"(cp-)?kafka",   // bin/kafka-server-start.sh: KAFKA_HEAP_OPTS, 1G
	"zookeeper",     // bin/zkEnv.sh: ZK_SERVER_HEAP, 1000m
	"flink",         // computes the memory of its processes from its configuration
}

func (f *JVMFeature) setDefaults() {
	f.Policy.setDefaults()
	f.ContainerSelection.setDefaults()
	f.JVMSettings.setDefaults()
	if f.SkipImages == nil {
		f.SkipImages = slices.Clone(DefaultSkipImages)
	}
	if f.SelfSizedImages == nil {
		f.SelfSizedImages = slices.Clone(DefaultSelfSizedImages)
	}
	for i := range f.Profiles {
		f.Profiles[i].inherit(&f.JVMSettings)
	}
}

func (s *JVMSettings) setDefaults() {
	s.Channel = cmp.Or(s.Channel, wellknown.JavaToolOptions)
	s.Sizing = cmp.Or(s.Sizing, SizingPercentage)
	s.Release = cmp.Or(s.Release, ReleaseAny)
	s.MaxRAM = cmp.Or(s.MaxRAM, MaxRAMOff)
	s.Heap.setDefaults()
	s.LimitTooSmall = cmp.Or(s.LimitTooSmall, SmallLimitSkip)
	s.Processors = cmp.Or(s.Processors, ProcessorsLimit)
	s.ServerClass.Mode = cmp.Or(s.ServerClass.Mode, ServerClassAuto)
	setQuantity(&s.ServerClass.MinMemory, "1Gi")
	setDefaultTo(&s.ExitOnOutOfMemory, s.Release == ReleaseAny)
	s.HeapDump.setDefaults()
	s.MemoryResize = cmp.Or(s.MemoryResize, ResizeRestartContainer)
}

func (f *JVMFeature) validate(path *field.Path) field.ErrorList {
	errs := f.Policy.validate(path)
	errs = append(errs, f.ContainerSelection.validate(path)...)
	errs = append(errs, f.JVMSettings.validate(path)...)
	errs = append(errs, validatePatterns(path.Child("skipImages"), f.SkipImages)...)
	errs = append(errs, validatePatterns(path.Child("initContainers", "names"), f.InitContainers.Names)...)
	errs = append(errs, validatePatterns(path.Child("initContainers", "images"), f.InitContainers.Images)...)
	errs = append(errs, validatePatterns(path.Child("selfSizedImages"), f.SelfSizedImages)...)
	return append(errs, f.validateProfiles(path.Child("profiles"))...)
}

func (s *JVMSettings) validate(path *field.Path) field.ErrorList {
	errs := validateChannel(path.Child("channel"), s.Channel)
	errs = append(errs, validateOneOf(path.Child("sizing"), s.Sizing, []HeapSizing{SizingPercentage, SizingAbsolute, SizingNone})...)
	errs = append(errs, validateOneOf(path.Child("maxRAM"), s.MaxRAM, []MaxRAMSource{MaxRAMOff, MaxRAMValue, MaxRAMDownwardAPI})...)
	errs = append(errs, validateOneOf(path.Child("release"), s.Release, []JVMRelease{ReleaseAny, ReleaseBefore8u191})...)
	if s.Release == ReleaseBefore8u191 {
		if s.Channel == wellknown.JDKJavaOptions {
			errs = append(errs, field.Invalid(path.Child("channel"), s.Channel, "JDK 8 does not read it; use "+wellknown.JavaToolOptions))
		}
		if s.MaxRAM != MaxRAMOff {
			errs = append(errs, field.Invalid(path.Child("maxRAM"), s.MaxRAM, "must be Off beside release Before8u191, which says the memory anyway"))
		}
	}
	errs = append(errs, validateOneOf(path.Child("limitTooSmall"), s.LimitTooSmall, []SmallLimitVerdict{SmallLimitSkip, SmallLimitError})...)
	errs = append(errs, validateOneOf(path.Child("processors"), s.Processors, []ProcessorCount{ProcessorsLimit, ProcessorsJVM})...)
	errs = append(errs, validateOneOf(path.Child("serverClass", "mode"), s.ServerClass.Mode, []ServerClassMode{ServerClassAuto, ServerClassOff})...)
	errs = append(errs, validateBytes(path.Child("serverClass", "minMemory"), s.ServerClass.MinMemory)...)
	errs = append(errs, s.HeapDump.validate(path.Child("heapDump"))...)
	errs = append(errs, validateOneOf(path.Child("memoryResize"), s.MemoryResize, []MemoryResize{ResizeRestartContainer, ResizeUnchanged})...)
	return append(errs, s.Heap.validate(path.Child("heap"))...)
}
