// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"

	"gomodules.xyz/jsonpatch/v2"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/input"
	"github.com/evenkeel/evenkeel/internal/cli/standin"
	"github.com/evenkeel/evenkeel/internal/manifest"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// renderedFile is a file with what became of it.
type renderedFile struct {
	name      string
	documents []*renderedDocument
}

// renderedDocument is a document before and after.
type renderedDocument struct {
	before, after *manifest.Document
	// rewritten says that the document's layout could not be kept.
	rewritten bool
	workloads []*renderedWorkload
	// others counts the objects without pods.
	others int
}

func (d *renderedDocument) changed() bool { return d.before != d.after }

// renderedWorkload is an object with a pod and what admission would do to that.
type renderedWorkload struct {
	object *manifest.Object
	// note says why the object was left alone before any feature saw it, or what
	// else there is to say about it; code is the reason where there is one.
	note string
	code mutate.Code
	// outcomes is nil when the object was left alone.
	outcomes *mutate.Outcomes
}

// renderAll runs admission over all files.
func renderAll(c *standin.Cluster, sources []input.Source) ([]*renderedFile, error) {
	var out []*renderedFile
	for _, s := range sources {
		documents, err := manifest.Parse(s.Name, s.Content)
		if err != nil {
			return nil, exit.Bad(err)
		}
		file := &renderedFile{name: s.Name}
		for _, d := range documents {
			rendered, err := renderDocument(c, d)
			if err != nil {
				return nil, err
			}
			file.documents = append(file.documents, rendered)
		}
		out = append(out, file)
	}
	return out, nil
}

func renderDocument(c *standin.Cluster, d *manifest.Document) (*renderedDocument, error) {
	objects, err := d.Objects()
	if err != nil {
		return nil, exit.Bad(err)
	}
	out := &renderedDocument{before: d}
	var ops []jsonpatch.Operation
	for _, o := range objects {
		template, err := o.Template()
		if err != nil {
			return nil, exit.Bad(err)
		}
		if template == nil {
			if o.Retired() {
				out.workloads = append(out.workloads, &renderedWorkload{object: o,
					note: "left alone: no supported Kubernetes serves apiVersion " + o.APIVersion})
			} else {
				out.others++
			}
			continue
		}
		w := admit(c, o, template)
		if w.outcomes != nil {
			if w.outcomes.Denied != "" {
				return nil, exit.Badf("%s, document %d (%s): admission refuses the pod: %s", d.File, d.Number, o, w.outcomes.Denied)
			}
			ops = append(ops, template.Operations(w.outcomes.Operations)...)
		}
		out.workloads = append(out.workloads, w)
	}
	if out.after, out.rewritten, err = d.Patch(ops); err != nil {
		return nil, err
	}
	return out, nil
}

// admit does with the pod of an object what the webhook would do.
func admit(c *standin.Cluster, o *manifest.Object, t *manifest.Template) *renderedWorkload {
	a := c.Admit(o, t)
	w := &renderedWorkload{object: o, code: a.Code, outcomes: a.Outcomes}
	if a.Code != "" {
		w.note = a.Code.Sentence()
	}
	if !a.Selected {
		w.note = "left alone: " + w.note
	}
	return w
}

// where names an object's place for the report.
func (f *renderedFile) where(d *renderedDocument) string {
	return fmt.Sprintf("%s, document %d", f.name, d.before.Number)
}
