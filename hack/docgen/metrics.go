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

// metricSources are the packages that register metrics of each server.
var (
	webhookMetrics   = []string{"webhooks/pod", "cmd/evenkeel-webhook/app"}
	nodeMetrics      = []string{"plugins/node", "cmd/evenkeel-node/app"}
	schedulerMetrics = []string{"plugins/scheduler/replicaspread", "plugins/scheduler/guardedinterpodaffinity", "plugins/scheduler/guardedpodtopologyspread", "plugins/scheduler/profileguard", "plugins/scheduler/fastpath"}
)

// metricPackages have the constructors of metrics.
var metricPackages = []string{"github.com/prometheus/client_golang/prometheus", "k8s.io/component-base/metrics"}

// metric is a metric as its constructor is called.
type metric struct {
	name, kind, help string
	labels           []string
}

// metrics writes the page of the metrics of all servers.
func metrics(root string) (string, error) {
	var out strings.Builder
	out.WriteString("# Metrics\n\n## evenkeel-webhook\n\nServed over HTTP at `/metrics` of `--metrics-bind-address`, besides those of " +
		"controller-runtime, the Go runtime and the process. " +
		"No label takes a user's value; the reasons are in [reason-codes.md](reason-codes.md).\n\n")
	if err := writeMetrics(&out, root, webhookMetrics); err != nil {
		return "", err
	}
	out.WriteString("\n## evenkeel-scheduler\n\nServed as kube-scheduler's own, which it has besides: over HTTPS at `/metrics` of `--secure-port`, " +
		"for callers whom the API server authorizes. The time that each plugin takes is in " +
		"`scheduler_plugin_execution_duration_seconds`, under its name.\n\n")
	if err := writeMetrics(&out, root, schedulerMetrics); err != nil {
		return "", err
	}
	out.WriteString("\n## evenkeel-node\n\nServed over HTTP at `--metrics-bind-address`, what is per container at a path of its own " +
		"([node.md](../node.md)).\n\n")
	if err := writeMetrics(&out, root, nodeMetrics); err != nil {
		return "", err
	}
	return out.String(), nil
}

// writeMetrics writes the table of the metrics that the packages construct.
func writeMetrics(out *strings.Builder, root string, dirs []string) error {
	t := newTable("name", "type", "labels", "meaning")
	for _, dir := range dirs {
		src, err := readSource(root, dir)
		if err != nil {
			return err
		}
		found, err := src.metrics()
		if err != nil {
			return err
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
	return nil
}

// metrics returns what the package constructs, in the order of the source. A
// constructor that is called in a way that cannot be read is an error.
func (s *source) metrics() ([]metric, error) {
	var out []metric
	var failed error
	for _, f := range s.files {
		if !slices.ContainsFunc(metricPackages, func(pkg string) bool { return imports(f.ast, pkg) }) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || failed != nil {
				return failed == nil
			}
			fun := typeName(call.Fun)
			_, kind, ok := strings.Cut(fun, ".New")
			if pkg := strings.TrimSuffix(fun, ".New"+kind); !ok || pkg != "prometheus" && pkg != "metrics" ||
				strings.HasSuffix(kind, "Registry") || strings.HasSuffix(kind, "ConstMetric") {
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
	if kind == "Desc" {
		return s.description(call)
	}
	vec := strings.HasSuffix(kind, "Vec")
	m := metric{kind: strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(kind, "Vec"), "Func"))}
	if !slices.Contains([]string{"counter", "gauge", "histogram"}, m.kind) {
		return m, fmt.Errorf("not a kind of metric that docgen knows")
	}
	arg := call.Args[0]
	if pointer, ok := arg.(*ast.UnaryExpr); ok {
		arg = pointer.X
	}
	opts, ok := arg.(*ast.CompositeLit)
	if !ok {
		return m, fmt.Errorf("the options must be a literal")
	}
	var namespace, subsystem string
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
		case "Namespace":
			to = &namespace
		case "Subsystem":
			to = &subsystem
		case "Buckets", "StabilityLevel":
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
	for _, prefix := range []string{subsystem, namespace} {
		if prefix != "" {
			m.name = prefix + "_" + m.name
		}
	}
	if !vec {
		return m, nil
	}
	var err error
	m.labels, err = labelsOf(call.Args[1])
	return m, err
}

// description reads NewDesc(name, help, labels, ...), which is of a gauge: what
// is counted has a counter.
func (s *source) description(call *ast.CallExpr) (metric, error) {
	m := metric{kind: "gauge"}
	var named, helped bool
	m.name, named = stringValue(call.Args[0], nil)
	m.help, helped = stringValue(call.Args[1], nil)
	if !named || !helped {
		return m, fmt.Errorf("name and help must be strings")
	}
	if typeName(call.Args[2]) == "nil" {
		return m, nil
	}
	var err error
	m.labels, err = labelsOf(call.Args[2])
	return m, err
}

func labelsOf(expr ast.Expr) ([]string, error) {
	list, ok := expr.(*ast.CompositeLit)
	if !ok {
		return nil, fmt.Errorf("the labels must be a literal")
	}
	var labels []string
	for _, l := range list.Elts {
		label, ok := stringValue(l, nil)
		if !ok {
			return nil, fmt.Errorf("a label must be a string")
		}
		labels = append(labels, label)
	}
	return labels, nil
}

func imports(f *ast.File, pkg string) bool {
	return slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool {
		p, err := strconv.Unquote(i.Path.Value)
		return err == nil && p == pkg
	})
}
