// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	yamlnode "go.yaml.in/yaml/v3"

	"github.com/evenkeel/evenkeel/internal/defaultprofile"
)

// Change is a difference between the configuration of a cluster and the shipped
// one.
type Change struct {
	Plugin string `json:"plugin"`
	// Points are the extension points, of PreScore and Score.
	Points []defaultprofile.Point `json:"extensionPoints"`
	// Off says that the plugin is off in the cluster's configuration and on in the
	// shipped one, instead of the other way round.
	Off bool `json:"off"`
	// Reason is that of the verdict.
	Reason string `json:"reason"`
}

// String returns the change in one line.
func (c Change) String() string {
	if c.Off {
		return c.Plugin + " does not score: " + c.Reason
	}
	return c.Plugin + " scores: " + c.Reason
}

// Changes returns what the findings change about the shipped configuration. It
// only ever concerns points that rank nodes.
func (r *Report) Changes(shipped *Shipped) []Change {
	out := []Change{}
	for _, f := range r.Plugins {
		if f.Part != partScores || f.Verdict != MayGo && f.Verdict != Keep {
			continue
		}
		c := Change{Plugin: f.Plugin, Off: f.Verdict == MayGo, Reason: f.Reason}
		for _, at := range f.ExtensionPoints {
			if slices.Contains(ranking, at) && shipped.disables(f.Plugin, at) != c.Off {
				c.Points = append(c.Points, at)
			}
		}
		if len(c.Points) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// Configuration returns the shipped configuration with the changes, its comments
// kept. Above it stands where it comes from and what differs.
func Configuration(shipped *Shipped, source string, changes []Change) ([]byte, error) {
	text := shipped.text
	for _, c := range changes {
		for _, at := range c.Points {
			edit := include
			if c.Off {
				edit = exclude
			}
			var err error
			if text, err = edit(text, c, at); err != nil {
				return nil, fmt.Errorf("changing the shipped configuration: %w", err)
			}
		}
	}
	var out bytes.Buffer
	out.WriteString(comment("", "Made by evenkeel trim from "+source+". It is the shipped configuration"+difference(changes)))
	for _, c := range changes {
		out.WriteString(comment("", "- "+c.String()))
	}
	out.WriteString("#\n")
	out.Write(text)
	return out.Bytes(), nil
}

func difference(changes []Change) string {
	if len(changes) == 0 {
		return "; nothing differs."
	}
	return ", but:"
}

// disabledOf returns the sequence of the plugins that the profile disables at a
// point.
func disabledOf(text []byte, at defaultprofile.Point) (*yamlnode.Node, error) {
	var document yamlnode.Node
	if err := yamlnode.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	node := document.Content[0]
	for _, key := range []string{"profiles", "", "plugins", strings.ToLower(string(at[:1])) + string(at[1:]), "disabled"} {
		if key == "" {
			node = node.Content[0]
			continue
		}
		i := slices.IndexFunc(node.Content, func(n *yamlnode.Node) bool { return n.Value == key })
		if i < 0 {
			return nil, fmt.Errorf("it has no %s.disabled", at)
		}
		node = node.Content[i+1]
	}
	if node.Kind != yamlnode.SequenceNode || node.Style&yamlnode.FlowStyle != 0 || len(node.Content) == 0 {
		return nil, fmt.Errorf("its %s.disabled is not a list of one item a line", at)
	}
	return node, nil
}

// exclude adds a plugin to those that are disabled at a point.
func exclude(text []byte, c Change, at defaultprofile.Point) ([]byte, error) {
	list, err := disabledOf(text, at)
	if err != nil {
		return nil, err
	}
	lines := slices.Collect(bytes.Lines(text))
	last := list.Content[len(list.Content)-1]
	indent := strings.Repeat(" ", list.Column-1)
	item := comment(indent, sentence(c.Reason)) + indent + "- name: " + c.Plugin + "\n"
	return bytes.Join(slices.Insert(lines, last.Line, []byte(item)), nil), nil
}

// include removes a plugin, with the comment above it, from those that are
// disabled at a point.
func include(text []byte, c Change, at defaultprofile.Point) ([]byte, error) {
	list, err := disabledOf(text, at)
	if err != nil {
		return nil, err
	}
	lines := slices.Collect(bytes.Lines(text))
	for _, item := range list.Content {
		if len(item.Content) != 2 || item.Content[1].Value != c.Plugin {
			continue
		}
		from, to := item.Line-1, item.Line
		for from > 0 && bytes.HasPrefix(lines[from-1], []byte(strings.Repeat(" ", list.Column-1)+"#")) {
			from--
		}
		if len(list.Content) == 1 {
			// A list of nothing is not written with items.
			lines[list.Line-2] = bytes.Replace(lines[list.Line-2], []byte("disabled:"), []byte("disabled: []"), 1)
		}
		return bytes.Join(slices.Delete(lines, from, to), nil), nil
	}
	return nil, fmt.Errorf("its %s.disabled has no item %s", at, c.Plugin)
}

// commentWidth is how wide comments are.
const commentWidth = 80

// comment writes text as a comment.
func comment(indent, text string) string {
	var out strings.Builder
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > commentWidth && line != indent+"#" {
			out.WriteString(line + "\n")
			line = indent + "#"
			if strings.HasPrefix(text, "- ") {
				line += "  "
			}
		}
		line += " " + word
	}
	out.WriteString(line + "\n")
	return out.String()
}

// sentence makes a clause a sentence.
func sentence(clause string) string { return strings.ToUpper(clause[:1]) + clause[1:] + "." }
