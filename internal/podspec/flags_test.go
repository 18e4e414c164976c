// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package podspec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/evenkeel/evenkeel/internal/podspec"
)

func TestJVMFlags(t *testing.T) {
	for name, tc := range map[string]struct {
		container corev1.Container
		want      []podspec.Flag
	}{
		"command and args": {
			corev1.Container{Command: []string{"java", "-Xmx1g"}, Args: []string{"-jar", "/app.jar", "-Dx"}},
			[]podspec.Flag{{Text: "-Xmx1g", Where: "command"}, {Text: "-Dx", Where: "args"}},
		},
		"a shell script": {
			corev1.Container{Args: []string{`export A="-Xms1m -Xmx1m"; B=-Xmx2m;exec java $A (-Xmx3m)&&-Xmx4m|'-Xmx5m'`}},
			[]podspec.Flag{{Text: "-Xms1m", Where: "args"}, {Text: "-Xmx1m", Where: "args"}, {Text: "-Xmx2m", Where: "args"},
				{Text: "-Xmx3m", Where: "args"}, {Text: "-Xmx4m", Where: "args"}, {Text: "-Xmx5m", Where: "args"}},
		},
		"any variable": {
			corev1.Container{Env: []corev1.EnvVar{{Name: "KAFKA_HEAP_OPTS", Value: "-Xmx1G"}, {Name: "URL", Value: "http://h/-Xmx?a=b"}}},
			[]podspec.Flag{{Text: "-Xmx1G", Where: "env KAFKA_HEAP_OPTS"}},
		},
		"a value within an option is none": {
			corev1.Container{Env: []corev1.EnvVar{{Name: "O", Value: "-Dchild=-Xmx1g -javaagent:/a.jar=x=-Xmx"}}},
			[]podspec.Flag{{Text: "-Dchild=-Xmx1g", Where: "env O"}, {Text: "-javaagent:/a.jar=x=-Xmx", Where: "env O"}},
		},
		"what is no option of a JVM": {
			corev1.Container{Args: []string{"-c", "--Xmx1g", "-X", "-D", "-v", "Xmx", "a-Xmx1g", "-", "="}}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, podspec.JVMFlags(&tc.container, nil)); diff != "" {
				t.Errorf("flags differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFlagXXName(t *testing.T) {
	for text, want := range map[string]string{
		"-XX:+UseG1GC": "UseG1GC", "-XX:-UseG1GC": "UseG1GC", "-XX:MaxRAM=1g": "MaxRAM", "-XX:MaxRAM": "MaxRAM",
		"-XX:": "", "-XX:+": "", "-Xmx1g": "", "": "",
	} {
		if got := (podspec.Flag{Text: text}).XXName(); got != want {
			t.Errorf("name of %q is %q; want %q", text, got, want)
		}
	}
}

func TestFlagStringIsShortAndPrintable(t *testing.T) {
	got := podspec.Flag{Text: "-D\x1b[31m" + strings.Repeat("ü", 500), Where: "env A\nB"}.String()
	if len(got) > 200 || strings.ContainsAny(got, "\x1b\n") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

func TestLookupEnv(t *testing.T) {
	ref := &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}
	for name, tc := range map[string]struct {
		env    []corev1.EnvVar
		from   []corev1.EnvFromSource
		name   string
		want   string
		source podspec.EnvSource
	}{
		"absent":                     {source: podspec.EnvAbsent},
		"literal":                    {env: []corev1.EnvVar{{Name: "O", Value: "1"}}, want: "1", source: podspec.EnvLiteral},
		"empty literal":              {env: []corev1.EnvVar{{Name: "O"}}, source: podspec.EnvLiteral},
		"the last counts":            {env: []corev1.EnvVar{{Name: "O", ValueFrom: ref}, {Name: "O", Value: "2"}}, want: "2", source: podspec.EnvLiteral},
		"the last is a reference":    {env: []corev1.EnvVar{{Name: "O", Value: "1"}, {Name: "O", ValueFrom: ref}}, source: podspec.EnvValueFrom},
		"perhaps from a ConfigMap":   {from: []corev1.EnvFromSource{{}}, source: podspec.EnvFrom},
		"prefix that cannot be":      {from: []corev1.EnvFromSource{{Prefix: "X_"}}, source: podspec.EnvAbsent},
		"prefix that may be":         {from: []corev1.EnvFromSource{{Prefix: "X_"}, {Prefix: "O_"}}, name: "_P", source: podspec.EnvFrom},
		"prefix that leaves no key":  {from: []corev1.EnvFromSource{{Prefix: "O"}}, source: podspec.EnvAbsent},
		"an entry hides a ConfigMap": {env: []corev1.EnvVar{{Name: "O"}}, from: []corev1.EnvFromSource{{}}, source: podspec.EnvLiteral},
	} {
		t.Run(name, func(t *testing.T) {
			got, source := podspec.LookupEnv(&corev1.Container{Env: tc.env, EnvFrom: tc.from}, "O"+tc.name)
			if got != tc.want || source != tc.source {
				t.Errorf("value %q from %d; want %q from %d", got, source, tc.want, tc.source)
			}
		})
	}
}

func TestAnnotations(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"x/y": "pod", "x/y.a": "a", "x/y.gone": "1", "x/yz.b": "1"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a"}, {Name: "b"}}},
	}
	for container, want := range map[string]string{"a": "a x/y.a", "b": "pod x/y"} {
		value, key, _ := podspec.Annotation(pod, "x/y", container)
		if got := value + " " + key; got != want {
			t.Errorf("for container %s: %s; want %s", container, got, want)
		}
	}
	if got := podspec.StrayAnnotation(pod, "x/y", "x/z"); got != "x/y.gone" {
		t.Errorf("stray is %q; want x/y.gone", got)
	}
	if got := podspec.StrayAnnotation(pod, "x/z"); got != "" {
		t.Errorf("stray is %q; want none", got)
	}
}
