// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// metricSources are the packages that register metrics.
var metricSources = []string{"webhooks/pod", "cmd/evenkeel-webhook/app"}

const prometheusPackage = "github.com/prometheus/client_golang/prometheus"

// metric is a metric as its constructor is called.
type metric struct {
	name, kind, help string
	labels           []string
}

// metrics writes the page of the webhook's metrics.
func metrics(root string) (string, error) {
	var out strings.Builder
	out.WriteString("# Metrics\n\n## evenkeel-webhook\n\nServed over HTTP at `/metrics` of `--metrics-bind-address`, besides those of " +
		"controller-runtime, the Go runtime and the process. " +
		"No label takes a user's value; the reasons are in [reason-codes.md](reason-codes.md).\n\n")
	t := newTable("name", "type", "labels", "meaning")
	for _, dir := range metricSources {
		src, err := readSource(root, dir)
		if err != nil {
			return "", err
		}
		found, err := src.metrics()
		if err != nil {
			return "", err
		}
		for _, m := range found {
			var labels []string
			for _, l := range m.labels {
				labels = append(labels, code(l))
			}
			t.row(code(m.name), m.kind, strings.Join(labels, ", "), cell(m.help, src.rename))
		}
	}
	out.WriteString(t.String())
	out.WriteString("\n## evenkeel-scheduler\n\nIt has kube-scheduler's metrics, served as kube-scheduler does: over HTTPS at `/metrics` of `--secure-port`, " +
		"for callers whom the API server authorizes. The share of `ReplicaSpread` is in " +
		"`scheduler_plugin_execution_duration_seconds{plugin=\"ReplicaSpread\"}`; the plugin has no metrics of its own.\n")
	return out.String(), nil
}

// metrics returns what the package constructs, in the order of the source. A
// constructor that is called in a way that cannot be read is an error.
func (s *source) metrics() ([]metric, error) {
	var out []metric
	var failed error
	for _, f := range s.files {
		if !imports(f.ast, prometheusPackage) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || failed != nil {
				return failed == nil
			}
			fun := typeName(call.Fun)
			kind, ok := strings.CutPrefix(fun, "prometheus.New")
			if !ok || strings.HasSuffix(kind, "Registry") {
				return true
			}
			m, err := s.metric(kind, call)
			if err != nil {
				failed = fmt.Errorf("%s: the call of %s: %w", f.name, fun, err)
			}
			out = append(out, m)
			return true
		})
	}
	if failed == nil && len(out) == 0 {
		failed = fmt.Errorf("%s: the package constructs no metric", s.files[0].name)
	}
	return out, failed
}

// metric reads New<kind>(<Kind>Opts{...}, labels or a function).
func (s *source) metric(kind string, call *ast.CallExpr) (metric, error) {
	vec := strings.HasSuffix(kind, "Vec")
	m := metric{kind: strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(kind, "Vec"), "Func"))}
	if !slices.Contains([]string{"counter", "gauge", "histogram"}, m.kind) {
		return m, fmt.Errorf("not a kind of metric that docgen knows")
	}
	opts, ok := call.Args[0].(*ast.CompositeLit)
	if !ok {
		return m, fmt.Errorf("the options must be a literal")
	}
	for _, e := range opts.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return m, fmt.Errorf("the options must name their fields")
		}
		var to *string
		switch key := typeName(pair.Key); key {
		case "Name":
			to = &m.name
		case "Help":
			to = &m.help
		case "Buckets":
			continue
		default:
			return m, fmt.Errorf("option %s is not one that docgen knows", key)
		}
		if *to, ok = stringValue(pair.Value, nil); !ok {
			return m, fmt.Errorf("%s must be a string", typeName(pair.Key))
		}
	}
	if m.name == "" || m.help == "" {
		return m, fmt.Errorf("it has no name or no help")
	}
	if !vec {
		return m, nil
	}
	labels, ok := call.Args[1].(*ast.CompositeLit)
	if !ok {
		return m, fmt.Errorf("the labels must be a literal")
	}
	for _, l := range labels.Elts {
		label, ok := stringValue(l, nil)
		if !ok {
			return m, fmt.Errorf("a label must be a string")
		}
		m.labels = append(m.labels, label)
	}
	return m, nil
}

func imports(f *ast.File, pkg string) bool {
	return slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool {
		p, err := strconv.Unquote(i.Path.Value)
		return err == nil && p == pkg
	})
}
