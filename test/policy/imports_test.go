// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/evenkeel/evenkeel/"

// rule forbids imports to a part of the tree. Paths are prefixes: of folders
// for in and except, of import paths for imports and but.
type rule struct {
	in      []string
	except  []string
	imports []string
	but     []string
	// tests says that test files are held to the rule too.
	tests  bool
	reason string
}

var rules = map[string]rule{
	"nobody imports commands or tests": {
		in: []string{""}, except: []string{"cmd/", "test/", "hack/docgen"},
		imports: []string{module + "cmd/", module + "test/"},
		reason:  "dependencies point from commands to packages; docgen writes their pages",
	},
	"api stands alone": {
		in:      []string{"api"},
		imports: []string{module},
		but:     []string{module + "api/", module + "internal/golden"},
		tests:   true,
		reason:  "everything imports api",
	},
	"internals know only api and each other": {
		in: []string{"internal"}, except: []string{"internal/cli", "internal/mutatortest"},
		imports: []string{module + "plugins", module + "webhooks", module + "internal/cli"},
		reason:  "shared internals that knew their users would tie them together; the command line is a leaf",
	},
	"scheduler plugins know no webhook": {
		in:      []string{"plugins"},
		imports: []string{module + "webhooks", module + "internal/cli"},
		tests:   true,
		reason:  "the scheduler and the webhook meet in the API server only",
	},
	"webhooks know no plugin": {
		in:      []string{"webhooks"},
		imports: []string{module + "plugins", module + "internal/cli"},
		tests:   true,
		reason:  "the scheduler and the webhook meet in the API server only",
	},
	"controller-runtime stays in the webhook's shell": {
		in: []string{""}, except: []string{"webhooks/pod", "cmd/evenkeel-webhook", "internal/controlplane", "test/"},
		imports: []string{"sigs.k8s.io/controller-runtime"},
		reason:  "mutators are pure, so that the command line runs the very same code",
	},
	"mutators are pure": {
		in:      []string{"webhooks/mutate", "webhooks/jvm", "webhooks/agent", "webhooks/pidlimit", "webhooks/satoken", "webhooks/storage", "internal/podspec"},
		imports: []string{"k8s.io/client-go", "net", "net/http", "os", "time", "context", "math/rand"},
		reason:  "no client, no clock, no I/O: object and configuration in, object and report out",
	},
	"guardtest is for tests alone": {
		in: []string{""}, except: []string{"plugins/scheduler/guardtest/"},
		imports: []string{module + "plugins/scheduler/guardtest"},
		reason:  "it imports testing and declares flags, which no command may have",
	},
	"kubernetes internals stay in the scheduler": {
		in: []string{""}, except: []string{"cmd/evenkeel-scheduler", "plugins/scheduler", "api/config", "internal/controlplane", "internal/mutatortest", "test/"},
		imports: []string{"k8s.io/kubernetes/"},
		reason:  "k8s.io/kubernetes promises no API: each use must be re-checked with every minor",
	},
}

func TestImportsPointOneWay(t *testing.T) {
	files := goFiles(t)
	for name, r := range rules {
		t.Run(name, func(t *testing.T) {
			held := 0
			for _, f := range files {
				if f.isTest() && !r.tests || !hasPrefix(f.name, r.in) || hasPrefix(f.name, r.except) {
					continue
				}
				held++
				for _, imp := range f.ast.Imports {
					p, err := strconv.Unquote(imp.Path.Value)
					if err != nil {
						t.Fatal(err)
					}
					if isUnder(p, r.imports) && !isUnder(p, r.but) {
						t.Errorf("%s imports %s: %s", f.name, p, r.reason)
					}
				}
			}
			if held == 0 {
				t.Error("the rule holds for no file: its paths are out of date")
			}
		})
	}
}

func TestSchedulerPluginsImportNoOther(t *testing.T) {
	const plugins = "plugins/scheduler/"
	for _, f := range goFiles(t) {
		own, ok := strings.CutPrefix(f.name, plugins)
		if !ok || !strings.Contains(own, "/") {
			continue
		}
		own, _, _ = strings.Cut(own, "/")
		if own == "fastpath" {
			continue // It is no plugin, and asks one for candidates.
		}
		for _, imp := range f.ast.Imports {
			p, _ := strconv.Unquote(imp.Path.Value)
			other, ok := strings.CutPrefix(p, module+plugins)
			if slices.Contains([]string{"guardtest", "pluginmetrics", "podindex", "snapshotview"}, other) {
				continue // They are no plugins, and two look into them, or are tested with them.
			}
			if ok && other != own && !strings.HasPrefix(other, own+"/") {
				t.Errorf("%s imports the plugin %s: a plugin must be usable without the others", f.name, other)
			}
		}
	}
}

func hasPrefix(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// isUnder reports whether an import path is one of the paths or below it.
func isUnder(p string, paths []string) bool {
	for _, q := range paths {
		if p == strings.TrimSuffix(q, "/") || strings.HasPrefix(p, strings.TrimSuffix(q, "/")+"/") {
			return true
		}
	}
	return false
}
