// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"testing"

	"github.com/evenkeel/evenkeel/internal/golden"
)

// exampleDocument has every field set somewhere.
func exampleDocument() *Document {
	checkout, ledger := WorkloadRef{"Deployment", "checkout"}, WorkloadRef{"StatefulSet", "ledger"}
	done := []Result{{Container: "app", Outcome: "done"}}
	pair := []Flag{{"-XX:MaxRAMPercentage=55.5", "JAVA_TOOL_OPTIONS"}, {"-XX:MinRAMPercentage=55.5", "JAVA_TOOL_OPTIONS"}}
	return &Document{
		APIVersion: APIVersion,
		Kind:       Kind,
		Evenkeel:   Software{Version: "v0.1.0", KubernetesVersion: "v1.37.2", ConfigHash: "0123456789ab"},
		DataCentre: DataCentre{Zones: 1, Racks: 2, Hosts: 4, Nodes: 5},
		Problems: []Problem{
			{Code: PodPending, Namespace: "shop", Workload: ledger, Pod: "ledger-2", Message: "no node: Unschedulable: 0/5 nodes are available: 5 Insufficient cpu."},
			{Code: PodCount, Namespace: "shop", Workload: ledger, Message: "has 3 of 4 pods"},
		},
		Warnings: []Warning{
			{Namespace: "shop", Workload: checkout, Pods: 3, Feature: "jvm", Container: "app", Outcome: "skipped", Reason: "OptionsByEnvFrom",
				Message: "an envFrom may hold the variable for JVM options (JAVA_TOOL_OPTIONS)"},
			{Namespace: "shop", Workload: ledger, Pods: 1, Feature: "satoken", Outcome: "done", Reason: "TokenVault", Message: "the token was kept for the Vault agent injector"},
		},
		Workloads: []Workload{
			{Namespace: "shop", WorkloadRef: checkout, Replicas: Replicas{Wanted: 3, Placed: 3, Ready: 3}, Spread: Spreads{
				Zone: Spread{Worst: 3, WorstDomain: "zone-a", Ideal: 3, Used: 1},
				Rack: Spread{Worst: 2, WorstDomain: "zone-a-rack-1", Ideal: 2, Used: 2},
				Host: Spread{Worst: 1, WorstDomain: "zone-a-rack-1-host-1", Ideal: 1, Used: 3},
			}},
			{Namespace: "shop", WorkloadRef: ledger, Replicas: Replicas{Wanted: 4}},
		},
		Pods: []Pod{
			{
				Namespace: "shop", Name: "checkout-6d9f-abcde", Workload: checkout, Phase: "Running", Ready: true,
				Node: "zone-a-rack-1-host-1", Zone: "zone-a", Rack: "zone-a-rack-1", Host: "zone-a-rack-1-host-1",
				Admission: Admission{Selected: true, Features: []Feature{
					{Name: "jvm", Outcome: "done", Containers: done},
					{Name: "satoken", Outcome: "skipped", Reason: "TokenReason", Containers: []Result{}},
				}},
				Token: Token{Mounted: true, Volume: "kube-api-access-x", Rule: "TokenReason"},
				Containers: []Container{
					{Name: "app", Type: "app", HeapFlags: pair, Pids: Pids{Tier: "large", Limit: 4096},
						JavaAgents: []JavaAgent{{Name: "uav", Jar: "/evenkeel/uav/agent.jar", From: "JAVA_TOOL_OPTIONS"}, {Name: "own", Jar: "/own.jar", From: "args"}}},
					{Name: "log-shipper", Type: "sidecar", HeapFlags: []Flag{}, JavaAgents: []JavaAgent{}, Pids: Pids{Limit: 512}},
				},
			},
			{
				Namespace: "shop", Name: "ledger-2", Workload: ledger, Phase: "Pending",
				Admission: Admission{Reason: "NamespaceNotEnabled", Features: []Feature{}},
				Containers: []Container{{Name: "app", Type: "app", JavaAgents: []JavaAgent{}, HeapFlags: []Flag{
					{"-Xmx600m", "command"}, {"-XX:MaxRAMPercentage=70.0", "JAVA_OPTS"}, {"-XX:MinRAMPercentage=50.0", "JAVA_OPTS"}}}},
			},
		},
	}
}

func TestDocumentPrintsTables(t *testing.T) {
	var out bytes.Buffer
	if err := exampleDocument().WriteTables(&out); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/tables.txt", out.Bytes())
}

func TestDocumentPrintsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := exampleDocument().WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/document.json", out.Bytes())
}
