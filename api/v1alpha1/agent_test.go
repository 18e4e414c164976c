// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// agent returns a features section with one agent, valid but for what more adds.
func agent(more string) string {
	return `{agent: {catalogue: [{name: apm, image: "registry.example.com/apm@` + digest + `", jar: lib/apm.jar` + more + `}]}}`
}

func TestAgentFeatureDefaults(t *testing.T) {
	cfg, err := load(agent(", jdk: {max: 9}, writable: [{name: logs, sizeLimit: 1Mi}, {name: tmp, sizeLimit: 1Mi, mountPath: /var/apm}]"))
	if err != nil {
		t.Fatal(err)
	}
	f := cfg.Features.Agent
	a := f.Catalogue[0]
	got := map[string]any{
		"channel": f.Channel, "mountRoot": f.MountRoot, "delivery": a.Delivery, "copy": a.Copy, "user": *a.RunAsUser,
		"memory": a.Memory.String(), "size": a.SizeLimit.String(), "logs": a.Writable[0].MountPath, "tmp": a.Writable[1].MountPath,
		"jobs": a.Jobs, "onCopyFailure": a.OnCopyFailure, "onMismatch": a.JDK.OnMismatch, "onUnknown": a.JDK.OnUnknown,
	}
	want := map[string]any{
		"channel": "JAVA_TOOL_OPTIONS", "mountRoot": "/evenkeel", "delivery": v1alpha1.DeliveryAuto, "copy": []string{"lib"}, "user": int64(65532),
		"memory": "0", "size": "256Mi", "logs": "/evenkeel/apm-logs", "tmp": "/var/apm",
		"jobs": v1alpha1.JobsOnRequest, "onCopyFailure": v1alpha1.CopyFailureFail,
		"onMismatch": v1alpha1.VerdictSkip, "onUnknown": v1alpha1.VerdictAllow,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults differ (-want +got):\n%s", diff)
	}
}

// TestAgentsInheritFromTheFeature: what an agent leaves out is as the feature has
// it.
func TestAgentsInheritFromTheFeature(t *testing.T) {
	cfg, err := load(`{agent: {delivery: InitContainer, jobs: Never, onCopyFailure: Start, initContainer: {runAsUser: 7}, catalogue: [
		{name: a, image: "r@` + digest + `", jar: a.jar},
		{name: b, image: "r@` + digest + `", jar: b.jar, delivery: Auto, jobs: Always, onCopyFailure: Fail, runAsUser: 8}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []v1alpha1.Agent{
		{Delivery: v1alpha1.DeliveryInitContainer, Jobs: v1alpha1.JobsNever, OnCopyFailure: v1alpha1.CopyFailureStart, RunAsUser: ptr.To(int64(7))},
		{Delivery: v1alpha1.DeliveryAuto, Jobs: v1alpha1.JobsAlways, OnCopyFailure: v1alpha1.CopyFailureFail, RunAsUser: ptr.To(int64(8))},
	} {
		a := cfg.Features.Agent.Catalogue[i]
		got := v1alpha1.Agent{Delivery: a.Delivery, Jobs: a.Jobs, OnCopyFailure: a.OnCopyFailure, RunAsUser: a.RunAsUser}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("agent %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestAgentFeatureRefuses(t *testing.T) {
	const one = "features.agent.catalogue[0]"
	long := func(bytes int, folder string) string {
		more := ""
		if folder != "" {
			more = ", writable: [{name: " + folder + ", sizeLimit: 1Mi}]"
		}
		return `{agent: {catalogue: [{name: ` + strings.Repeat("a", bytes) + `, image: "r@` + digest + `", jar: a.jar` + more + `}]}}`
	}
	for name, tc := range map[string]struct {
		features string
		want     string
	}{
		"no jar":              {`{agent: {catalogue: [{name: a, image: "r@` + digest + `"}]}}`, one + ".jar: Required value"},
		"image by tag":        {`{agent: {catalogue: [{name: a, image: "r:1", jar: a.jar}]}}`, one + ".image: Invalid value"},
		"absolute jar":        {`{agent: {catalogue: [{name: a, image: "r@` + digest + `", jar: /a.jar}]}}`, one + ".jar: Invalid value"},
		"jar that climbs":     {`{agent: {catalogue: [{name: a, image: "r@` + digest + `", jar: a/../../b.jar}]}}`, one + ".jar: Invalid value"},
		"name":                {`{agent: {catalogue: [{name: A_b, image: "r@` + digest + `", jar: a.jar}]}}`, one + ".name: Invalid value"},
		"name that is a word": {`{agent: {catalogue: [{name: none, image: "r@` + digest + `", jar: a.jar}]}}`, one + ".name: Invalid value"},
		"unknown default":     {`{agent: {default: [uav]}}`, "features.agent.default[0]: Invalid value"},
		"mount root":          {`{agent: {mountRoot: "a b"}}`, "features.agent.mountRoot: Invalid value"},
		"mount at the root":   {`{agent: {mountRoot: "/"}}`, "features.agent.mountRoot: Invalid value"},
		"root user":           {`{agent: {initContainer: {runAsUser: 0}}}`, "features.agent.initContainer.runAsUser: Invalid value"},
		"no memory to copy":   {`{agent: {initContainer: {memory: "0"}}}`, "features.agent.initContainer.memory: Invalid value"},
		"delivery":            {agent(", delivery: CSI"), one + ".delivery: Unsupported value"},
		"unknown field":       {agent(", path: x"), `unknown field "` + one + `.path"`},
		"skip images":         {`{agent: {skipImages: ["a("]}}`, "features.agent.skipImages[0]: Invalid value"},
		"container names":     {`{agent: {containers: {names: [""]}}}`, "features.agent.containers.names[0]: Invalid value"},
		"container images":    {agent(`, containers: {images: ["(a))("]}`), one + ".containers.images[0]: Invalid value"},
		"jobs":                {`{agent: {jobs: Sometimes}}`, "features.agent.jobs: Unsupported value"},
		"jobs of an agent":    {agent(", jobs: Off"), "features.agent.catalogue.jobs: a boolean does not fit here"},
		"delivery of all":     {`{agent: {delivery: CSI}}`, "features.agent.delivery: Unsupported value"},
		"copy failure":        {`{agent: {onCopyFailure: Ignore}}`, "features.agent.onCopyFailure: Unsupported value"},
		"copy failure of one": {agent(", onCopyFailure: Ignore"), one + ".onCopyFailure: Unsupported value"},
		"no group":            {`{agent: {jdkFromImage: ["jdk[0-9]+"]}}`, "features.agent.jdkFromImage[0]: Invalid value"},
		"two groups":          {`{agent: {jdkFromImage: ["(jdk)([0-9]+)"]}}`, "features.agent.jdkFromImage[0]: Invalid value"},
		"no expression":       {`{agent: {jdkFromImage: ["(["]}}`, "features.agent.jdkFromImage[0]: Invalid value"},
		"conflict of one":     {`{agent: {conflicts: [{agents: [apm]}], catalogue: [{name: apm, image: "r@` + digest + `", jar: a.jar}]}}`, "features.agent.conflicts[0].agents: Invalid value"},
		"conflict of nobody":  {`{agent: {conflicts: [{agents: [apm, otel]}], catalogue: [{name: apm, image: "r@` + digest + `", jar: a.jar}]}}`, "features.agent.conflicts[0].agents[1]: Invalid value"},
		"conflict with self":  {`{agent: {conflicts: [{agents: [apm, apm]}], catalogue: [{name: apm, image: "r@` + digest + `", jar: a.jar}]}}`, "features.agent.conflicts[0].agents[1]: Duplicate value"},
		"conflict verdict":    {`{agent: {conflicts: [{agents: [a, b], onMeeting: Allow}]}}`, "features.agent.conflicts[0].onMeeting: Unsupported value"},
		"default twice":       {`{agent: {default: [apm, apm], catalogue: [{name: apm, image: "r@` + digest + `", jar: a.jar}]}}`, "features.agent.default[1]: Duplicate value"},
		"no JDK":              {agent(", jdk: {}"), one + ".jdk: Required value"},
		"JDK 0":               {agent(", jdk: {min: 0}"), one + ".jdk.min: Invalid value"},
		"JDK 1.8":             {agent(`, jdk: {max: "1.8"}`), "features.agent.catalogue.jdk.max: text does not fit here"},
		"JDKs the wrong way":  {agent(", jdk: {min: 9, max: 6}"), one + ".jdk.max: Invalid value"},
		"mismatch":            {agent(", jdk: {max: 9, onMismatch: Allow}"), one + ".jdk.onMismatch: Unsupported value"},
		"unknown JDK":         {agent(", jdk: {max: 9, onUnknown: Deny}"), one + ".jdk.onUnknown: Unsupported value"},
		"long note":           {agent(", jdk: {max: 9, note: " + strings.Repeat("a", 81) + "}"), one + ".jdk.note: Too long"},
		"order":               {agent(", order: first"), "features.agent.catalogue.order: text does not fit here"},
		"required":            {agent(`, required: "yes"`), "features.agent.catalogue.required: text does not fit here"},
		"name of a jar":       {agent(", jarNames: [lib/b.jar]"), one + ".jarNames[0]: Invalid value"},
		"copy without jar":    {agent(", copy: [conf]"), one + ".copy: Invalid value"},
		"copies in one place": {agent(", copy: [lib, conf/lib]"), one + ".copy[1]: Invalid value"},
		"env without a name":  {agent(`, env: [{name: "A-B", value: x}]`), one + ".env[0].name: Invalid value"},
		"env of two sources":  {agent(`, env: [{name: A, value: x, field: metadata.name}]`), one + ".env[0].field: Invalid value"},
		"env of no field":     {agent(`, env: [{name: A, field: spec.containers}]`), one + ".env[0].field: Unsupported value"},
		"env of another":      {agent(`, env: [{name: A, value: "$(B)"}, {name: B, value: x}]`), one + ".env[0].value: Invalid value"},
		"env that is open":    {agent(`, env: [{name: A, value: "$(B"}]`), one + ".env[0].value: Invalid value"},
		"env that escapes":    {agent(`, env: [{name: A, value: x}, {name: B, value: "$$(A)"}]`), one + ".env[1].value: Invalid value"},
		"label":               {agent(`, arguments: "{{label.a b}}"`), one + ".arguments: Invalid value"},
		"memory":              {agent(`, memory: "-1"`), one + ".memory: Invalid value"},
		"no size":             {agent(`, sizeLimit: "0"`), one + ".sizeLimit: Invalid value"},
		"two words":           {agent(`, arguments: "a b"`), one + ".arguments: Invalid value"},
		"kubelet's syntax":    {agent(`, arguments: "$(POD_IP)"`), one + ".arguments: Invalid value"},
		"placeholder":         {agent(`, arguments: "{{pod}}"`), one + ".arguments: Invalid value"},
		"open placeholder":    {agent(`, arguments: "{{mount"`), one + ".arguments: Invalid value"},
		"unknown folder":      {agent(`, jvmOptions: ["-Dlogs={{dir.logs}}"]`), one + ".jvmOptions[0]: Invalid value"},
		"heap option":         {agent(`, jvmOptions: [-Xmx1g]`), one + ".jvmOptions[0]: Invalid value"},
		"env of a channel":    {agent(`, env: [{name: JAVA_TOOL_OPTIONS, value: x}]`), one + ".env[0].name: Invalid value"},
		"env twice":           {agent(`, env: [{name: A, value: one}, {name: A, value: two}]`), one + ".env[1].name: Duplicate value"},
		"folder without size": {agent(`, writable: [{name: logs}]`), one + ".writable[0].sizeLimit: Required value"},
		"folder inside image": {agent(`, writable: [{name: logs, sizeLimit: 1Mi, mountPath: /evenkeel/apm/logs}]`), one + ".writable[0].mountPath: Invalid value"},
		"folders at one path": {agent(`, writable: [{name: a, sizeLimit: 1Mi, mountPath: /x}, {name: b, sizeLimit: 1Mi, mountPath: /x}]`), one + ".writable[1].mountPath: Invalid value"},
		"folder twice":        {agent(`, writable: [{name: a, sizeLimit: 1Mi}, {name: a, sizeLimit: 1Mi, mountPath: /x}]`), one + ".writable[1].name: Duplicate value"},
		"folder's name":       {agent(`, writable: [{name: a/b, sizeLimit: 1Mi}]`), one + ".writable[0].name: Invalid value"},
		"long name":           {long(49, ""), one + ".name: Invalid value"},
		"long with folders":   {long(44, "logs"), one + ".name: Invalid value"},
		"name of folders": {`{agent: {catalogue: [{name: apm-data, image: "r@` + digest + `", jar: a.jar},
			{name: apm, image: "r@` + digest + `", jar: a.jar, writable: [{name: logs, sizeLimit: 1Mi}]}]}}`, "features.agent.catalogue[1].name: Duplicate value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(tc.features)
			switch {
			case err == nil:
				t.Fatal("loaded; want an error")
			case !strings.Contains(err.Error(), tc.want):
				t.Errorf("error is %q; want it to hold %q", err, tc.want)
			case strings.Contains(err.Error(), "\n"):
				t.Errorf("error is not one line: %q", err)
			}
		})
	}
}

func TestExpandTemplate(t *testing.T) {
	values := map[string]string{"workload": "cart", "dir.logs": "/logs"}
	value := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	for name, tc := range map[string]struct{ in, want, wantErr string }{
		"none":               {in: "plain", want: "plain"},
		"several":            {in: "{{workload}}@{{dir.logs}}/x", want: "cart@/logs/x"},
		"braces of others":   {in: "${A} {b} }}", want: "${A} {b} }}"},
		"unknown":            {in: "{{pod}}", wantErr: "{{pod}} is not a placeholder"},
		"white space counts": {in: "{{ workload }}", wantErr: "{{ workload }} is not a placeholder"},
		"open":               {in: "a{{workload", wantErr: "not closed"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v1alpha1.ExpandTemplate(tc.in, value)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("error is %v; want it to hold %q", err, tc.wantErr)
				}
				return
			}
			if err != nil || got != tc.want {
				t.Errorf("expanded to %q, error %v; want %q", got, err, tc.want)
			}
		})
	}
}
