// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// LoadAdmissionConfiguration reads, defaults and validates a configuration
// file's content. file names it in errors, which tell every field that is
// wrong, in one line.
func LoadAdmissionConfiguration(file string, content []byte) (*AdmissionConfiguration, error) {
	cfg := &AdmissionConfiguration{}
	if err := decodeStrict(file, content, AdmissionConfigurationKind, cfg, &cfg.TypeMeta); err != nil {
		return nil, err
	}
	cfg.SetDefaults()
	if errs := cfg.Validate(); len(errs) > 0 {
		return nil, fmt.Errorf("%s: %w", file, oneLine(errs.ToAggregate().Errors()))
	}
	return cfg, nil
}

// Hash returns a short hash of the configuration with its defaults, by which
// the status annotation tells which configuration a pod was admitted under.
func (c *AdmissionConfiguration) Hash() string {
	// The type holds only what marshals: strings, numbers, quantities, lists and maps.
	content, _ := json.Marshal(c)
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}

// decodeStrict decodes YAML or JSON into obj, whose TypeMeta is meta.
func decodeStrict(file string, content []byte, kind string, obj any, meta *metav1.TypeMeta) error {
	if n := countDocuments(content); n > 1 {
		return fmt.Errorf("%s: holds %d YAML documents; it must be one", file, n)
	}
	asJSON, err := yaml.YAMLToJSONStrict(content)
	if err != nil {
		return fmt.Errorf("%s: not valid YAML: %w", file, oneLine([]error{err}))
	}
	if string(asJSON) == "null" {
		return fmt.Errorf("%s: the file is empty; it needs apiVersion: %s and kind: %s", file, GroupVersion, kind)
	}
	// The kind first: the fields of another kind would only mislead.
	var head metav1.TypeMeta
	if err := json.Unmarshal(asJSON, &head); err != nil {
		return fmt.Errorf("%s: %w; it needs apiVersion: %s and kind: %s", file, notAnObject(asJSON, err), GroupVersion, kind)
	}
	if head.APIVersion != GroupVersion || head.Kind != kind {
		return fmt.Errorf("%s: is apiVersion %q, kind %q; want apiVersion: %s and kind: %s",
			file, head.APIVersion, head.Kind, GroupVersion, kind)
	}
	strict, err := kjson.UnmarshalStrict(asJSON, obj)
	if err != nil {
		return fmt.Errorf("%s: %w", file, plainTypeError(err))
	}
	if len(strict) > 0 {
		return fmt.Errorf("%s: %w", file, oneLine(strict))
	}
	*meta = head
	return nil
}

// countDocuments returns the number of YAML documents with content. The decoder
// reads the first and does not say that there are more.
func countDocuments(content []byte) int {
	n := 0
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		document, err := reader.Read()
		if err != nil {
			// The end: reading from memory cannot fail otherwise.
			return n
		}
		var value any
		if err := yaml.Unmarshal(document, &value); err != nil || value != nil {
			n++
		}
	}
}

// notAnObject says in the terms of the file why its head cannot be decoded.
func notAnObject(asJSON []byte, err error) error {
	switch {
	case asJSON[0] == '[':
		return errors.New("is a list and not an object")
	case asJSON[0] != '{':
		return errors.New("is a single value and not an object")
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s must be text", wrong.Field)
	}
	return err
}

// typeError is how the decoder tells a value of the wrong type.
var typeError = regexp.MustCompile(`cannot unmarshal (\S+).* into Go struct field (\S+) of type`)

// plainTypeError puts a decoder's error in the terms of the file.
func plainTypeError(err error) error {
	m := typeError.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	// Go types among the field names are those of embedded structs.
	path := slices.DeleteFunc(strings.Split(m[2], "."), func(name string) bool {
		return name == "" || unicode.IsUpper(rune(name[0]))
	})
	what := map[string]string{"bool": "a boolean", "number": "a number", "string": "text", "array": "a list", "object": "a mapping"}[m[1]]
	text := fmt.Sprintf("%s: %s does not fit here", strings.Join(path, "."), cmp.Or(what, m[1]))
	if m[1] == "bool" {
		text += "; YAML takes a bare on, off, yes or no for one, so put text in quotes"
	}
	return errors.New(text)
}

// oneLine joins errors with semicolons, without line breaks.
func oneLine(errs []error) error {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = strings.Join(strings.Fields(err.Error()), " ")
	}
	return errors.New(strings.Join(texts, "; "))
}
