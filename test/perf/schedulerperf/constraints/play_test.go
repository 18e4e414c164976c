// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package constraints

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	perf "k8s.io/kubernetes/test/integration/scheduler_perf"
	"k8s.io/kubernetes/test/utils/client-go/ktesting"

	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/contender"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/upstream"
)

// integrationTest is the label of the workloads that upstream runs as tests, in
// sizes of a few nodes.
const integrationTest = "integration-test"

// play is one of upstream's folders of workloads and who schedules them. It runs
// in a process of its own: scheduler_perf has its settings in global variables.
type play struct {
	Folder, Scheduler string
	// Case is the only test case to run; empty means all.
	Case string
	// Config is added to the scheduler's configuration.
	Config string
	// Sources are Kubernetes', Dir is for everything that is written.
	Sources, Dir string
}

// result is what came of a play.
type result struct {
	// Wanted are the workloads that should have run.
	Wanted   []string
	Outcomes map[string]outcome
}

// outcome is where a workload ended.
type outcome struct{ Cluster }

// playVariable makes the test binary run the play that its value describes.
const playVariable = "EVENKEEL_TEST_PLAY"

func TestMain(m *testing.M) {
	text := os.Getenv(playVariable)
	if text == "" {
		m.Run()
		return
	}
	var p play
	err := json.Unmarshal([]byte(text), &p)
	if err == nil {
		err = p.perform()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

// needControlPlane returns the folder of etcd.
func needControlPlane(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts API servers")
	}
	paths, err := binaries.Ensure(t.Context(), binaries.Options{Progress: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(paths.Etcd)
}

const resultFile = "result.json"

// run has the play performed by another process.
func (p play) run(t *testing.T, etcd string) result {
	t.Helper()
	p.Sources, p.Dir = moduleDir(t), t.TempDir()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), playVariable+"="+string(text), "PATH="+etcd+string(os.PathListSeparator)+os.Getenv("PATH"))
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, upstream.Why(output))
	}
	var r result
	if text, err = os.ReadFile(filepath.Join(p.Dir, resultFile)); err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Wanted) == 0 {
		t.Error("upstream has no such workload any more")
	}
	for _, name := range r.Wanted {
		if _, ok := r.Outcomes[name]; !ok {
			t.Errorf("%s did not run", name)
		}
	}
	return r
}

// perform runs the workloads and writes what came of them, also if one failed.
func (p play) perform() error {
	c, err := contender.Load(p.Scheduler, "")
	if err != nil {
		return err
	}
	dir := filepath.Join(p.Sources, "test", "integration", "scheduler_perf", p.Folder)
	cases, err := upstream.ReadTestCases(filepath.Join(dir, "performance-config.yaml"))
	if err != nil {
		return err
	}
	r := result{Outcomes: map[string]outcome{}}
	cases = cases.Select(func(testCase, workload string, labels []string) bool {
		keep := (p.Case == "" || p.Case == testCase) && slices.Contains(labels, integrationTest)
		if keep {
			r.Wanted = append(r.Wanted, testCase+"/"+workload)
		}
		return keep
	})
	schedulerFile, config := filepath.Join(p.Dir, "scheduler.yaml"), filepath.Join(p.Dir, "workloads.yaml")
	if err := os.WriteFile(schedulerFile, append(c.Config, p.Config...), 0o600); err != nil {
		return err
	}
	if err := cases.Schedule(schedulerFile, c.FeatureGates).Write(config); err != nil {
		return err
	}
	failed := upstream.Run{
		Name: p.Scheduler, Config: config, Dir: dir, Labels: integrationTest, Results: p.Dir, NewRegistry: c.NewRegistry,
		Options: []perf.SchedulerPerfOption{perf.WithPrepareFn(func(tCtx ktesting.TContext) error {
			_, name, _ := strings.Cut(tCtx.TB().Name(), "/")
			// The API server and the scheduler are stopped after this.
			tCtx.TB().Cleanup(func() {
				o, err := look(tCtx, tCtx.Client())
				if err != nil {
					tCtx.TB().Errorf("looking where the pods went: %v", err)
				}
				r.Outcomes[name] = o
			})
			return nil
		})},
	}.Do()
	text, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(filepath.Join(p.Dir, resultFile), text, 0o600)
	}
	return errors.Join(failed, err)
}

func look(ctx context.Context, client kubernetes.Interface) (outcome, error) {
	var o outcome
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return o, err
	}
	namespaces, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return o, err
	}
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return o, err
	}
	o.Cluster = Cluster{Nodes: nodes.Items, Namespaces: namespaces.Items, Pods: pods.Items}
	return o, nil
}

// moduleDir is where Kubernetes' sources are.
func moduleDir(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes").Output()
	if err != nil {
		t.Fatalf("finding the sources of Kubernetes: %v", err)
	}
	return strings.TrimSpace(string(out))
}
