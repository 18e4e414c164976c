// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutatortest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// planted is a field that no Go type of ours knows, as a newer API server might
// send it.
const planted = "fieldOfALaterRelease"

// ownPrefix begins the names of what Evenkeel adds to a pod.
const ownPrefix = "evenkeel-"

// checkUnknownFields plants unknown fields in the pod's spec and in each
// container, volume, mount and environment entry. The patch must apply, change
// the rest as it does without them, and leave them on whatever still stands.
func checkUnknownFields(tb testing.TB, chain *mutate.Chain, req mutate.Request, raw []byte) {
	tb.Helper()
	plain := applyOperations(tb, raw, chain.Run(req, decode(tb, raw)).Operations)

	doc := decodeDocument(tb, raw)
	for _, o := range plantable(doc) {
		o[planted] = map[string]any{"kept": true}
	}
	withFields, err := json.Marshal(doc)
	if err != nil {
		tb.Fatalf("encoding the pod with unknown fields: %v", err)
	}
	out := chain.Run(req, decode(tb, withFields))
	patched := decodeDocument(tb, applyOperations(tb, withFields, out.Operations))

	before, after := plantable(doc), plantable(patched)
	for key, o := range after {
		// Evenkeel's own volumes and containers may be replaced as a whole.
		if _, kept := o[planted]; !kept && before[key] != nil && !strings.Contains(key, "/env/") && !strings.Contains(key, "/"+ownPrefix) {
			tb.Errorf("the unknown field of %s is lost", key)
		}
	}
	// A user's entry may go by its private name, and others come that have its own.
	had, has := countEnv(before), countEnv(after)
	for name, n := range had {
		if has[name].planted < min(n.own, has[name].all) {
			tb.Errorf("an unknown field of %s is lost", name)
		}
	}
	for _, o := range after {
		delete(o, planted)
	}
	if diff := cmp.Diff(decodeDocument(tb, plain), patched); diff != "" {
		tb.Errorf("a pod with unknown fields is changed in another way than one without (-without +with):\n%s", diff)
	}
}

// envCount says how many entries of an environment variable there are: all of
// them, those with the planted field, and those without a private name.
type envCount struct{ all, planted, own int }

// countEnv counts the entries of each variable, those with a private name among
// those of the variable that it is for.
func countEnv(objects map[string]map[string]any) map[string]envCount {
	counts := map[string]envCount{}
	for key, o := range objects {
		container, name, ok := strings.Cut(key, "/env/")
		if !ok {
			continue
		}
		name = strings.TrimRight(name, "'")
		channel, private := strings.CutPrefix(name, wellknown.PrivateEnvPrefix)
		n := counts[container+"/env/"+channel]
		n.all++
		if _, ok := o[planted]; ok {
			n.planted++
		}
		if !private {
			n.own++
		}
		counts[container+"/env/"+channel] = n
	}
	return counts
}

// plantable returns the objects of a pod document that get an unknown field, by
// a key that stays the same when others are put before them.
func plantable(doc map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	spec, _ := doc["spec"].(map[string]any)
	if spec == nil {
		return out
	}
	out["spec"] = spec
	list := func(prefix string, of map[string]any, field, name string) {
		items, _ := of[field].([]any)
		seen := map[string]int{}
		for _, item := range items {
			o, _ := item.(map[string]any)
			if o == nil {
				continue
			}
			id, _ := o[name].(string)
			key := prefix + "/" + field + "/" + id
			for range seen[key] {
				key += "'"
			}
			seen[prefix+"/"+field+"/"+id]++
			out[key] = o
		}
	}
	list("spec", spec, "volumes", "name")
	for _, field := range []string{"containers", "initContainers"} {
		list("spec", spec, field, "name")
		items, _ := spec[field].([]any)
		for _, item := range items {
			if c, _ := item.(map[string]any); c != nil {
				name, _ := c["name"].(string)
				list("spec/"+field+"/"+name, c, "env", "name")
				list("spec/"+field+"/"+name, c, "volumeMounts", "mountPath")
			}
		}
	}
	return out
}

func decodeDocument(tb testing.TB, raw []byte) map[string]any {
	tb.Helper()
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		tb.Fatalf("decoding the document: %v", err)
	}
	return doc
}
