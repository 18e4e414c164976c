// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profileguard

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/tools/events"
	"k8s.io/component-base/metrics"
	resourcehelper "k8s.io/component-helpers/resource"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	schedutil "k8s.io/kubernetes/pkg/scheduler/util"
	"k8s.io/utils/lru"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/api/config/validation"
	"github.com/evenkeel/evenkeel/internal/defaultprofile"
)

const (
	// Name is the name of the plugin in the registry and in configurations.
	Name = "ProfileGuard"

	// Reason is the reason of the event on a pod that uses what is left out.
	Reason = "ConstraintIgnored"

	// action is the event's action, the same as in those of kube-scheduler.
	action = "Scheduling"

	// maxTold is how many pods are remembered as told, at about 150 bytes each. A
	// pod that waits is tried at least every five minutes, so it is among the last
	// unless as many others that use what is left out came in between.
	maxTold = 65536

	// maxNoteLength is how long the API server lets the note of an event be, in
	// bytes.
	maxNoteLength = 1024
)

// ProfileGuard counts the pods that use a plugin that the profile lacks, and
// tells each in an event, once.
//
// It stands at PreFilter because that is the first point that every pod passes
// which is tried, also one that is never placed. It always returns Skip: it
// rejects nothing, reads nothing but the pod, and has no Filter.
type ProfileGuard struct {
	omissions []omission
	recorder  events.EventRecorder
	told      *lru.Cache
}

// omission is a plugin that is left out.
type omission struct {
	feature, plugin, reason string
	uses                    func(*corev1.Pod) bool
	pods                    metrics.CounterMetric
}

var _ fwk.PreFilterPlugin = &ProfileGuard{}
var _ fwk.EnqueueExtensions = &ProfileGuard{}
var _ fwk.SignPlugin = &ProfileGuard{}

// New initializes the plugin. kube-scheduler calls it once per profile.
func New(ctx context.Context, obj runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
	args, ok := obj.(*config.ProfileGuardArgs)
	if !ok {
		return nil, fmt.Errorf("want args to be of type ProfileGuardArgs, got %T", obj)
	}
	path := field.NewPath("pluginConfig").Key(Name).Child("args")
	if err := append(validation.ValidateProfileGuardArgs(path, args), ValidateNames(path, args)...).ToAggregate(); err != nil {
		return nil, err
	}
	counter, err := newCounter()
	if err != nil {
		return nil, err
	}
	pl := &ProfileGuard{recorder: h.EventRecorder(), told: lru.New(maxTold)}
	for _, a := range args.AcceptMissing {
		p, _ := defaultprofile.Find(a.Plugin)
		pl.omissions = append(pl.omissions, omission{
			feature: p.Feature, plugin: p.Name, reason: a.Reason,
			uses: users(p, h), pods: counter.WithLabelValues(h.ProfileName(), p.Name),
		})
		klog.FromContext(ctx).Info("The profile leaves out a plugin that its configuration accepts as missing",
			"profile", h.ProfileName(), "plugin", p.Name, "ignored", p.Feature, "reason", a.Reason)
	}
	return pl, nil
}

// users returns what says whether a pod uses the plugin.
func users(p defaultprofile.Plugin, h fwk.Handle) func(*corev1.Pod) bool {
	if p.Name != "DynamicResources" || h.SharedDRAManager() == nil {
		return func(pod *corev1.Pod) bool { return p.Uses(&pod.Spec) }
	}
	// An extended resource is one of the plugin's when a DeviceClass says so.
	classes := h.SharedDRAManager().DeviceClassResolver()
	return func(pod *corev1.Pod) bool {
		if p.Uses(&pod.Spec) {
			return true
		}
		for name, quantity := range resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{}) {
			if !quantity.IsZero() && schedutil.IsDRAExtendedResourceName(name) && classes.GetDeviceClass(name) != nil {
				return true
			}
		}
		return false
	}
}

// Name returns the name of the plugin.
func (pl *ProfileGuard) Name() string { return Name }

// SignPod adds nothing to a pod's signature: no result depends on this plugin.
// Without the method no pod could be placed by batch.
func (pl *ProfileGuard) SignPod(context.Context, *corev1.Pod) ([]fwk.SignFragment, *fwk.Status) {
	return nil, nil
}

// EventsToRegister returns none: a pod never waits because of this plugin.
// Without the method it would be registered for every event.
func (pl *ProfileGuard) EventsToRegister(context.Context) ([]fwk.ClusterEventWithHint, error) {
	return nil, nil
}

// PreFilterExtensions returns none.
func (pl *ProfileGuard) PreFilterExtensions() fwk.PreFilterExtensions { return nil }

// PreFilter counts and tells the pod when it is the first time that it uses what
// is left out.
func (pl *ProfileGuard) PreFilter(ctx context.Context, _ fwk.CycleState, pod *corev1.Pod, _ []fwk.NodeInfo) (*fwk.PreFilterResult, *fwk.Status) {
	var used []omission
	for _, o := range pl.omissions {
		if o.uses(pod) {
			used = append(used, o)
		}
	}
	if len(used) > 0 {
		if _, told := pl.told.Get(pod.UID); !told {
			pl.told.Add(pod.UID, nil)
			pl.tell(ctx, pod, used)
		}
	}
	return nil, fwk.NewStatus(fwk.Skip)
}

func (pl *ProfileGuard) tell(ctx context.Context, pod *corev1.Pod, used []omission) {
	var clauses []string
	for _, o := range used {
		o.pods.Inc()
		clauses = append(clauses, fmt.Sprintf("%s (no %s in its profile: %s)", o.feature, o.plugin, o.reason))
	}
	note := shorten("The scheduler ignores for this pod: " + strings.Join(clauses, "; "))
	pl.recorder.Eventf(pod, nil, corev1.EventTypeWarning, Reason, action, "%s", note)
	klog.FromContext(ctx).V(4).Info("A pod uses what its profile leaves out", "pod", klog.KObj(pod), "plugins", len(used))
}

// shorten cuts a note at the length that the API server takes, between runes.
func shorten(note string) string {
	const ellipsis = "…"
	if len(note) <= maxNoteLength {
		return note
	}
	end := maxNoteLength - len(ellipsis)
	for !utf8.RuneStart(note[end]) {
		end--
	}
	return note[:end] + ellipsis
}
