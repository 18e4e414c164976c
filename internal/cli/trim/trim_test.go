// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/pmezard/go-difflib/difflib"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/golden"
)

// The configuration that the tests trim. It is not the shipped one, so that a
// comment there does not change the goldens here.
const shippedFile = "testdata/shipped.yaml"

// runTrim runs the verb.
func runTrim(t *testing.T, stdin io.Reader, args ...string) (stdout string, err error) {
	t.Helper()
	shipped, err := os.ReadFile(shippedFile)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := newCommand(shipped)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{}, args...))
	cmd.SetIn(stdin)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func mustTrim(t *testing.T, args ...string) string {
	t.Helper()
	out, err := runTrim(t, strings.NewReader(""), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const devices = "deviceclasses,resourceclaims,resourceclaimtemplates"

// dumps are clusters, and what is said of each.
var dumps = map[string][]string{
	// Volumes are used and soft taints are not; whether there are devices, nobody
	// says.
	"bank": {"-f", "testdata/dumps/bank.yaml"},
	// The same, without devices.
	"bank-without-devices": {"-f", "testdata/dumps/bank.yaml", "--listed", devices},
	// Nothing uses anything, and all of it is known.
	"bare": {"-f", "testdata/dumps/bare.json", "--listed", "pvc,pv,sc,pc,svc," + devices},
	// Pods without anything else.
	"pods": {"-f", "testdata/dumps/pods.yaml"},
}

func TestTrimReportsAsTable(t *testing.T) {
	for name, args := range dumps {
		t.Run(name, func(t *testing.T) {
			golden.Check(t, "testdata/golden/"+name+".table.txt", []byte(mustTrim(t, args...)))
		})
	}
}

func TestTrimReportsAsJSON(t *testing.T) {
	for name, args := range dumps {
		t.Run(name, func(t *testing.T) {
			out := mustTrim(t, append(args, "-o", "json")...)
			// The configuration is the one of -o yaml.
			var fields map[string]json.RawMessage
			if err := json.Unmarshal([]byte(out), &fields); err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(fields["configuration"], &got); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(mustTrim(t, append(args, "-o", "yaml")...)), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("configuration (-yaml +json):\n%s", diff)
			}
			before, _, _ := strings.Cut(out, `  "configuration": {`)
			golden.Check(t, "testdata/golden/"+name+".json", []byte(before))
		})
	}
}

// TestTrimWritesTheConfiguration shows what differs from the one that is trimmed.
func TestTrimWritesTheConfiguration(t *testing.T) {
	shipped, err := os.ReadFile(shippedFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range dumps {
		t.Run(name, func(t *testing.T) {
			diff, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
				A: difflib.SplitLines(string(shipped)), B: difflib.SplitLines(mustTrim(t, append(args, "-o", "yaml")...)),
				FromFile: "shipped", ToFile: "trimmed", Context: 2,
			})
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, "testdata/golden/"+name+".yaml.diff", []byte(diff))
		})
	}
}

// TestStdinAndSeveralFilesAreOneDump splits a dump.
func TestStdinAndSeveralFilesAreOneDump(t *testing.T) {
	content, err := os.ReadFile("testdata/dumps/bank.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := mustTrim(t, "-f", "testdata/dumps/bank.yaml")
	got, err := runTrim(t, bytes.NewReader(content), "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(want, "testdata/dumps/bank.yaml", "stdin", 1); got != want {
		t.Errorf("from standard input (-want +got):\n%s", cmp.Diff(want, got))
	}
	both, err := runTrim(t, bytes.NewReader(content), "-f", "-", "-f", "testdata/dumps/pods.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(both, "stdin, testdata/dumps/pods.yaml: 3 Nodes, 11 Pods, ") {
		t.Errorf("from both: %q", both[:80])
	}
}

// TestAListOfOneKindCoversIt: unlike a List of everything, it cannot be empty
// because nobody asked.
func TestAListOfOneKindCoversIt(t *testing.T) {
	missing := func(stdin string) map[string]bool {
		out, err := runTrim(t, strings.NewReader(stdin), "-f", "testdata/dumps/pods.yaml", "-f", "-", "-o", "json")
		if err != nil {
			t.Fatal(err)
		}
		var d Document
		if err := json.Unmarshal([]byte(out), &d); err != nil {
			t.Fatal(err)
		}
		kinds := map[string]bool{}
		for _, m := range d.Missing {
			kinds[m.Kind] = true
		}
		return kinds
	}
	for name, list := range map[string]string{
		"JSON": `{"apiVersion":"v1","kind":"PersistentVolumeClaimList","items":[]}`,
		"YAML": "apiVersion: v1\nkind: PersistentVolumeClaimList\nitems: []\n",
	} {
		if got := missing(list); got["PersistentVolumeClaim"] || !got["StorageClass"] {
			t.Errorf("%s: missing %v, want StorageClass and no PersistentVolumeClaim", name, got)
		}
	}
	if got := missing(`{"apiVersion":"v1","kind":"List","items":[]}`); !got["PersistentVolumeClaim"] {
		t.Errorf("an empty List: missing %v, want PersistentVolumeClaim too", got)
	}
}

func TestWrongInputIsRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	wrongType := write("type.yaml", "kind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {namespace: shop, name: a}\n  spec: {priority: high}\n")
	none := write("none.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
	broken := write("broken.json", `{"kind":"List","items":[`)
	kubeconfig := write("kubeconfig", "{")
	empty := write("empty", "")
	other := write("other", `{apiVersion: v1, kind: Config, contexts: [{name: c, context: {cluster: c}}], clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]}`)
	t.Setenv("KUBECONFIG", filepath.Join(dir, "nothing"))

	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"an argument":              {[]string{"dump.yaml"}, `unexpected argument "dump.yaml"; name a dump with -f, such as -f dump.yaml`},
		"an output":                {[]string{"-o", "wide"}, `-o "wide" is not known; use table, yaml or json`},
		"no file":                  {[]string{"-f", dir + "/x"}, "-f " + dir + "/x: no such file"},
		"no name":                  {[]string{"-f", ""}, "-f needs a file name, or - for standard input"},
		"a folder":                 {[]string{"-f", dir}, "-f " + dir + ": is a folder; name the dump in it"},
		"standard input twice":     {[]string{"-f", "-", "-f", "-"}, "-f - is given twice; standard input can be read only once"},
		"a dump and a cluster":     {[]string{"-f", none, "--context", "x"}, "-f reads a dump and --kubeconfig and --context name a cluster; use one or the other"},
		"kinds of no dump":         {[]string{"--listed", "pvc"}, "--listed says something of a dump; name it with -f"},
		"a kind that is not":       {[]string{"-f", "testdata/dumps/bank.yaml", "--listed", "secrets"}, `--listed: "secrets" is not a kind that is looked at; use nodes, pods, services, `},
		"no nodes and no pods":     {[]string{"-f", none}, none + ": has neither nodes nor pods; make the dump with kubectl get nodes,pods,... -A -o json, see evenkeel trim --help"},
		"nothing":                  {[]string{"-f", "-"}, "stdin: has neither nodes nor pods; "},
		"a field of another type":  {[]string{"-f", wrongType}, wrongType + " (Pod shop/a), line 3: "},
		"half a dump":              {[]string{"-f", broken}, broken + ": ends in the middle of an object; it is incomplete"},
		"no kubeconfig":            {nil, "there is no kubeconfig that names a cluster; name one with --kubeconfig, or a dump with -f"},
		"a kubeconfig that is not": {[]string{"--kubeconfig", dir + "/x"}, "--kubeconfig " + dir + "/x: "},
		"a wrong kubeconfig":       {[]string{"--kubeconfig", kubeconfig}, "--kubeconfig " + kubeconfig + ": "},
		"an empty kubeconfig":      {[]string{"--kubeconfig", empty}, "there is no kubeconfig that names a cluster; "},
		"a context that is not":    {[]string{"--kubeconfig", other, "--context", "d"}, "--kubeconfig " + other + `: context "d" does not exist`},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := runTrim(t, strings.NewReader(""), tc.args...)
			if exit.CodeOf(err) != exit.BadInput || !strings.HasPrefix(err.Error(), tc.want) || out != "" {
				t.Fatalf("exit code %d, output %q, error\n     %v\nwant %s", exit.CodeOf(err), out, err, tc.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
		})
	}
}

// TestAFailingReaderIsNoBadInput: the input may be right.
func TestAFailingReaderIsNoBadInput(t *testing.T) {
	_, err := runTrim(t, iotest.ErrReader(errors.New("device gone")), "-f", "-")
	if exit.CodeOf(err) != exit.Failure || !strings.HasPrefix(err.Error(), "-f -: cannot be read: ") {
		t.Errorf("exit code %d: %v", exit.CodeOf(err), err)
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	for want, n := range map[string]int{"0": 0, "999": 999, "1,000": 1000, "12,345,006": 12345006} {
		if got := thousands(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
