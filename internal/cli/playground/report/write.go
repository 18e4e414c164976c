// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/evenkeel/evenkeel/api/wellknown"
)

// WriteJSON writes the document as one indented JSON document.
func (d *Document) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	// "<" and "&" stay readable: the document is for programs and people, not for HTML.
	encoder.SetEscapeHTML(false)
	return encoder.Encode(d)
}

// WriteTables writes the two tables, each with a note on how to read it, and the
// warnings.
func (d *Document) WriteTables(w io.Writer) error {
	dc := d.DataCentre
	t := &table{}
	t.row("NAMESPACE", "WORKLOAD", "REPLICAS", "WORST ZONE", "WORST RACK", "WORST HOST")
	for _, wl := range d.Workloads {
		t.row(wl.Namespace, wl.Kind+"/"+wl.Name, placed(wl.Replicas),
			worst(wl.Replicas, wl.Spread.Zone), worst(wl.Replicas, wl.Spread.Rack), worst(wl.Replicas, wl.Spread.Host))
	}
	if err := t.write(w, fmt.Sprintf("Worst: the most replicas that one zone, rack or host holds, which is what the workload loses with it.\n"+
		"Ideal: what even spreading over %s, %s and %s comes to.",
		count(dc.Zones, "zone"), count(dc.Racks, "rack"), count(dc.Hosts, "host"))); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	t = &table{}
	t.row("POD", "CONTAINER", "HEAP FLAGS", "AGENTS", "PIDS", "TOKEN", "NODE")
	for i := range d.Pods {
		d.Pods[i].rows(t)
	}
	if err := t.write(w, "Heap flags: without their -XX:; those that are not in JAVA_TOOL_OPTIONS or JDK_JAVA_OPTIONS say where they are.\n"+
		"Token: whether the pod can call the Kubernetes API, and the rule that kept it."); err != nil {
		return err
	}
	return d.writeWarnings(w)
}

// rows adds a row for each container; what holds for the pod is in the first.
func (p *Pod) rows(t *table) {
	name, tok, node := p.Namespace+"/"+p.Name, p.Token.cell(), p.Node
	if node == "" {
		node = "(pending)"
	}
	for _, c := range p.Containers {
		t.row(name, c.Name, heapCell(c.HeapFlags), agentCell(c.JavaAgents), c.Pids.cell(), tok, node)
		name, tok, node = "", "", ""
	}
}

func placed(r Replicas) string {
	if r.Placed == r.Wanted {
		return strconv.Itoa(r.Wanted)
	}
	return fmt.Sprintf("%d of %d placed", r.Placed, r.Wanted)
}

func worst(r Replicas, s Spread) string {
	if r.Placed == 0 {
		return none
	}
	return fmt.Sprintf("%d of %d (ideal %d)", s.Worst, r.Placed, s.Ideal)
}

func (t Token) cell() string {
	switch {
	case !t.Mounted:
		return "no"
	case t.Rule == "":
		return "yes"
	}
	return "yes: " + t.Rule
}

func (p Pids) cell() string {
	switch {
	case p.Limit == 0:
		return none
	case p.Tier == "":
		return strconv.FormatInt(p.Limit, 10)
	}
	return fmt.Sprintf("%s (%d)", p.Tier, p.Limit)
}

// heapCell shortens the pair that Evenkeel injects: MaxRAMPercentage alone has no
// effect in a small container, so both are always set to the same.
func heapCell(flags []Flag) string {
	var cells []string
	for i := 0; i < len(flags); i++ {
		text := strings.TrimPrefix(flags[i].Flag, "-XX:")
		if value, ok := strings.CutPrefix(text, "MaxRAMPercentage="); ok && i+1 < len(flags) &&
			flags[i+1] == (Flag{Flag: "-XX:MinRAMPercentage=" + value, From: flags[i].From}) {
			text = "Max/MinRAMPercentage=" + value
			i++
		}
		if from := flags[i].From; from != wellknown.JavaToolOptions && from != wellknown.JDKJavaOptions {
			text += " (" + from + ")"
		}
		cells = append(cells, text)
	}
	return orNone(cells)
}

func agentCell(agents []JavaAgent) string {
	var cells []string
	for _, a := range agents {
		cells = append(cells, a.Name)
	}
	return orNone(cells)
}

// none stands in a cell that has nothing to say.
const none = "-"

func orNone(cells []string) string {
	if len(cells) == 0 {
		return none
	}
	return strings.Join(cells, " ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// table is text in columns.
type table struct{ rows []string }

func (t *table) row(cells ...string) { t.rows = append(t.rows, strings.Join(cells, "\t")) }

// write writes the table with a text below it.
func (t *table) write(w io.Writer, caption string) error {
	var text strings.Builder
	// A Builder takes everything.
	columns := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	for _, row := range t.rows {
		_, _ = fmt.Fprintln(columns, row)
	}
	_ = columns.Flush()
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, caption)
	return err
}
