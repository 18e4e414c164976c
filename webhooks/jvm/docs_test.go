// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/webhooks/jvm"
)

// budgetRow is a row of the table of budgets in the documentation.
var budgetRow = regexp.MustCompile(`(?m)^\| ([0-9]+[MG]i) \| [0-9].*$`)

// TestDocumentedBudgets keeps the table of docs/jvm.md in step with the defaults.
func TestDocumentedBudgets(t *testing.T) {
	page, err := os.ReadFile("../../docs/jvm.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := budgetRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) < 7 {
		t.Fatalf("the page has %d rows of budgets; want 7", len(rows))
	}
	cfg := &feature(t, "{}").Heap
	for _, row := range rows {
		limit := resource.MustParse(row[1])
		b := jvm.NewBudget(cfg, limit.Value(), 0)
		mi := func(n int64) string { return fmt.Sprint(n >> 20) }
		want := "| " + strings.Join([]string{row[1], mi(b.Metaspace), mi(b.CodeCache), mi(b.Threads), mi(b.Direct), mi(b.Native),
			mi(b.Heap()), fmt.Sprintf("%.1f %%", float64(b.Permille)/10), string(b.Rule)}, " | ") + " |"
		if row[0] != want {
			t.Errorf("the row is  %s\n      want %s", row[0], want)
		}
	}
	least := resource.NewQuantity(jvm.LeastLimit(cfg, 0), resource.BinarySI).String()
	if !strings.Contains(string(page), "**"+least+"**") {
		t.Errorf("the page does not name the least limit that holds the whole budget, **%s**", least)
	}
}
