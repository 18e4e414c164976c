// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"

	"gomodules.xyz/jsonpatch/v2"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
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

// render runs admission over all files.
func (c *cluster) render(sources []source) ([]*renderedFile, error) {
	var out []*renderedFile
	for _, s := range sources {
		documents, err := manifest.Parse(s.name, s.content)
		if err != nil {
			return nil, exit.Bad(err)
		}
		file := &renderedFile{name: s.name}
		for _, d := range documents {
			rendered, err := c.renderDocument(d)
			if err != nil {
				return nil, err
			}
			file.documents = append(file.documents, rendered)
		}
		out = append(out, file)
	}
	return out, nil
}

func (c *cluster) renderDocument(d *manifest.Document) (*renderedDocument, error) {
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
		w := c.admit(o, template)
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
func (c *cluster) admit(o *manifest.Object, t *manifest.Template) *renderedWorkload {
	w := &renderedWorkload{object: o}
	namespace := o.Namespace
	if namespace == "" {
		namespace = c.namespace
	}
	labels := c.labelsOf(namespace)
	selected, code := mutate.Selected(c.excluded, namespace, labels, t.Pod)
	w.code = code
	if code != "" {
		w.note = code.Sentence()
	}
	if !selected {
		w.note = "left alone: " + w.note
		return w
	}
	w.outcomes = c.chain.Run(mutate.Request{
		Namespace: namespace, NamespaceLabels: labels, Workload: workloadOf(o, t), ServerVersion: c.version,
	}, t.Pod)
	return w
}

// workloadOf returns what the pods of an object are replicas of.
func workloadOf(o *manifest.Object, t *manifest.Template) mutate.Workload {
	if t.Bare {
		return mutate.WorkloadOf(t.Pod)
	}
	name := o.Name
	if name == "" {
		name = o.GenerateName
	}
	return mutate.Workload{Kind: o.Kind, Name: name}
}

// where names an object's place for the report.
func (f *renderedFile) where(d *renderedDocument) string {
	return fmt.Sprintf("%s, document %d", f.name, d.before.Number)
}
