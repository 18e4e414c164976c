// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const warningRecord = `{"version":"v1","config":"c","features":{` +
	`"agent":{"outcome":"skipped","reason":"AgentNotAsked"},` +
	`"jvm":{"outcome":"done","containers":{"app":{"outcome":"skipped","reason":"LimitTooSmall","detail":"32Mi"},"web":{"outcome":"done","reason":"HeapAtFloor"}}},` +
	`"pidlimit":{"outcome":"failed","reason":"Error","detail":"no tier"}}}`

// What the author of a pod can mend is told once for a workload, and is no problem.
func TestNewListsWarnings(t *testing.T) {
	cluster := &Cluster{
		StatefulSets: []appsv1.StatefulSet{{ObjectMeta: meta("db"), Spec: appsv1.StatefulSetSpec{Replicas: ptr(int32(2))}, Status: appsv1.StatefulSetStatus{ObservedGeneration: 1}}},
		Pods:         pods("StatefulSet", "db", running, running),
		Namespaces:   []corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}},
	}
	for i := range cluster.Pods {
		cluster.Pods[i].Annotations = map[string]string{"evenkeel.io/status": warningRecord}
	}
	doc := New(cluster, newJudge(t, ""), Software{})
	var got []string
	for _, w := range doc.Warnings {
		got = append(got, fmt.Sprintf("%s %s %s %d", w.Feature, w.Container, w.Reason, w.Pods))
	}
	want := []string{"jvm app LimitTooSmall 2", "jvm web HeapAtFloor 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	// The namespace is not enabled, so nothing else is judged.
	if !doc.OK || len(doc.Problems) > 0 {
		t.Errorf("ok = %v with %v, want no problem", doc.OK, doc.Problems)
	}
}

func TestWarningsAreBounded(t *testing.T) {
	doc := &Document{}
	for i := range maxWarnings + 3 {
		doc.Warnings = append(doc.Warnings, Warning{Container: fmt.Sprint("c", i)})
	}
	var out strings.Builder
	if err := doc.writeWarnings(&out); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "\n"); got != maxWarnings+2 || !strings.HasSuffix(out.String(), "\n... and 3 more: -o json has them all\n") {
		t.Errorf("wrote %d lines:\n%s", got, out.String())
	}
}
