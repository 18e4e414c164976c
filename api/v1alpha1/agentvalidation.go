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

// maxAgentNameBytes keeps the names of volumes, which hold an agent's and a
// folder's name, within the 63 bytes of a DNS label.
const maxAgentNameBytes = 63 - len(AgentVolumePrefix)

var (
	imageByDigest = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._/:-]*@sha256:[0-9a-f]{64}$`)
	// optionWord is what stands in an option: printable, without white space, quotes
	// and backslashes, which a JVM and its start scripts each read in their own way.
	optionWord = regexp.MustCompile("^[^\\s'\"`\\\\[:cntrl:]]+$")
	// imagePath is a path inside an image.
	imagePath = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/+-]*$`)
)

// optionPrefixes are the options that an agent may bring. Heap, processors and
// collector are not its business.
var optionPrefixes = []string{"-D", "--add-opens=", "--add-exports=", "--add-modules="}

func (a *Agent) validate(p *field.Path, taken map[string]bool) field.ErrorList {
	errs := validateAgentName(p.Child("name"), a.Name, a.Name, taken)
	if a.Name == wellknown.AgentInjectNone {
		errs = append(errs, field.Invalid(p.Child("name"), a.Name, "is the word with which a pod asks for no agent"))
	}
	if !imageByDigest.MatchString(a.Image) {
		errs = append(errs, field.Invalid(p.Child("image"), a.Image,
			"must name the image by digest: repository@sha256:<64 hex digits>"))
	}
	errs = append(errs, validateOneOf(p.Child("delivery"), a.Delivery,
		[]Delivery{DeliveryAuto, DeliveryImageVolume, DeliveryInitContainer})...)
	if a.Jar == "" {
		errs = append(errs, field.Required(p.Child("jar"), "say where in the image the agent's jar is"))
	} else {
		errs = append(errs, validateImagePath(p.Child("jar"), a.Jar)...)
	}
	for i, c := range a.Copy {
		errs = append(errs, validateImagePath(p.Child("copy").Index(i), c)...)
	}
	errs = append(errs, a.validateOptions(p)...)
	for i, w := range a.Writable {
		errs = append(errs, w.validate(p.Child("writable").Index(i), a.Name, taken)...)
	}
	errs = append(errs, validateBytes(p.Child("memory"), a.Memory)...)
	errs = append(errs, validatePositive(p.Child("sizeLimit"), a.SizeLimit)...)
	return append(errs, validateUser(p.Child("runAsUser"), *a.RunAsUser)...)
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
		errs = append(errs, a.validateTemplate(p.Child("value"), e.Value)...)
	}
	return errs
}

// validateTemplate checks the placeholders of a value.
func (a *Agent) validateTemplate(p *field.Path, value string) field.ErrorList {
	var errs field.ErrorList
	if strings.Contains(value, "$(") {
		errs = append(errs, field.Invalid(p, value, "must not hold $(, which a kubelet may leave as it is and a JVM would take as it is"))
	}
	_, err := ExpandTemplate(value, func(name string) (string, bool) {
		if folder, ok := strings.CutPrefix(name, FolderPlaceholder); ok {
			return "", slices.ContainsFunc(a.Writable, func(w AgentFolder) bool { return w.Name == folder })
		}
		return "", slices.Contains(Placeholders, name)
	})
	if err != nil {
		errs = append(errs, field.Invalid(p, value, err.Error()))
	}
	return errs
}

func (w *AgentFolder) validate(p *field.Path, agent string, taken map[string]bool) field.ErrorList {
	errs := validateAgentName(p.Child("name"), w.Name, agent+"-"+w.Name, taken)
	if w.SizeLimit == nil {
		errs = append(errs, field.Required(p.Child("sizeLimit"), "say how much the agent may write, such as 100Mi"))
	} else {
		errs = append(errs, validatePositive(p.Child("sizeLimit"), w.SizeLimit)...)
	}
	return append(errs, validateFolder(p.Child("mountPath"), w.MountPath)...)
}

// validateAgentName checks a name, and that the volume which bears full as its
// name is the only one.
func validateAgentName(p *field.Path, name, full string, taken map[string]bool) field.ErrorList {
	var errs field.ErrorList
	for _, msg := range validation.IsDNS1123Label(name) {
		errs = append(errs, field.Invalid(p, name, msg))
	}
	if len(errs) > 0 {
		return errs
	}
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
