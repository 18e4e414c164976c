// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/kubernetes"

	"github.com/evenkeel/evenkeel/internal/cli/exit"
	"github.com/evenkeel/evenkeel/internal/cli/playground/objects"
	"github.com/evenkeel/evenkeel/internal/cli/playground/report"
	"github.com/evenkeel/evenkeel/internal/controlplane"
	"github.com/evenkeel/evenkeel/internal/controlplane/binaries"
	"github.com/evenkeel/evenkeel/internal/datacentre/provision"
	"github.com/evenkeel/evenkeel/internal/manifest"
	evenkeelversion "github.com/evenkeel/evenkeel/internal/version"
)

// errInterrupted ends a run that was interrupted before there was a result.
var errInterrupted = &exit.Error{Code: exit.Interrupted, Err: errors.New("interrupted before there was a result")}

// run does all that the plan says. It returns nil when every pod runs and every
// mutation is there, and when it was interrupted after it had said so.
func (p *plan) run(ctx context.Context, io streams) error {
	webhook, err := findProgram(webhookName, p.binDir)
	if err != nil {
		return err
	}
	scheduler, err := findProgram(schedulerName, p.binDir)
	if err != nil {
		return err
	}
	if p.schedulerConfig != "" {
		if err := trySchedulerFile(ctx, scheduler, p.scheduler); err != nil {
			return interrupted(ctx, err)
		}
	}
	paths, err := binaries.Ensure(ctx, binaries.Options{Dir: binariesFolder(p.binDir), Progress: io.line})
	if err != nil {
		return interrupted(ctx, err)
	}
	plane, err := controlplane.Start(ctx, controlplane.Options{Dir: p.dir, KeepDir: p.keep, Binaries: paths, Progress: io.line})
	if err != nil {
		return interrupted(ctx, err)
	}
	// Work ends when a process does, and says which one.
	ctx, fail := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case err := <-plane.Failed():
			fail(err)
		case <-ctx.Done():
		}
	}()
	r := &running{plane: plane, io: io}
	err = p.play(ctx, r, webhook, scheduler)
	fail(nil)
	<-watched
	if p.dir == "" && (p.keep || exit.CodeOf(err) == exit.Failure) {
		plane.KeepDir()
		io.say("The run directory is kept: %s", plane.Dir())
	}
	io.say("Ending all processes")
	return errors.Join(err, plane.Stop())
}

// interrupted turns the error of a step that the user's interrupt ended into a
// short one, and that of a process that died into what the process said.
func interrupted(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case err == nil || cause == nil:
		return err
	case errors.Is(cause, context.Canceled):
		return errInterrupted
	default:
		return cause
	}
}

// running is a control plane with what this package runs in it.
type running struct {
	plane *controlplane.ControlPlane
	io    streams
}

// play brings the data centre up, shows what became of the pods and, unless that
// is all, stays up.
func (p *plan) play(ctx context.Context, r *running, webhook, scheduler string) error {
	doc, err := p.show(ctx, r, webhook, scheduler)
	if err != nil {
		return interrupted(ctx, err)
	}
	if err := p.print(r, doc); err != nil {
		return err
	}
	verdict := judgement(doc)
	if p.once {
		return verdict
	}
	if verdict != nil {
		// Before Ctrl-C, which removes it.
		r.plane.KeepDir()
	}
	r.io.say("\nUp until Ctrl-C.")
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return verdict
}

// show does the work and returns the facts.
func (p *plan) show(ctx context.Context, r *running, webhook, scheduler string) (*report.Document, error) {
	client, err := newClient(r.plane.Config())
	if err != nil {
		return nil, err
	}
	info, err := client.Discovery().ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("version of the API server: %w", err)
	}
	server, err := version.ParseGeneric(info.GitVersion)
	if err != nil {
		return nil, fmt.Errorf("version of the API server: %w", err)
	}
	judge := report.NewJudge(p.admission.config, ownNamespace, server)
	applier, err := objects.NewApplier(r.plane.Config(), r.io.err)
	if err != nil {
		return nil, err
	}

	if err := r.install(ctx, applier); err != nil {
		return nil, err
	}
	r.io.say("Starting %s", webhookName)
	if err := r.startWebhook(ctx, client, webhook, p.admission); err != nil {
		return nil, err
	}
	r.io.say("Starting %s", schedulerName)
	if err := r.startScheduler(ctx, scheduler, p.scheduler); err != nil {
		return nil, err
	}
	if err := r.awaitWebhook(ctx, client, judge); err != nil {
		return nil, err
	}

	if err := r.provision(ctx, client, p.nodes); err != nil {
		return nil, err
	}

	if err := r.apply(ctx, applier, p.objects); err != nil {
		return nil, err
	}
	cluster, err := settle(ctx, client, p.timeout, r.io)
	if err != nil {
		return nil, err
	}
	return report.New(cluster, judge, report.Software{
		Version: evenkeelversion.Version, KubernetesVersion: info.GitVersion,
	}), nil
}

// nodePatience bounds how long the nodes may take: for each of them ten times what
// it takes on two idle cores, and a minute for all.
func nodePatience(nodes int) time.Duration {
	return time.Minute + time.Duration(nodes)*100*time.Millisecond
}

// provision makes the nodes and waits until they take pods.
func (r *running) provision(ctx context.Context, client kubernetes.Interface, nodes []*corev1.Node) error {
	ctx, cancel := context.WithTimeout(ctx, nodePatience(len(nodes)))
	defer cancel()
	bar := r.io.counter("nodes")
	defer bar.end()
	return provision.Nodes(ctx, client, nodes, func(stage string, done, total int) {
		// Creating and becoming ready overlap; the second is the one that counts.
		if stage == provision.StageReady {
			bar.show(done, total, " ready")
		}
	})
}

// apply applies the user's objects, in namespaces that admission looks at.
func (r *running) apply(ctx context.Context, applier *objects.Applier, list []objects.Object) error {
	for _, name := range objects.Namespaces(list) {
		if kept(name) {
			continue
		}
		r.io.say("Namespace %s is in no file: it gets the label that switches admission on", name)
		list = append(list, enabledNamespace(name))
	}
	r.io.say("Applying %d objects", len(list))
	err := applier.Apply(ctx, list)
	if input := (*manifest.Error)(nil); errors.As(err, &input) {
		return exit.Bad(err)
	}
	return err
}

// print prints the result, and for a person where to go on.
func (p *plan) print(r *running, doc *report.Document) error {
	if p.output == outputJSON {
		if err := doc.WriteJSON(r.io.out); err != nil {
			return err
		}
	} else if err := doc.WriteTables(r.io.out); err != nil {
		return err
	}
	if len(doc.Problems) > 0 {
		r.io.say("")
		lines := report.Lines(doc.Problems)
		for _, line := range lines[:min(len(lines), maxProblems)] {
			r.io.line(line)
		}
		if more := len(lines) - maxProblems; more > 0 {
			r.io.say("... and %d more: -o json has them all", more)
		}
	}
	if p.once {
		return nil
	}
	to := r.io.out
	if p.output == outputJSON {
		to = r.io.err
	}
	_, err := fmt.Fprintf(to, "\nkubeconfig: %s\nlogs:       %s\n\n  %s --kubeconfig %s get pods -A -o wide\n",
		r.plane.Kubeconfig(), filepath.Dir(r.plane.Log(schedulerName)), r.plane.Binaries().Kubectl, r.plane.Kubeconfig())
	return err
}

// maxProblems bounds how many lines of problems are for a person.
const maxProblems = 20

// judgement is the error that a document with problems ends in.
func judgement(doc *report.Document) error {
	if doc.OK {
		return nil
	}
	counts := map[report.ProblemCode]int{}
	var order []report.ProblemCode
	for _, p := range doc.Problems {
		if counts[p.Code] == 0 {
			order = append(order, p.Code)
		}
		counts[p.Code]++
	}
	text := ""
	for _, code := range order {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d x %s", counts[code], code)
	}
	return fmt.Errorf("not all is well: %s", text)
}
