// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// podHash stands for the hash that the Deployment controller gives a revision.
const podHash = "7c9f8d6b5d"

// appLabel tells the workloads apart.
const appLabel = "app"

// Workload is one revision of a Deployment with its Service, or a group of
// plain pods.
type Workload struct {
	Namespace *corev1.Namespace
	// Service and ReplicaSet are nil for plain pods.
	Service    *corev1.Service
	ReplicaSet *appsv1.ReplicaSet

	name     string
	affinity *corev1.Affinity
	spread   []corev1.TopologySpreadConstraint
	// containers, volumes and tolerations are shared by the replicas. A decoder
	// would give each its own, at some 2 KiB more; the scheduler never looks at
	// them once a pod is in its cache.
	containers  []corev1.Container
	volumes     []corev1.Volume
	tolerations []corev1.Toleration
}

// Fresh returns workload number i of those that are to be placed. Its replicas
// request half a core and 2 GiB.
func (s Shape) Fresh(i int) *Workload {
	w := newWorkload(fmt.Sprintf("new-%06d", i), s.Services, s.AntiAffinity, resources(500, 2))
	w.spread = s.Spread.constraints(w.name)
	return w
}

// constraints are those of the pods of a workload.
func (s Spread) constraints(workload string) []corev1.TopologySpreadConstraint {
	unsatisfiable := corev1.DoNotSchedule
	switch s {
	case HardSpread:
	case SoftSpread:
		unsatisfiable = corev1.ScheduleAnyway
	default:
		return nil
	}
	var constraints []corev1.TopologySpreadConstraint
	for _, key := range []string{corev1.LabelTopologyZone, corev1.LabelHostname} {
		constraints = append(constraints, corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: unsatisfiable,
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{appLabel: workload}},
		})
	}
	return constraints
}

func newWorkload(name string, services Services, anti AntiAffinity, requests corev1.ResourceList) *Workload {
	namespace := "ns-" + name
	if services == OneNamespace {
		namespace = "apps"
	}
	const accessVolume = "kube-api-access-7xk2p"
	expiration, seconds, mode := int64(3607), int64(300), int32(0o644)
	probe := &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/health", Port: intstr.FromInt32(8080)}},
		PeriodSeconds: 10,
	}
	w := &Workload{
		Namespace: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: namespace, UID: types.UID("namespace-" + namespace),
			Labels: map[string]string{corev1.LabelMetadataName: namespace},
		}},
		name: name,
		containers: []corev1.Container{{
			Name:           "app",
			Image:          "registry.example.com/apps/" + name + ":1.0.0",
			Ports:          []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
			Env:            []corev1.EnvVar{{Name: "SPRING_PROFILES_ACTIVE", Value: "production"}, {Name: "TZ", Value: "Europe/London"}},
			Resources:      corev1.ResourceRequirements{Requests: requests, Limits: requests},
			VolumeMounts:   []corev1.VolumeMount{{Name: accessVolume, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true}},
			LivenessProbe:  probe,
			ReadinessProbe: probe,
		}},
		// What the ServiceAccount and DefaultTolerationSeconds admission add.
		volumes: []corev1.Volume{{Name: accessVolume, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			DefaultMode: &mode,
			Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: &expiration}},
			},
		}}}},
		tolerations: []corev1.Toleration{
			{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds},
			{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &seconds},
		},
	}
	term := corev1.PodAffinityTerm{
		TopologyKey:   corev1.LabelHostname,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{appLabel: name}},
	}
	switch anti {
	case Required:
		w.affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term}}}
	case Preferred, PreferredZones:
		terms := []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: term}}
		if anti == PreferredZones {
			term.TopologyKey = corev1.LabelTopologyZone
			terms = append(terms, corev1.WeightedPodAffinityTerm{Weight: 50, PodAffinityTerm: term})
		}
		w.affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: terms}}
	}
	if services == NoServices {
		return w
	}
	w.Service = &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("service-" + name)},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{appLabel: name}, Ports: []corev1.ServicePort{{Port: 80}}},
	}
	w.ReplicaSet = &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-" + podHash, UID: types.UID("replicaset-" + name)},
		Spec:       appsv1.ReplicaSetSpec{Selector: &metav1.LabelSelector{MatchLabels: w.labels()}},
	}
	return w
}

func (w *Workload) labels() map[string]string {
	labels := map[string]string{appLabel: w.name}
	if w.Service != nil {
		labels[appsv1.DefaultDeploymentUniqueLabelKey] = podHash
	}
	return labels
}

// Pod returns replica number i, without a node. Its namespace and labels are
// copies of their own, as they are when they come out of a decoder: schedulers
// compare them pod by pod, and shared ones would stay in the processor's cache.
func (w *Workload) Pod(i int, schedulerName string) *corev1.Pod {
	name := fmt.Sprintf("%s-%s-%05d", w.name, podHash, i)
	labels := make(map[string]string, 2)
	for k, v := range w.labels() {
		labels[strings.Clone(k)] = strings.Clone(v)
	}
	priority, policy, grace, links := int32(0), corev1.PreemptLowerPriority, int64(30), true
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: strings.Clone(w.Namespace.Name),
			Name:      name,
			UID:       types.UID("pod-" + name),
			Labels:    labels,
		},
		Spec: corev1.PodSpec{
			Containers:                    w.containers,
			Volumes:                       w.volumes,
			Tolerations:                   w.tolerations,
			Affinity:                      w.affinity,
			TopologySpreadConstraints:     w.spread,
			SchedulerName:                 schedulerName,
			ServiceAccountName:            "default",
			RestartPolicy:                 corev1.RestartPolicyAlways,
			DNSPolicy:                     corev1.DNSClusterFirst,
			TerminationGracePeriodSeconds: &grace,
			Priority:                      &priority,
			PreemptionPolicy:              &policy,
			EnableServiceLinks:            &links,
		},
		Status: corev1.PodStatus{Phase: corev1.PodPending, QOSClass: corev1.PodQOSGuaranteed},
	}
	if w.ReplicaSet != nil {
		yes := true
		pod.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "ReplicaSet",
			Name: strings.Clone(w.ReplicaSet.Name), UID: types.UID(strings.Clone(string(w.ReplicaSet.UID))),
			Controller: &yes, BlockOwnerDeletion: &yes,
		}}
	}
	return pod
}
