// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// AgentVolumePrefix begins the name of every volume and init container of the
// agent feature. It is reserved: what bears it is Evenkeel's.
const AgentVolumePrefix = "evenkeel-agent-"

// AgentFoldersSuffix ends the name of the volume that holds what an agent writes,
// after AgentVolumePrefix and the agent's name.
const AgentFoldersSuffix = "-data"

// maxAgentNameBytes keeps the names of volumes, which hold an agent's name, within
// the 63 bytes of a DNS label.
const maxAgentNameBytes = 63 - len(AgentVolumePrefix)

var (
	imageByDigest = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._/:-]*@sha256:[0-9a-f]{64}$`)
	// optionWord is what stands in an option: printable, without white space, quotes
	// and backslashes, which a JVM and its start scripts each read in their own way.
	optionWord = regexp.MustCompile("^[^\\s'\"`\\\\[:cntrl:]]+$")
	// imagePath is a path inside an image.
	imagePath = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/+-]*$`)
)

var deliveries = []Delivery{DeliveryAuto, DeliveryImageVolume, DeliveryInitContainer}

// optionPrefixes are the options that an agent may bring. Heap, processors and
// collector are not its business.
var optionPrefixes = []string{"-D", "--add-opens=", "--add-exports=", "--add-modules="}

func (f *AgentFeature) validate(p *field.Path) field.ErrorList {
	errs := f.Policy.validate(p)
	errs = append(errs, f.ContainerSelection.validate(p)...)
	errs = append(errs, validatePatterns(p.Child("skipImages"), f.SkipImages)...)
	errs = append(errs, f.Containers.validate(p.Child("containers"))...)
	errs = append(errs, validateOneOf(p.Child("jobs"), f.Jobs, jobPolicies)...)
	errs = append(errs, validateOneOf(p.Child("delivery"), f.Delivery, deliveries)...)
	errs = append(errs, validateOneOf(p.Child("onCopyFailure"), f.OnCopyFailure, copyFailures)...)
	errs = append(errs, validateOneOf(p.Child("channel"), f.Channel, Channels)...)
	errs = append(errs, validateFolder(p.Child("mountRoot"), f.MountRoot)...)
	init := p.Child("initContainer")
	errs = append(errs, validateUser(init.Child("runAsUser"), *f.InitContainer.RunAsUser)...)
	errs = append(errs, validatePositive(init.Child("cpu"), f.InitContainer.CPU)...)
	errs = append(errs, validatePositive(init.Child("memory"), f.InitContainer.Memory)...)
	errs = append(errs, validateVersionPatterns(p.Child("jdkFromImage"), f.JDKFromImage)...)
	errs = append(errs, f.validateNames(p.Child("default"), f.Default)...)
	for i, c := range f.Conflicts {
		errs = append(errs, c.validate(p.Child("conflicts").Index(i), f)...)
	}
	// Volumes are named by agent, with a suffix for its folders, so both share one
	// space of names.
	taken := map[string]bool{}
	for i := range f.Catalogue {
		errs = append(errs, f.Catalogue[i].validate(p.Child("catalogue").Index(i), taken)...)
	}
	return append(errs, f.validateMounts(p.Child("catalogue"))...)
}

// validateNames checks a list of agents of the catalogue.
func (f *AgentFeature) validateNames(p *field.Path, names []string) field.ErrorList {
	var errs field.ErrorList
	for i, name := range names {
		switch {
		case !slices.Contains(f.AgentNames(), name):
			errs = append(errs, field.Invalid(p.Index(i), name, "there is no agent of that name in the catalogue"))
		case slices.Contains(names[:i], name):
			errs = append(errs, field.Duplicate(p.Index(i), name))
		}
	}
	return errs
}

func (a *Agent) validate(p *field.Path, taken map[string]bool) field.ErrorList {
	errs := validateLabel(p.Child("name"), a.Name)
	if len(errs) == 0 {
		errs = validateVolumeName(p.Child("name"), a.Name, a.Name, taken)
	}
	if a.Name == wellknown.AgentInjectNone {
		errs = append(errs, field.Invalid(p.Child("name"), a.Name, "is the word with which a pod asks for no agent"))
	}
	if !imageByDigest.MatchString(a.Image) {
		errs = append(errs, field.Invalid(p.Child("image"), a.Image,
			"must name the image by digest: repository@sha256:<64 hex digits>"))
	}
	errs = append(errs, validateOneOf(p.Child("delivery"), a.Delivery, deliveries)...)
	if a.Jar == "" {
		errs = append(errs, field.Required(p.Child("jar"), "say where in the image the agent's jar is"))
	} else {
		errs = append(errs, validateImagePath(p.Child("jar"), a.Jar)...)
	}
	for i, name := range a.JarNames {
		if !imagePath.MatchString(name) || strings.Contains(name, "/") {
			errs = append(errs, field.Invalid(p.Child("jarNames").Index(i), name, "must be the name of a file, of letters, digits and ._+-"))
		}
	}
	errs = append(errs, a.validateCopy(p.Child("copy"))...)
	errs = append(errs, a.validateOptions(p)...)
	if len(a.Writable) > 0 && len(errs) == 0 {
		errs = append(errs, validateVolumeName(p.Child("name"), a.Name, a.Name+AgentFoldersSuffix, taken)...)
	}
	folders := map[string]bool{}
	for i, w := range a.Writable {
		p := p.Child("writable").Index(i)
		if errs = append(errs, w.validate(p)...); folders[w.Name] {
			errs = append(errs, field.Duplicate(p.Child("name"), w.Name))
		}
		folders[w.Name] = true
	}
	errs = append(errs, validateBytes(p.Child("memory"), a.Memory)...)
	errs = append(errs, validatePositive(p.Child("sizeLimit"), a.SizeLimit)...)
	errs = append(errs, a.Containers.validate(p.Child("containers"))...)
	errs = append(errs, validateOneOf(p.Child("jobs"), a.Jobs, jobPolicies)...)
	errs = append(errs, validateOneOf(p.Child("onCopyFailure"), a.OnCopyFailure, copyFailures)...)
	if a.JDK != nil {
		errs = append(errs, a.JDK.validate(p.Child("jdk"))...)
	}
	return append(errs, validateUser(p.Child("runAsUser"), *a.RunAsUser)...)
}

// validateCopy checks what an init container copies: each path by its last
// element to the mounted folder, where the jar must be among it.
func (a *Agent) validateCopy(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	bases := map[string]bool{}
	for i, c := range a.Copy {
		errs = append(errs, validateImagePath(p.Index(i), c)...)
		if base := path.Base(c); bases[base] {
			errs = append(errs, field.Invalid(p.Index(i), c, "has the last element of another path, which it would overwrite"))
		} else {
			bases[base] = true
		}
	}
	first, _, _ := strings.Cut(a.Jar, "/")
	if len(errs) == 0 && a.Jar != "" && !slices.Contains(a.Copy, first) {
		errs = append(errs, field.Invalid(p, a.Copy, "must list "+first+", in which the jar is"))
	}
	return errs
}

// validateMounts checks that no two mounts are at one path and that none is
// inside an image's, which is read-only.
func (f *AgentFeature) validateMounts(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	taken := map[string]bool{}
	for _, a := range f.Catalogue {
		taken[f.MountPath(a.Name)] = true
	}
	for i, a := range f.Catalogue {
		for j, w := range a.Writable {
			p := p.Index(i).Child("writable").Index(j).Child("mountPath")
			if taken[w.MountPath] {
				errs = append(errs, field.Invalid(p, w.MountPath, "is the path of another mount"))
			}
			taken[w.MountPath] = true
			for _, other := range f.Catalogue {
				if strings.HasPrefix(w.MountPath, f.MountPath(other.Name)+"/") {
					errs = append(errs, field.Invalid(p, w.MountPath, "is inside "+f.MountPath(other.Name)+", which is read-only"))
				}
			}
		}
	}
	return errs
}

// validateOptions checks what goes to the JVM.
func (a *Agent) validateOptions(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.Arguments != "" {
		errs = append(errs, validateWord(p.Child("arguments"), a.Arguments)...)
		errs = append(errs, a.validateTemplate(p.Child("arguments"), a.Arguments)...)
	}
	for i, o := range a.JVMOptions {
		p := p.Child("jvmOptions").Index(i)
		if !slices.ContainsFunc(optionPrefixes, func(prefix string) bool { return strings.HasPrefix(o, prefix) }) {
			errs = append(errs, field.Invalid(p, o, "must begin with "+strings.Join(optionPrefixes, ", ")))
		}
		errs = append(errs, validateWord(p, o)...)
		errs = append(errs, a.validateTemplate(p, o)...)
	}
	names := map[string]bool{}
	for i, e := range a.Env {
		p := p.Child("env").Index(i)
		for _, msg := range validation.IsCIdentifier(e.Name) {
			errs = append(errs, field.Invalid(p.Child("name"), e.Name, msg))
		}
		if names[e.Name] {
			errs = append(errs, field.Duplicate(p.Child("name"), e.Name))
		}
		names[e.Name] = true
		if slices.Contains(Channels, e.Name) {
			errs = append(errs, field.Invalid(p.Child("name"), e.Name, "carries JVM options; use arguments and jvmOptions"))
		}
		errs = append(errs, e.validateSource(p, a.Env[:i])...)
		errs = append(errs, a.validatePlaceholders(p.Child("value"), e.Value)...)
	}
	return errs
}

// envFields are the fields of a pod that a variable may have its value from and
// that every pod has.
var envFields = []string{"metadata.name", "metadata.namespace", "metadata.uid",
	"spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.podIP"}

// reference is the $(NAME) of a kubelet.
var reference = regexp.MustCompile(`\$\(([^()]*)\)`)

// validateSource checks where a variable has its value from. before are the
// agent's variables that stand before it: a kubelet leaves the $(NAME) of others
// as it is.
func (e *AgentEnv) validateSource(p *field.Path, before []AgentEnv) field.ErrorList {
	var errs field.ErrorList
	if e.Field != "" {
		if e.Value != "" {
			errs = append(errs, field.Invalid(p.Child("field"), e.Field, "must not stand beside value"))
		}
		return append(errs, validateOneOf(p.Child("field"), e.Field, envFields)...)
	}
	value := reference.ReplaceAllStringFunc(e.Value, func(ref string) string {
		name := ref[2 : len(ref)-1]
		if !slices.ContainsFunc(before, func(o AgentEnv) bool { return o.Name == name }) {
			errs = append(errs, field.Invalid(p.Child("value"), e.Value, "refers to "+ref+", which is none of the agent's variables before it"))
		}
		return ""
	})
	if strings.Contains(value, "$(") || strings.Contains(e.Value, "$$") {
		errs = append(errs, field.Invalid(p.Child("value"), e.Value, "must not hold $( without a name and ), nor $$"))
	}
	return errs
}

// validateTemplate checks a value that becomes an option.
func (a *Agent) validateTemplate(p *field.Path, value string) field.ErrorList {
	var errs field.ErrorList
	if strings.Contains(value, "$(") {
		errs = append(errs, field.Invalid(p, value, "must not hold $(, which a kubelet may leave as it is and a JVM would take as it is"))
	}
	return append(errs, a.validatePlaceholders(p, value)...)
}

// validatePlaceholders checks the placeholders of a value.
func (a *Agent) validatePlaceholders(p *field.Path, value string) field.ErrorList {
	var errs field.ErrorList
	_, err := ExpandTemplate(value, func(name string) (string, bool) {
		if folder, ok := strings.CutPrefix(name, FolderPlaceholder); ok {
			return "", slices.ContainsFunc(a.Writable, func(w AgentFolder) bool { return w.Name == folder })
		}
		if key, ok := strings.CutPrefix(name, LabelPlaceholder); ok {
			return "", len(validation.IsQualifiedName(key)) == 0
		}
		return "", slices.Contains(Placeholders, name)
	})
	if err != nil {
		errs = append(errs, field.Invalid(p, value, err.Error()))
	}
	return errs
}

func (w *AgentFolder) validate(p *field.Path) field.ErrorList {
	errs := validateLabel(p.Child("name"), w.Name)
	if w.SizeLimit == nil {
		errs = append(errs, field.Required(p.Child("sizeLimit"), "say how much the agent may write, such as 100Mi"))
	} else {
		errs = append(errs, validatePositive(p.Child("sizeLimit"), w.SizeLimit)...)
	}
	return append(errs, validateFolder(p.Child("mountPath"), w.MountPath)...)
}

func validateLabel(p *field.Path, name string) field.ErrorList {
	var errs field.ErrorList
	for _, msg := range validation.IsDNS1123Label(name) {
		errs = append(errs, field.Invalid(p, name, msg))
	}
	return errs
}

// validateVolumeName checks that a volume can be named full, for an agent of this
// name, and is the only one.
func validateVolumeName(p *field.Path, name, full string, taken map[string]bool) field.ErrorList {
	var errs field.ErrorList
	if len(full) > maxAgentNameBytes {
		errs = append(errs, field.Invalid(p, name, fmt.Sprintf("makes a volume's name of %d bytes; it may have 63",
			len(AgentVolumePrefix)+len(full))))
	}
	if taken[full] {
		errs = append(errs, field.Duplicate(p, name))
	}
	taken[full] = true
	return errs
}

func validateWord(p *field.Path, value string) field.ErrorList {
	if optionWord.MatchString(value) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, value, "must be one word without white space, quotes and backslashes")}
}

// validateFolder checks a path in a container that becomes a mount point and a
// part of an option.
func validateFolder(p *field.Path, value string) field.ErrorList {
	if !strings.HasPrefix(value, "/") || path.Clean(value) != value || value == "/" || !imagePath.MatchString(value[1:]) {
		return field.ErrorList{field.Invalid(p, value, "must be an absolute path of letters, digits and ._+-, such as /evenkeel")}
	}
	return nil
}

func validateImagePath(p *field.Path, value string) field.ErrorList {
	if path.Clean(value) != value || !imagePath.MatchString(value) {
		return field.ErrorList{field.Invalid(p, value, "must be a path inside the image without a leading slash, of letters, digits and ._+-")}
	}
	return nil
}

// validateUser checks a user that runs an init container. 0 is root, which Pod
// Security's level restricted forbids.
func validateUser(p *field.Path, user int64) field.ErrorList {
	if user < 1 || user > 1<<31-1 {
		return field.ErrorList{field.Invalid(p, user, "must be between 1 and 2147483647")}
	}
	return nil
}

func validatePositive(p *field.Path, q *resource.Quantity) field.ErrorList {
	if q.Sign() <= 0 || q.Value() > maxBytes {
		return field.ErrorList{field.Invalid(p, q.String(), "must be more than 0 and at most 1Pi")}
	}
	return nil
}
