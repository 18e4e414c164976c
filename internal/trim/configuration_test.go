// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package trim

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/internal/defaultprofile"
	"github.com/evenkeel/evenkeel/manifests"
)

const commented = `# Head.
profiles:
- schedulerName: s
  plugins:
    # Both.
    preScore:
      disabled:
      - name: VolumeBinding # as below
    score:
      disabled:
      # Why images.
      - name: ImageLocality
      # Why volumes,
      # in two lines.
      - name: VolumeBinding
  pluginConfig: [] # Tail.
`

func TestConfigurationKeepsComments(t *testing.T) {
	const preScore, score = defaultprofile.PreScore, defaultprofile.Score
	for name, tc := range map[string]struct {
		changes []Change
		want    string
	}{
		"nothing": {want: "# Made by evenkeel trim from a dump. It is the shipped configuration; nothing\n# differs.\n#\n" + commented},
		"an item comes": {
			changes: []Change{{Plugin: "TaintToleration", Off: true, Points: []defaultprofile.Point{score}, Reason: "no node has a soft taint, and this goes on beyond the end of a line of comment"}},
			want: "# Made by evenkeel trim from a dump. It is the shipped configuration, but:\n" +
				"# - TaintToleration does not score: no node has a soft taint, and this goes on\n#   beyond the end of a line of comment\n#\n" +
				strings.Replace(commented, "      - name: VolumeBinding\n", "      - name: VolumeBinding\n"+
					"      # No node has a soft taint, and this goes on beyond the end of a line of\n      # comment.\n      - name: TaintToleration\n", 1),
		},
		"the last item of one and a middle one of the other go": {
			changes: []Change{{Plugin: "VolumeBinding", Points: []defaultprofile.Point{preScore, score}, Reason: "it is in use"}},
			want: "# Made by evenkeel trim from a dump. It is the shipped configuration, but:\n# - VolumeBinding scores: it is in use\n#\n" +
				strings.NewReplacer("      disabled:\n      - name: VolumeBinding # as below\n", "      disabled: []\n",
					"      # Why volumes,\n      # in two lines.\n      - name: VolumeBinding\n", "").Replace(commented),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Configuration(parse(t, commented), "a dump", tc.changes)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestUnknownLayoutsAreRefused: an edit that cannot be made is told, not left out.
func TestUnknownLayoutsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		off  bool
		want string
	}{
		"no list":          {"profiles: [{plugins: {score: {}}}]\n", true, "changing the shipped configuration: it has no Score.disabled"},
		"a list on a line": {"profiles:\n- plugins:\n    score:\n      disabled: [{name: X}]\n", true, "changing the shipped configuration: its Score.disabled is not a list of one item a line"},
		"no such item":     {commented, false, "changing the shipped configuration: its Score.disabled has no item DynamicResources"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Configuration(parse(t, tc.text), "", []Change{{Plugin: "DynamicResources", Off: tc.off, Points: []defaultprofile.Point{defaultprofile.Score}, Reason: "x"}})
			if err == nil || err.Error() != tc.want {
				t.Errorf("got error %v, want %s", err, tc.want)
			}
		})
	}
	// What is off at all points cannot be switched on at some.
	all := parse(t, "profiles: [{plugins: {multiPoint: {disabled: [{name: TaintToleration}]}}}]\n")
	soft := &corev1.Node{Spec: corev1.NodeSpec{Taints: taint(corev1.TaintEffectPreferNoSchedule)}}
	changes := slices.DeleteFunc(Analyse(inventory(t, nil, soft), all).Changes(all), func(c Change) bool { return c.Plugin != "TaintToleration" })
	if _, err := Configuration(all, "", changes); err == nil || err.Error() != "changing the shipped configuration: it has no PreScore.disabled" {
		t.Errorf("a plugin in use that is off at all points: got error %v with the changes %v", err, changes)
	}
	for name, text := range map[string]string{"no YAML": "{", "no profile": "profiles: []", "two profiles": "profiles: [{}, {}]"} {
		if _, err := ParseShipped([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// random returns an inventory of a random cluster, of which some kinds may be
// missing, and which of the parts that rank are in use in it.
func random(t *testing.T, r *rand.Rand) (inv *Inventory, inUse map[string]bool) {
	t.Helper()
	some := func() bool { return r.IntN(3) == 0 }
	inUse = map[string]bool{}
	var missing []string
	for _, k := range Kinds {
		if r.IntN(6) == 0 {
			missing = append(missing, k.Name)
		}
	}
	known := func(kind string) bool { return !slices.Contains(missing, kind) }
	var objects []metav1.Object
	if known("Node") {
		for range r.IntN(4) {
			n := &corev1.Node{}
			if some() {
				n.Spec.Taints = taint(corev1.TaintEffectPreferNoSchedule)
				inUse["TaintToleration"] = true
			}
			objects = append(objects, n)
		}
	}
	if known("Pod") {
		for i := range r.IntN(6) {
			spec := corev1.PodSpec{}
			if some() {
				spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "gpu"}}
				inUse["DynamicResources"] = true
			}
			if some() {
				spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{}}}}
			}
			objects = append(objects, pod(fmt.Sprint(i), withSpec(spec)))
		}
	}
	if known("StorageClass") && some() {
		objects = append(objects, class("local", storagev1.VolumeBindingWaitForFirstConsumer, some()))
		if known("PersistentVolumeClaim") && some() {
			objects = append(objects, claimOf(ptr.To("local")))
			inUse["VolumeBinding"] = true
		}
	}
	for _, kind := range []string{"DeviceClass", "ResourceClaim", "ResourceClaimTemplate"} {
		if known(kind) && some() {
			objects = append(objects, device(kind, "gpu"))
			inUse["DynamicResources"] = true
		}
	}
	return inventory(t, missing, objects...), inUse
}

// disabledBy returns what a configuration disables, by extension point, and what
// it says of any other field.
func disabledBy(t *testing.T, text []byte) (disabled map[string][]string, rest any) {
	t.Helper()
	var fields map[string]any
	if err := yaml.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	disabled = map[string][]string{}
	plugins := fields["profiles"].([]any)[0].(map[string]any)["plugins"].(map[string]any)
	for at, set := range plugins {
		list, _ := set.(map[string]any)["disabled"].([]any)
		for _, item := range list {
			disabled[at] = append(disabled[at], item.(map[string]any)["name"].(string))
		}
		if at == "preScore" || at == "score" {
			delete(set.(map[string]any), "disabled")
		}
	}
	return disabled, fields
}

// TestNothingInUseIsDropped makes configurations of random clusters from the
// shipped one: only what ranks differs, and what is in use, or may be, is on.
func TestNothingInUseIsDropped(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	shipped := parse(t, string(manifests.SchedulerConfiguration))
	_, wantRest := disabledBy(t, manifests.SchedulerConfiguration)
	outcomes := map[string]int{}
	for i := range 500 {
		inv, inUse := random(t, r)
		report := Analyse(inv, shipped)
		text, err := Configuration(shipped, "a random cluster", report.Changes(shipped))
		if err != nil {
			t.Fatalf("seed %d, cluster %d: %v", seed, i, err)
		}
		disabled, rest := disabledBy(t, text)
		if diff := cmp.Diff(wantRest, rest); diff != "" {
			t.Fatalf("seed %d, cluster %d: more than PreScore and Score differs (-shipped +got):\n%s", seed, i, diff)
		}
		for at, names := range disabled {
			for _, name := range names {
				if (at == "score" || at == "preScore") && inUse[name] {
					t.Errorf("seed %d, cluster %d: %s is in use and off at %s", seed, i, name, at)
				}
			}
		}
		for _, name := range []string{"TaintToleration", "VolumeBinding", "DynamicResources"} {
			f := finding(t, report, name, partScores)
			off := slices.Contains(disabled["score"], name)
			if off != (f.Verdict == MayGo) {
				t.Errorf("seed %d, cluster %d: %s gets the verdict %s and is off: %t", seed, i, name, f.Verdict, off)
			}
			if off && len(f.Missing) > 0 {
				t.Errorf("seed %d, cluster %d: %s is off although %v is missing", seed, i, name, f.Missing)
			}
			outcomes[fmt.Sprint(name, off)]++
		}
	}
	for _, name := range []string{"TaintToleration", "VolumeBinding", "DynamicResources"} {
		if outcomes[name+"true"] < 20 || outcomes[name+"false"] < 20 {
			t.Errorf("seed %d: the clusters are too much alike: %v", seed, outcomes)
		}
	}
}

// TestCostsAreThoseOfTheDocumentation compares every figure with the table.
func TestCostsAreThoseOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/trim.md")
	if err != nil {
		t.Fatal(err)
	}
	figures := 0
	for _, rule := range rules {
		for _, c := range append(slices.Clone(rule.costs), rule.idle...) {
			if c.Note != "" {
				continue
			}
			figures++
			row := fmt.Sprintf("| %s | %s | %s |", Finding{Plugin: rule.plugin, Part: rule.part}.Name(), c.When, c)
			if !strings.Contains(string(page), row) {
				t.Errorf("docs/trim.md lacks the row\n%s", row)
			}
		}
	}
	if rows := strings.Count(string(page), " ms CPU |") + strings.Count(string(page), " KB allocated |"); rows != figures {
		t.Errorf("docs/trim.md has %d rows with figures, the rules have %d", rows, figures)
	}
}
