// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	st "k8s.io/kubernetes/pkg/scheduler/testing"
)

// term returns a required anti-affinity term with a selector as kubectl takes it.
// "none" is no selector, "" one that matches all.
func term(tb testing.TB, selector, namespaceSelector string, namespaces ...string) corev1.PodAffinityTerm {
	tb.Helper()
	parse := func(s string) *metav1.LabelSelector {
		if s == "none" {
			return nil
		}
		parsed, err := metav1.ParseToLabelSelector(s)
		if err != nil {
			tb.Fatal(err)
		}
		return parsed
	}
	return corev1.PodAffinityTerm{TopologyKey: "rack", LabelSelector: parse(selector), NamespaceSelector: parse(namespaceSelector), Namespaces: namespaces}
}

// declaring returns a pod in the namespace shop with required anti-affinity.
func declaring(name string, terms ...corev1.PodAffinityTerm) *corev1.Pod {
	pod := st.MakePod().Namespace("shop").Name(name).UID(name).Obj()
	pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}}
	return pod
}

func nodeWith(name string, pods ...*corev1.Pod) *framework.NodeInfo {
	info := framework.NewNodeInfo(pods...)
	info.SetNode(st.MakeNode().Name(name).Obj())
	return info
}

// TestMatch has one placed pod, in the namespace shop, with one term, and one
// incoming pod.
func TestMatch(t *testing.T) {
	const none = "none"
	for name, tc := range map[string]struct {
		selector, namespaceSelector string
		namespaces                  []string

		namespace, labels, namespaceLabels string

		// wantPosted is what leads to the term: namespace/label.
		wantPosted []string
		want       bool
	}{
		"an equal label":             {"app=web", none, nil, "shop", "app=web", "", []string{"shop/app=web"}, true},
		"another value":              {"app=web", none, nil, "shop", "app=db", "", []string{"shop/app=web"}, false},
		"another namespace":          {"app=web", none, nil, "bank", "app=web", "", []string{"shop/app=web"}, false},
		"a label too many":           {"app=web", none, nil, "shop", "app=web,tier=x", "", []string{"shop/app=web"}, true},
		"a label too few":            {"app=web,tier=x", none, nil, "shop", "app=web", "", []string{"shop/app=web"}, false},
		"one of several values":      {"app in (web,db)", none, nil, "shop", "app=db", "", []string{"shop/app=db", "shop/app=web"}, true},
		"none of several values":     {"app in (web,db)", none, nil, "shop", "app=x", "", []string{"shop/app=db", "shop/app=web"}, false},
		"a value that is excluded":   {"app notin (web)", none, nil, "shop", "app=web", "", []string{"shop/*"}, false},
		"a value that is not":        {"app notin (web)", none, nil, "shop", "app=db", "", []string{"shop/*"}, true},
		"no label to exclude":        {"app notin (web)", none, nil, "shop", "", "", []string{"shop/*"}, true},
		"a key that exists":          {"app", none, nil, "shop", "app=web", "", []string{"shop/*"}, true},
		"a key that does not":        {"!app", none, nil, "shop", "app=web", "", []string{"shop/*"}, false},
		"an equality and more":       {"app=web,!old", none, nil, "shop", "app=web,old=", "", []string{"shop/app=web"}, false},
		"an empty value":             {"app=", none, nil, "shop", "app=", "", []string{"shop/app="}, true},
		"an empty selector":          {"", none, nil, "shop", "", "", []string{"shop/*"}, true},
		"an empty one, elsewhere":    {"", none, nil, "bank", "", "", []string{"shop/*"}, false},
		"no selector":                {none, none, nil, "shop", "app=web", "", nil, false},
		"no selector, any namespace": {none, "", nil, "shop", "app=web", "", nil, false},
		"a listed namespace":         {"app=web", none, []string{"bank", "east"}, "bank", "app=web", "", []string{"bank/app=web", "east/app=web"}, true},
		"its own, if others are":     {"app=web", none, []string{"bank"}, "shop", "app=web", "", []string{"bank/app=web"}, false},
		"any namespace":              {"app=web", "", nil, "bank", "app=web", "", []string{"*/app=web"}, true},
		"a selected namespace":       {"app=web", "team=red", nil, "bank", "app=web", "team=red", []string{"*/app=web"}, true},
		"one that is not selected":   {"app=web", "team=red", nil, "bank", "app=web", "team=blue", []string{"*/app=web"}, false},
		"its own is not selected":    {"app=web", "team=red", nil, "shop", "app=web", "", []string{"*/app=web"}, false},
		"selected or listed":         {"app=web", "team=red", []string{"bank"}, "bank", "app=web", "", []string{"*/app=web"}, true},
		"a namespace without labels": {"app=web", "!team", nil, "bank", "app=web", "", []string{"*/app=web"}, true},
		"everything, everywhere":     {"", "", nil, "bank", "", "", []string{"*/*"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			ix := New()
			ix.Refresh([]fwk.NodeInfo{nodeWith("n", declaring("p", term(t, tc.selector, tc.namespaceSelector, tc.namespaces...)))}, false)
			if diff := cmp.Diff(tc.wantPosted, posted(ix)); diff != "" {
				t.Errorf("posted under (-want +got):\n%s", diff)
			}
			incoming := st.MakePod().Namespace(tc.namespace).Labels(set(t, tc.labels)).Obj()
			asked := 0
			got := ix.Match(incoming, func() labels.Set { asked++; return set(t, tc.namespaceLabels) })
			want := Kinds(0)
			if tc.want {
				want = AntiAffinity
			}
			if got != want {
				t.Errorf("got %04b, want %04b", got, want)
			}
			if asked > 1 {
				t.Errorf("asked for the namespace %d times", asked)
			}
		})
	}
}

func set(tb testing.TB, s string) labels.Set {
	tb.Helper()
	if s == "" {
		return nil
	}
	parsed, err := labels.ConvertSelectorToLabelsMap(s)
	if err != nil {
		tb.Fatal(err)
	}
	return parsed
}

// posted lists what leads to classes, as namespace/label; * is any.
func posted(ix *Index) []string {
	var all []string
	for a := range ix.postings {
		namespace, label := a.namespace, a.key+"="+a.value
		if namespace == "" {
			namespace = "*"
		}
		if a.key == "" {
			label = "*"
		}
		all = append(all, namespace+"/"+label)
	}
	slices.Sort(all)
	return all
}

func TestMatchTellsKindsApart(t *testing.T) {
	web := term(t, "app=web", "none")
	host := web
	host.TopologyKey = corev1.LabelHostname
	weighted := []corev1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: web}}
	affinity := func(a corev1.PodAffinity) *corev1.Affinity { return &corev1.Affinity{PodAffinity: &a} }
	anti := func(a corev1.PodAntiAffinity) *corev1.Affinity { return &corev1.Affinity{PodAntiAffinity: &a} }
	for name, tc := range map[string]struct {
		affinity *corev1.Affinity
		want     Kinds
	}{
		"required anti-affinity":  {anti(corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{web}}), AntiAffinity},
		"the same over hosts":     {anti(corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{host}}), HostAntiAffinity},
		"both":                    {anti(corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{host, web}}), AntiAffinity | HostAntiAffinity},
		"preferred anti-affinity": {anti(corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: weighted}), Preferred},
		"required affinity":       {affinity(corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{host}}), Affinity},
		"preferred affinity":      {affinity(corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: weighted}), Preferred},
		"nothing":                 {affinity(corev1.PodAffinity{}), 0},
	} {
		t.Run(name, func(t *testing.T) {
			pod := st.MakePod().Namespace("shop").Name("p").UID("p").Obj()
			pod.Spec.Affinity = tc.affinity
			ix := New()
			ix.Refresh([]fwk.NodeInfo{nodeWith("n", pod)}, false)
			for app, want := range map[string]Kinds{"web": tc.want, "db": 0} {
				if got := ix.Match(st.MakePod().Namespace("shop").Label("app", app).Obj(), nil); got != want {
					t.Errorf("app=%s: got %04b, want %04b", app, got, want)
				}
			}
			if got := ix.Has(); got != tc.want {
				t.Errorf("has %04b, want %04b", got, tc.want)
			}
		})
	}
}

// TestTermIsPostedUnderItsRarestLabel has services that share a label.
func TestTermIsPostedUnderItsRarestLabel(t *testing.T) {
	ix := New()
	var pods []*corev1.Pod
	for i := range 50 {
		pods = append(pods, declaring(fmt.Sprintf("p%d", i), term(t, fmt.Sprintf("all=same,name=s%d,tier=backend", i), "none")))
	}
	ix.Refresh([]fwk.NodeInfo{nodeWith("n", pods...)}, false)
	for a, classes := range ix.postings {
		if len(classes) > 2 {
			t.Errorf("%d terms are posted under %s=%s", len(classes), a.key, a.value)
		}
	}
}

// TestTermWithManyNamespacesIsPostedInAnyNamespace bounds the postings.
func TestTermWithManyNamespacesIsPostedInAnyNamespace(t *testing.T) {
	namespaces := make([]string, maxAnchors)
	for i := range namespaces {
		namespaces[i] = fmt.Sprintf("ns-%d", i)
	}
	ix := New()
	ix.Refresh([]fwk.NodeInfo{nodeWith("n", declaring("p", term(t, "app in (a,b)", "none", namespaces...)))}, false)
	if diff := cmp.Diff([]string{"*/app=a", "*/app=b"}, posted(ix)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for namespace, want := range map[string]Kinds{"ns-7": AntiAffinity, "shop": 0} {
		if got := ix.Match(st.MakePod().Namespace(namespace).Label("app", "b").Obj(), nil); got != want {
			t.Errorf("%s: got %04b, want %04b", namespace, got, want)
		}
	}
}

func TestReplicasAreKeptOnce(t *testing.T) {
	ix := New()
	var infos []fwk.NodeInfo
	for n := range 10 {
		var pods []*corev1.Pod
		for i := range 20 {
			app := fmt.Sprintf("app=web-%d", i%4)
			pods = append(pods, declaring(fmt.Sprintf("p%d-%d", n, i), term(t, app, "none"), term(t, "tier=db", "none")))
		}
		infos = append(infos, nodeWith(fmt.Sprintf("n%d", n), pods...))
	}
	ix.Refresh(infos, false)
	want := Size{Nodes: 10, Pods: 200, Declarations: 4, Classes: 5}
	if diff := cmp.Diff(want, ix.Size()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestKeysTellTermsApart has terms that a careless key would mix up.
func TestKeysTellTermsApart(t *testing.T) {
	seen := map[string]string{}
	for _, terms := range [][]corev1.PodAffinityTerm{
		{},
		{term(t, "none", "none")},
		{term(t, "", "none")},
		{term(t, "none", "")},
		{term(t, "a", "none")},
		{term(t, "!a", "none")},
		{term(t, "a=", "none")},
		{term(t, "a=b", "none")},
		{term(t, "a=b", "")},
		{term(t, "", "a=b")},
		{term(t, "ab", "none")},
		{term(t, "a,b", "none")},
		{term(t, "a,b=", "none")},
		{term(t, "a in (b,c)", "none")},
		{term(t, "a in (bc)", "none")},
		{term(t, "a notin (b,c)", "none")},
		{term(t, "a=b", "none", "bank")},
		{term(t, "a=b", "none", "bank", "shop")},
		{term(t, "a=b", "none", "bankshop")},
		{term(t, "a=b", "none"), term(t, "a=b", "none")},
		{term(t, "a=b", "none"), term(t, "b=a", "none")},
	} {
		info, err := framework.NewPodInfo(declaring("p", terms...))
		if err != nil {
			t.Fatal(err)
		}
		var b keyBuffer
		b.encode(info)
		text := fmt.Sprint(terms)
		if other, ok := seen[string(b.bytes)]; ok {
			t.Errorf("one key for\n%s and\n%s", other, text)
		}
		seen[string(b.bytes)] = text
	}
}

func TestRefreshReadsOnlyWhatChanged(t *testing.T) {
	web := term(t, "app=web", "none")
	first, second, third := nodeWith("n1", declaring("a", web)), nodeWith("n2", declaring("b", web)), nodeWith("n3", declaring("c", web))
	list := []fwk.NodeInfo{first, second}
	ix := New()
	for _, step := range []struct {
		name string
		do   func()
		want int
		pods int
	}{
		{"all is new", func() {}, 2, 2},
		{"nothing changed", func() {}, 0, 2},
		{"a pod is placed", func() { second.AddPod(declaring("d", web)) }, 1, 3},
		{"a node joins", func() { list = []fwk.NodeInfo{first, third, second} }, 1, 4},
		{"the order changes", func() { list = []fwk.NodeInfo{second, first, third} }, 0, 4},
		{"a node leaves", func() { list = []fwk.NodeInfo{second, third} }, 1, 3},
		{"it returns as another", func() { list = []fwk.NodeInfo{second, nodeWith("n1", declaring("e", web)), third} }, 1, 4},
		{"all leave", func() { list = nil }, 3, 0},
		{"still none", func() {}, 0, 0},
	} {
		step.do()
		if got := ix.Refresh(list, false); got != step.want {
			t.Errorf("%s: %d nodes were read or dropped, want %d", step.name, got, step.want)
		}
		if got := ix.Size().Pods; got != step.pods {
			t.Errorf("%s: %d pods, want %d", step.name, got, step.pods)
		}
	}
}

// TestRefreshTakesPodsOverThatMoved has a pod removed from the middle of a
// NodeInfo, whose place the last one takes.
func TestRefreshTakesPodsOverThatMoved(t *testing.T) {
	pods := make([]*corev1.Pod, 5)
	for i := range pods {
		pods[i] = declaring(fmt.Sprintf("p%d", i), term(t, fmt.Sprintf("app=a%d", i), "none"))
	}
	info := nodeWith("n", pods...)
	ix := New()
	ix.Refresh([]fwk.NodeInfo{info}, false)
	kept := maps.Clone(ix.declarations)
	if err := info.RemovePod(logger(t), pods[1]); err != nil {
		t.Fatal(err)
	}
	info.AddPod(declaring("p5", term(t, "app=a5", "none")))
	ix.Refresh([]fwk.NodeInfo{info}, false)
	if diff := cmp.Diff([]string{"shop/app=a0", "shop/app=a2", "shop/app=a3", "shop/app=a4", "shop/app=a5"}, posted(ix)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for key, d := range ix.declarations {
		if strings.Contains(key, "a5") {
			continue
		}
		if kept[key] != d {
			t.Errorf("%q was dropped and made again", key)
		}
	}
}

// TestRefreshSeesPodsOnTrial places pods the way a pod group is placed on trial,
// which leaves no trace in the generation of the NodeInfo.
func TestRefreshSeesPodsOnTrial(t *testing.T) {
	node := st.MakeNode().Name("n").Obj()
	placed := declaring("placed", term(t, "app=placed", "none"))
	placed.Spec.NodeName = "n"
	snapshot := cache.NewSnapshot([]*corev1.Pod{placed}, []*corev1.Node{node})
	ix := New()
	refreshed := func(onTrial bool, want ...string) {
		t.Helper()
		infos, err := snapshot.NodeInfos().HavePodsWithAffinityList()
		if err != nil {
			t.Fatal(err)
		}
		ix.Refresh(infos, onTrial)
		if diff := cmp.Diff(want, posted(ix)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	try := func(app string) (withdraw func()) {
		pod := declaring(app, term(t, "app="+app, "none"))
		pod.Spec.NodeName = "n"
		info, err := framework.NewPodInfo(pod)
		if err != nil {
			t.Fatal(err)
		}
		if err := snapshot.AssumePod(info); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := snapshot.ForgetPod(logger(t), pod); err != nil {
				t.Fatal(err)
			}
		}
	}
	refreshed(false, "shop/app=placed")
	withdraw := try("a")
	refreshed(true, "shop/app=a", "shop/app=placed")
	// Nobody looks between these two.
	withdraw()
	withdraw = try("b")
	refreshed(true, "shop/app=b", "shop/app=placed")
	withdraw()
	refreshed(false, "shop/app=placed")
}

func TestNothingIsLeftOfWhatIsGone(t *testing.T) {
	ix := New()
	pods := []*corev1.Pod{
		declaring("a", term(t, "app in (x,y),tier=z", "none", "bank", "shop"), term(t, "", "team")),
		declaring("b", term(t, "app in (x,y),tier=z", "none", "bank", "shop"), term(t, "none", "none")),
		declaring("c"),
	}
	info := nodeWith("n", pods...)
	ix.Refresh([]fwk.NodeInfo{info}, false)
	for _, pod := range pods {
		if err := info.RemovePod(logger(t), pod); err != nil {
			t.Fatal(err)
		}
		ix.Refresh([]fwk.NodeInfo{info}, false)
	}
	if left := len(ix.postings) + len(ix.classes) + len(ix.declarations) + ix.pods + int(ix.has()); left != 0 {
		t.Errorf("postings %v, classes %v, declarations %v, %d pods and kinds %04b are left", ix.postings, ix.classes, ix.declarations, ix.pods, ix.has())
	}
}

func logger(t *testing.T) klog.Logger {
	t.Helper()
	return klog.FromContext(t.Context())
}
