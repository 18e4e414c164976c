// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/cli"
)

// exampleManifest is a Deployment that asks for something of each feature.
//
//go:embed example.yaml
var exampleManifest string

// example writes the page that shows what becomes of exampleManifest, as the
// command line prints it.
func example(string) (string, error) {
	diff, report, err := render("diff")
	if err != nil {
		return "", err
	}
	status, err := exampleStatus()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("# An example\n\nA Deployment in a namespace with the label `evenkeel.io/injection: enabled`, under the shipped configuration:\n\n")
	fmt.Fprintf(&out, "```yaml\n%s```\n\n", exampleManifest)
	fmt.Fprintf(&out, "## What changes\n\n```console\n$ evenkeel render -f - -o diff\n```\n\n```diff\n%s```\n\n", diff)
	fmt.Fprintf(&out, "## What is told\n\n```text\n%s```\n\n", report)
	fmt.Fprintf(&out, "## The record\n\nThe annotation `%s`, laid out for reading. Its parts are explained in [admission.md](../admission.md#the-record-on-the-pod), "+
		"the names in it in [reason-codes.md](reason-codes.md).\n\n```json\n%s\n```\n", wellknown.StatusAnnotation, status)
	return out.String(), nil
}

// render runs `evenkeel render` over the example.
func render(format string) (stdout, stderr string, err error) {
	var out, errOut bytes.Buffer
	args := []string{"evenkeel", "render", "-f", "-", "-o", format}
	if exit := cli.Run(context.Background(), args, strings.NewReader(exampleManifest), &out, &errOut); exit != 0 {
		return "", "", fmt.Errorf("evenkeel render ended with %d: %s", exit, errOut.String())
	}
	return out.String(), errOut.String(), nil
}

// exampleStatus returns the example's status annotation with line breaks.
func exampleStatus() (string, error) {
	manifest, _, err := render("yaml")
	if err != nil {
		return "", err
	}
	var deployment appsv1.Deployment
	if err := yaml.Unmarshal([]byte(manifest), &deployment); err != nil {
		return "", fmt.Errorf("reading what evenkeel render made: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(deployment.Spec.Template.Annotations[wellknown.StatusAnnotation]), "", "  "); err != nil {
		return "", fmt.Errorf("reading the status annotation: %w", err)
	}
	return out.String(), nil
}
