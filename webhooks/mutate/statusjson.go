// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
)

// The JSON form of a Status says each thing once and in few signs, because every
// watcher of pods pays for each byte:
//
//   - Facts are one string, "name=value name=value". They are an object where a
//     value has a space.
//   - Containers with the same record share one, under their names with commas
//     between.
//   - An outcome is left out when it is Done; of a container that has nothing but
//     facts then, these stand for the record.
//   - The options that were merged are in the container's environment. The record
//     has their fingerprint, and no channel when that is JAVA_TOOL_OPTIONS.
//
// ParseStatus fills in what is left out, and takes what is not.

// ParseStatus reads a status annotation. An empty one yields nil and no error.
func ParseStatus(annotation string) (*Status, error) {
	if annotation == "" {
		return nil, nil
	}
	var s Status
	if err := json.Unmarshal([]byte(annotation), &s); err != nil {
		return nil, fmt.Errorf("reading the status annotation: %w", err)
	}
	return &s, nil
}

// facts are those of a record.
type facts map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (f *facts) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '"' {
		return json.Unmarshal(data, (*map[string]string)(f))
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*f = facts{}
	for fact := range strings.SplitSeq(text, " ") {
		if name, value, ok := strings.Cut(fact, "="); ok {
			(*f)[name] = value
		}
	}
	return nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *FeatureStatus) UnmarshalJSON(data []byte) error {
	var record struct {
		Outcome    Outcome                    `json:"outcome"`
		Reason     Code                       `json:"reason"`
		Detail     string                     `json:"detail"`
		Facts      facts                      `json:"facts"`
		Containers map[string]ContainerStatus `json:"containers"`
	}
	if err := json.Unmarshal(data, &record); err != nil {
		return err
	}
	*f = FeatureStatus{Outcome: cmp.Or(record.Outcome, Done), Reason: record.Reason, Detail: record.Detail, Facts: record.Facts}
	for names, c := range record.Containers {
		if f.Containers == nil {
			f.Containers = map[string]ContainerStatus{}
		}
		for name := range strings.SplitSeq(names, ",") {
			f.Containers[name] = c
		}
	}
	return nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *ContainerStatus) UnmarshalJSON(data []byte) error {
	var record struct {
		Outcome Outcome `json:"outcome"`
		Reason  Code    `json:"reason"`
		Detail  string  `json:"detail"`
		Facts   facts   `json:"facts"`
	}
	into := any(&record)
	if len(data) > 0 && data[0] == '"' {
		into = &record.Facts
	}
	if err := json.Unmarshal(data, into); err != nil {
		return err
	}
	*c = ContainerStatus{Outcome: cmp.Or(record.Outcome, Done), Reason: record.Reason, Detail: record.Detail, Facts: record.Facts}
	if c.Facts[FactOptions] != "" && c.Facts[FactChannel] == "" {
		c.Facts[FactChannel] = wellknown.JavaToolOptions
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (f FeatureStatus) MarshalJSON() ([]byte, error) { return f.append(nil), nil }

// MarshalJSON implements json.Marshaler.
func (c ContainerStatus) MarshalJSON() ([]byte, error) { return c.append(nil), nil }

// marshal writes the record. Keys are sorted, so equal records are equal bytes.
func (s Status) marshal() string {
	b := appendMember(make([]byte, 0, 1024), '{', "version", s.Version)
	b = appendMember(b, ',', "config", s.Config)
	b = append(b, `,"features":`...)
	separator := byte('{')
	for _, name := range slices.Sorted(maps.Keys(s.Features)) {
		b = appendKey(b, separator, name)
		b = s.Features[name].append(b)
		separator = ','
	}
	if separator == '{' {
		b = append(b, '{')
	}
	b = append(b, '}')
	if s.Truncated {
		b = append(b, `,"truncated":true`...)
	}
	return string(append(b, '}'))
}

func (f FeatureStatus) append(b []byte) []byte {
	b, separator := appendResult(b, f.Outcome, f.Reason, f.Detail, f.Facts)
	if len(f.Containers) > 0 {
		b = appendKey(b, separator, "containers")
		separator = '{'
		for _, g := range groupContainers(f.Containers) {
			b = appendKey(b, separator, strings.Join(g.names, ","))
			b = append(b, g.record...)
			separator = ','
		}
		b = append(b, '}')
		separator = ','
	}
	if separator == '{' {
		b = append(b, '{')
	}
	return append(b, '}')
}

// containerGroup are the containers with one record.
type containerGroup struct {
	names  []string
	record string
}

// groupContainers returns the groups by the name of their first container.
func groupContainers(containers map[string]ContainerStatus) []containerGroup {
	groups := make([]containerGroup, 0, len(containers))
	place := make(map[string]int, len(containers))
	var scratch []byte
	for _, name := range slices.Sorted(maps.Keys(containers)) {
		scratch = containers[name].append(scratch[:0])
		i, ok := place[string(scratch)]
		if !ok {
			i = len(groups)
			groups = append(groups, containerGroup{record: string(scratch)})
			place[groups[i].record] = i
		}
		groups[i].names = append(groups[i].names, name)
	}
	return groups
}

func (c ContainerStatus) append(b []byte) []byte {
	if text, ok := factText(c.Facts); ok && text != "" && c.Outcome == Done && c.Reason == "" && c.Detail == "" {
		return appendString(b, text)
	}
	b, separator := appendResult(b, c.Outcome, c.Reason, c.Detail, c.Facts)
	if separator == '{' {
		b = append(b, '{')
	}
	return append(b, '}')
}

// appendResult writes what features and containers have alike, and returns what
// must stand before a member that follows.
func appendResult(b []byte, outcome Outcome, reason Code, detail string, facts map[string]string) (out []byte, separator byte) {
	separator = '{'
	if outcome != Done {
		b, separator = appendMember(b, separator, "outcome", string(outcome)), ','
	}
	if reason != "" {
		b, separator = appendMember(b, separator, "reason", string(reason)), ','
	}
	if detail != "" {
		b, separator = appendMember(b, separator, "detail", detail), ','
	}
	switch text, ok := factText(facts); {
	case !ok:
		b = appendKey(b, separator, "facts")
		separator = '{'
		for _, name := range slices.Sorted(maps.Keys(facts)) {
			if value, ok := factValue(facts, name); ok {
				b, separator = appendMember(b, separator, name, value), ','
			}
		}
		b = append(b, '}')
	case text != "":
		b, separator = appendMember(b, separator, "facts", text), ','
	}
	return b, separator
}

// factText returns facts as one string, and whether they can be told from it.
func factText(facts map[string]string) (string, bool) {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		value, ok := factValue(facts, name)
		switch {
		case !ok:
			continue
		case strings.IndexByte(value, ' ') >= 0:
			return "", false
		case text.Len() > 0:
			text.WriteByte(' ')
		}
		text.WriteString(name)
		text.WriteByte('=')
		text.WriteString(value)
	}
	return text.String(), true
}

// factValue returns a fact as it is written, and whether it is.
func factValue(facts map[string]string, name string) (string, bool) {
	value := facts[name]
	switch {
	case name == FactOptions && value != "" && !podspec.IsFingerprint(value):
		return podspec.Fingerprint(value), true
	case name == FactChannel && value == wellknown.JavaToolOptions && facts[FactOptions] != "":
		return "", false
	}
	return value, true
}

// appendMember writes a separator and a member of an object.
func appendMember(b []byte, separator byte, key, value string) []byte {
	return appendString(appendKey(b, separator, key), value)
}

func appendKey(b []byte, separator byte, key string) []byte {
	return append(appendString(append(b, separator), key), ':')
}

// appendString writes a string as JSON.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || strings.IndexByte(`"\<>&`, c) >= 0 {
			// A string cannot fail to marshal.
			quoted, _ := json.Marshal(s)
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
