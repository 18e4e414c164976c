// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/placement"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

var topology = placement.NewTopology([]corev1.Node{{ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{
	"topology.kubernetes.io/zone": "a", "topology.evenkeel.io/rack": "a1", "topology.evenkeel.io/host": "h1",
}}}})

// factsOf returns the facts of a pod in YAML.
func factsOf(t *testing.T, text string) Pod {
	t.Helper()
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(text), pod); err != nil {
		t.Fatal(err)
	}
	status, err := mutate.ParseStatus(pod.Annotations["evenkeel.io/status"])
	if err != nil {
		t.Fatal(err)
	}
	return podFacts(pod, status, topology)
}

func TestPodFactsOfTreatedPod(t *testing.T) {
	got := factsOf(t, `
metadata:
  namespace: shop
  name: checkout-6d9f-abcde
  labels: {pod-template-hash: 6d9f}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: checkout-6d9f, uid: "1", controller: true}]
  annotations:
    pids.evenkeel.io/limits: '{"app":4096,"warmup":512}'
    evenkeel.io/status: |
      {"version":"v1","config":"c","features":{
       "agent":{"outcome":"done","containers":{"app":{"outcome":"done","facts":{"agents":"uav,otel","options":"-javaagent:/e/u.jar=root=/e -javaagent:/e/o.jar"}}}},
       "pidlimit":{"outcome":"done","containers":{"app":{"outcome":"done","facts":{"tier":"large"}}}},
       "satoken":{"outcome":"done","reason":"TokenNotNeeded","facts":{"rule":"TokenNotNeeded"}}}}
spec:
  nodeName: n1
  initContainers:
  - {name: evenkeel-agent-uav}
  - {name: warmup}
  - {name: proxy, restartPolicy: Always}
  containers:
  - name: app
    command: [sh, -c, "exec java -Xms64m -jar /app.jar"]
    env:
    - {name: JAVA_TOOL_OPTIONS, value: -javaagent:/overridden.jar}
    - {name: JAVA_TOOL_OPTIONS, value: "-javaagent:/e/u.jar=root=/e -javaagent:/e/o.jar -XX:MaxRAMPercentage=55.5 -Dx=1 -javaagent:/own/mine.jar"}
status:
  phase: Running
  conditions: [{type: Ready, status: "True"}]
`)
	want := Pod{
		Namespace: "shop", Name: "checkout-6d9f-abcde", Workload: WorkloadRef{"Deployment", "checkout"},
		Phase: "Running", Ready: true, Node: "n1", Zone: "a", Rack: "a1", Host: "h1",
		Admission: Admission{Features: []Feature{
			{Name: "agent", Outcome: "done", Containers: []Result{{Container: "app", Outcome: "done"}}},
			{Name: "pidlimit", Outcome: "done", Containers: []Result{{Container: "app", Outcome: "done"}}},
			{Name: "satoken", Outcome: "done", Reason: "TokenNotNeeded", Containers: []Result{}},
		}},
		Token: Token{Rule: "TokenNotNeeded"},
		Containers: []Container{
			{Name: "warmup", Type: "init", HeapFlags: []Flag{}, JavaAgents: []JavaAgent{}, Pids: Pids{Limit: 512}},
			{Name: "proxy", Type: "sidecar", HeapFlags: []Flag{}, JavaAgents: []JavaAgent{}},
			{Name: "app", Type: "app", Pids: Pids{Tier: "large", Limit: 4096},
				HeapFlags: []Flag{{"-XX:MaxRAMPercentage=55.5", "JAVA_TOOL_OPTIONS"}, {"-Xms64m", "command"}},
				JavaAgents: []JavaAgent{
					{"uav", "/e/u.jar", "JAVA_TOOL_OPTIONS"}, {"otel", "/e/o.jar", "JAVA_TOOL_OPTIONS"}, {"mine", "/own/mine.jar", "JAVA_TOOL_OPTIONS"}}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("podFacts() (-want +got):\n%s", diff)
	}
}

func TestPodFactsOfUntouchedPod(t *testing.T) {
	got := factsOf(t, `
metadata: {namespace: other, name: plain}
spec: {containers: [{name: app}]}
status: {phase: Pending}
`)
	want := Pod{
		Namespace: "other", Name: "plain", Workload: WorkloadRef{"Pod", "plain"}, Phase: "Pending",
		Admission:  Admission{Features: []Feature{}},
		Containers: []Container{{Name: "app", Type: "app", HeapFlags: []Flag{}, JavaAgents: []JavaAgent{}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("podFacts() (-want +got):\n%s", diff)
	}
}

func TestPodFactsFindTheToken(t *testing.T) {
	tests := map[string]struct {
		spec string
		want Token
	}{
		"the volume of the ServiceAccount plugin": {
			spec: `
containers: [{name: app, volumeMounts: [{name: kube-api-access-x, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]}]
volumes: [{name: kube-api-access-x, projected: {sources: [{serviceAccountToken: {path: token}}]}}]`,
			want: Token{Mounted: true, Volume: "kube-api-access-x"},
		},
		"a token of the user's in another place": {
			spec: `
initContainers: [{name: init, volumeMounts: [{name: mine, mountPath: /mine}]}]
containers: [{name: app}]
volumes: [{name: mine, projected: {sources: [{serviceAccountToken: {path: token}}]}}]`,
			want: Token{Mounted: true, Volume: "mine"},
		},
		"any volume in the usual place": {
			spec: `
containers: [{name: app, volumeMounts: [{name: secret, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]}]
volumes: [{name: secret, secret: {secretName: s}}]`,
			want: Token{Mounted: true, Volume: "secret"},
		},
		"a token for another audience": {
			spec: `
containers: [{name: app, volumeMounts: [{name: vault, mountPath: /vault}]}]
volumes: [{name: vault, projected: {sources: [{serviceAccountToken: {path: token, audience: vault}}]}}]`,
		},
		"a volume that nothing mounts": {
			spec: `
containers: [{name: app}]
volumes: [{name: kube-api-access-x, projected: {sources: [{serviceAccountToken: {path: token}}]}}]`,
		},
		"the field alone says nothing": {
			spec: `
automountServiceAccountToken: true
containers: [{name: app}]`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			spec := corev1.PodSpec{}
			if err := yaml.UnmarshalStrict([]byte(tc.spec), &spec); err != nil {
				t.Fatal(err)
			}
			got := podFacts(&corev1.Pod{Spec: spec}, nil, topology).Token
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("token (-want +got):\n%s", diff)
			}
		})
	}
}

// A record that was cut short has no facts: the names come from the pod itself.
func TestPodFactsOfTruncatedRecord(t *testing.T) {
	got := factsOf(t, `
metadata:
  annotations:
    pids.evenkeel.io/limits: '{"app":4096}'
    pids.evenkeel.io/tier.app: large
    evenkeel.io/status: '{"version":"v1","config":"c","truncated":true,"features":{"agent":{"outcome":"done"},"pidlimit":{"outcome":"done"}}}'
spec: {containers: [{name: app, env: [{name: JAVA_TOOL_OPTIONS, value: "-javaagent:/e/uav-agent.jar"}]}]}
`).Containers[0]
	want := Container{Name: "app", Type: "app", HeapFlags: []Flag{}, Pids: Pids{"large", 4096},
		JavaAgents: []JavaAgent{{"uav-agent", "/e/uav-agent.jar", "JAVA_TOOL_OPTIONS"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("container (-want +got):\n%s", diff)
	}
}
