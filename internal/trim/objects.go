// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/internal/defaultprofile"
)

// NewObject returns an empty object of the kind, to be filled and given to Add.
func NewObject(k Kind) metav1.Object {
	switch k.Name {
	case "Node":
		return &corev1.Node{}
	case "Pod":
		return &corev1.Pod{}
	case "Service":
		return &corev1.Service{}
	case "PersistentVolumeClaim":
		return &corev1.PersistentVolumeClaim{}
	case "PersistentVolume":
		return &corev1.PersistentVolume{}
	case "ReplicationController":
		return &corev1.ReplicationController{}
	case "Deployment":
		return &appsv1.Deployment{}
	case "ReplicaSet":
		return &appsv1.ReplicaSet{}
	case "StatefulSet":
		return &appsv1.StatefulSet{}
	case "DaemonSet":
		return &appsv1.DaemonSet{}
	case "Job":
		return &batchv1.Job{}
	case "CronJob":
		return &batchv1.CronJob{}
	case "StorageClass":
		return &storagev1.StorageClass{}
	case "PriorityClass":
		return &schedulingv1.PriorityClass{}
	default:
		// That one of the others is there is all that matters.
		return &metav1.PartialObjectMetadata{}
	}
}

// Add adds an object of the kind, which covers the kind. An object of another type
// than NewObject returns is counted and nothing more.
func (inv *Inventory) Add(k Kind, object metav1.Object) {
	inv.count(k.Name)
	switch o := object.(type) {
	case *corev1.Node:
		inv.addNode(o)
	case *corev1.Pod:
		inv.addPod(o)
	case *corev1.Service:
		inv.addService(o)
	case *corev1.PersistentVolumeClaim:
		inv.addClaim(o)
	case *corev1.PersistentVolume:
		inv.addVolume(o)
	case *corev1.ReplicationController:
		if o.Spec.Template != nil {
			inv.addTemplate(k, o, o.Spec.Template)
		}
	case *appsv1.Deployment:
		inv.addTemplate(k, o, &o.Spec.Template)
	case *appsv1.ReplicaSet:
		inv.addTemplate(k, o, &o.Spec.Template)
	case *appsv1.StatefulSet:
		inv.addTemplate(k, o, &o.Spec.Template)
		for _, c := range o.Spec.VolumeClaimTemplates {
			inv.claims(c.Annotations, c.Spec.StorageClassName, workloadName(k, o))
		}
	case *appsv1.DaemonSet:
		inv.addTemplate(k, o, &o.Spec.Template)
	case *batchv1.Job:
		inv.addTemplate(k, o, &o.Spec.Template)
	case *batchv1.CronJob:
		inv.addTemplate(k, o, &o.Spec.JobTemplate.Spec.Template)
	case *storagev1.StorageClass:
		inv.addStorageClass(o)
	case *schedulingv1.PriorityClass:
		// Kubernetes makes two of its own.
		if !strings.HasPrefix(o.Name, "system-") {
			inv.see(priorityClasses, o.Name)
		}
	case *metav1.PartialObjectMetadata:
		inv.addMetadata(k, o)
	}
}

func (inv *Inventory) addMetadata(k Kind, o *metav1.PartialObjectMetadata) {
	switch k.Name {
	case "DeviceClass":
		inv.see(deviceClasses, o.Name)
	case "ResourceClaim":
		inv.see(resourceClaims, o.Namespace+"/"+o.Name)
	case "ResourceClaimTemplate":
		inv.see(claimTemplates, o.Namespace+"/"+o.Name)
	}
}

func (inv *Inventory) addPod(p *corev1.Pod) {
	inv.namespaces[p.Namespace] = true
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return
	}
	name := p.Namespace + "/" + p.Name
	addSpec(inv.objects, name, &p.Spec)
	for _, v := range p.Spec.Volumes {
		// The claim of an ephemeral volume is among the claims once it is made.
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil && p.Spec.NodeName == "" {
			inv.claims(v.Ephemeral.VolumeClaimTemplate.Annotations, v.Ephemeral.VolumeClaimTemplate.Spec.StorageClassName, name)
		}
	}
	if len(p.Spec.TopologySpreadConstraints) > 0 {
		return // Its own constraints take the place of the default ones.
	}
	kind := ""
	if owner := metav1.GetControllerOf(p); owner != nil {
		kind = owner.Kind
	}
	switch kind {
	case "ReplicaSet", "StatefulSet", "ReplicationController":
		inv.see(podsDefaultSpread, name)
	case "DaemonSet":
		// Each pod has its node.
	default:
		inv.loose = append(inv.loose, loosePod{namespace: p.Namespace, name: p.Name, labels: p.Labels, leftAlone: kind == "" || kind == "Job"})
	}
}

// addTemplate adds the template of a workload, which may have no pod right now.
// The template of a workload that another one made is left to that.
func (inv *Inventory) addTemplate(k Kind, o metav1.Object, t *corev1.PodTemplateSpec) {
	if isControlled(o) {
		return
	}
	name := workloadName(k, o)
	addSpec(inv.templates, name, &t.Spec)
	for _, v := range t.Spec.Volumes {
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
			inv.claims(v.Ephemeral.VolumeClaimTemplate.Annotations, v.Ephemeral.VolumeClaimTemplate.Spec.StorageClassName, name)
		}
	}
}

func workloadName(k Kind, o metav1.Object) string {
	return k.Name + " " + o.GetNamespace() + "/" + o.GetName()
}

// uses are the signs that say the same as defaultprofile of a plugin.
var uses = map[sign]string{
	podsGated: "SchedulingGates", podsPriority: "PrioritySort", podsPreempting: "DefaultPreemption",
	podsSelecting: "NodeAffinity", podsHostPorts: "NodePorts", podsClaims: "VolumeBinding",
	podsSpreadHard: "PodTopologySpread", podsResourceClaims: "DynamicResources", podsNodeFeatures: "NodeDeclaredFeatures",
}

// addSpec adds what the spec of a pod or of a template is evidence of.
func addSpec(to signs, name string, spec *corev1.PodSpec) {
	for s, plugin := range uses {
		if p, ok := defaultprofile.Find(plugin); ok && p.Uses(spec) {
			to.add(s, name)
		}
	}
	a := spec.Affinity
	if a == nil {
		a = &corev1.Affinity{}
	}
	for s, is := range map[sign]bool{
		podsRequests:          hasRequests(spec),
		podsRestrictedVolumes: slices.ContainsFunc(spec.Volumes, isRestricted),
		podsSpreadSoft:        slices.ContainsFunc(spec.TopologySpreadConstraints, isSoft),
		podsPreferringNodes:   a.NodeAffinity != nil && len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0,
		podsAffinityRequired:  a.PodAffinity != nil && len(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0,
		podsAntiRequired:      a.PodAntiAffinity != nil && len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0,
		podsPodPreferences: a.PodAffinity != nil && len(a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0 ||
			a.PodAntiAffinity != nil && len(a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0,
	} {
		if is {
			to.add(s, name)
		}
	}
}

func isSoft(c corev1.TopologySpreadConstraint) bool {
	return c.WhenUnsatisfiable == corev1.ScheduleAnyway
}

// hasRequests reports whether a container of the pod, or the pod as a whole, asks
// for CPU or memory. A limit without a request is one.
func hasRequests(spec *corev1.PodSpec) bool {
	asks := func(r corev1.ResourceRequirements) bool {
		for _, list := range []corev1.ResourceList{r.Requests, r.Limits} {
			if !list.Cpu().IsZero() || !list.Memory().IsZero() {
				return true
			}
		}
		return false
	}
	return spec.Resources != nil && asks(*spec.Resources) ||
		slices.ContainsFunc(slices.Concat(spec.InitContainers, spec.Containers), func(c corev1.Container) bool { return asks(c.Resources) })
}

func isRestricted(v corev1.Volume) bool {
	return v.GCEPersistentDisk != nil || v.AWSElasticBlockStore != nil || v.ISCSI != nil || v.RBD != nil
}
