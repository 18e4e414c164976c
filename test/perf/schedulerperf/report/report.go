// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/contender"
	"github.com/evenkeel/evenkeel/test/perf/schedulerperf/workload"
)

// Report is the outcome of a run. Names of fields end in their units.
type Report struct {
	// Workloads are by name and size.
	Workloads map[string]*Workload `json:"workloads"`
	Setting   Setting              `json:"setting"`
	// order is that in which they ran.
	order []string
}

// Workload is how the schedulers did with one workload.
type Workload struct {
	Shape      workload.Shape        `json:"shape"`
	Schedulers map[string]*Scheduler `json:"schedulers"`
	Ratios     Ratios                `json:"ratios"`
}

// Scheduler is what one scheduler did. Each figure is the median over the turns.
type Scheduler struct {
	// Throughput is what scheduler_perf reports; nil if a turn was too short for it.
	Throughput *Throughput `json:"throughput_pods_per_second,omitempty"`
	// Overall is the number of measured pods divided by the duration.
	Overall      float64 `json:"overall_pods_per_second"`
	Duration     float64 `json:"duration_s"`
	AlgorithmAvg float64 `json:"algorithm_avg_ms"`
	AlgorithmP99 float64 `json:"algorithm_p99_ms"`
	AttemptAvg   float64 `json:"attempt_avg_ms"`
	AttemptP99   float64 `json:"attempt_p99_ms"`
	Heap         float64 `json:"heap_max_mb"`
	// CPU is that of the whole turn: see Turn.
	CPU float64 `json:"turn_cpu_s"`
	// Placement is that of the last turn, as an example: it is much the same each
	// time. Only in workloads with replicas.
	Placement *workload.Placement `json:"placement,omitempty"`
	turns     []Turn
}

// Throughput is scheduler_perf's SchedulingThroughput.
type Throughput struct {
	Average    float64 `json:"average"`
	AverageMin float64 `json:"average_min"`
	AverageMax float64 `json:"average_max"`
	P50        float64 `json:"p50"`
	P90        float64 `json:"p90"`
	P95        float64 `json:"p95"`
	P99        float64 `json:"p99"`
}

// Ratios compare average throughputs, and the CPU time of whole turns. One whose schedulers were not both measured
// is left out.
type Ratios struct {
	EvenkeelVsDefault float64 `json:"evenkeel_vs_default,omitempty"`
	EvenkeelVsTuned   float64 `json:"evenkeel_vs_tuned,omitempty"`
	EvenkeelVsNull    float64 `json:"evenkeel_vs_null,omitempty"`
	DefaultVsNull     float64 `json:"default_vs_null,omitempty"`
	// How many times that of the null scheduler: 1 is the best there can be.
	EvenkeelCPUVsNull float64 `json:"evenkeel_cpu_vs_null,omitempty"`
	DefaultCPUVsNull  float64 `json:"default_cpu_vs_null,omitempty"`
}

// Setting is what was asked for and where.
type Setting struct {
	Repeats    int      `json:"repeats"`
	GOGC       int      `json:"gogc_percent"`
	Schedulers []string `json:"schedulers"`
	// ClientQPS is scheduler_perf's: for creating, binding and events together.
	ClientQPS  int    `json:"client_qps"`
	CPUs       int    `json:"cpus"`
	Go         string `json:"go"`
	Kubernetes string `json:"kubernetes"`
}

// New makes an empty report.
func New(repeats, gogc int, schedulers []string) *Report {
	s := Setting{Repeats: repeats, GOGC: gogc, Schedulers: schedulers, ClientQPS: 5000, CPUs: runtime.GOMAXPROCS(0), Go: runtime.Version(), Kubernetes: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "k8s.io/kubernetes" {
				s.Kubernetes = dep.Version
			}
		}
	}
	return &Report{Workloads: map[string]*Workload{}, Setting: s}
}

// Add tells the report of a workload that is about to be measured.
func (r *Report) Add(name string, shape workload.Shape) {
	r.order = append(r.order, name)
	r.Workloads[name] = &Workload{Shape: shape, Schedulers: map[string]*Scheduler{}}
}

// Measured adds a turn.
func (r *Report) Measured(name, scheduler string, turn Turn) {
	w := r.Workloads[name]
	s := w.Schedulers[scheduler]
	if s == nil {
		s = &Scheduler{}
		w.Schedulers[scheduler] = s
	}
	s.turns = append(s.turns, turn)
	s.sum(w.Shape)
	ratio := func(one, other string) float64 {
		a, b := w.Schedulers[one], w.Schedulers[other]
		if a == nil || b == nil || a.Throughput == nil || b.Throughput == nil {
			return 0
		}
		return round(a.Throughput.Average / b.Throughput.Average)
	}
	cpuRatio := func(one, other string) float64 {
		a, b := w.Schedulers[one], w.Schedulers[other]
		if a == nil || b == nil {
			return 0
		}
		return round(a.CPU / b.CPU)
	}
	w.Ratios = Ratios{
		EvenkeelVsDefault: ratio(contender.Evenkeel, contender.Default),
		EvenkeelVsTuned:   ratio(contender.Evenkeel, contender.Tuned),
		EvenkeelVsNull:    ratio(contender.Evenkeel, contender.Null),
		DefaultVsNull:     ratio(contender.Default, contender.Null),
		EvenkeelCPUVsNull: cpuRatio(contender.Evenkeel, contender.Null),
		DefaultCPUVsNull:  cpuRatio(contender.Default, contender.Null),
	}
}

// sum fills in the figures from the turns.
func (s *Scheduler) sum(shape workload.Shape) {
	over := func(of func(Turn) float64) []float64 {
		values := make([]float64, len(s.turns))
		for i, t := range s.turns {
			values[i] = of(t)
		}
		slices.Sort(values)
		return values
	}
	mid := func(of func(Turn) float64) float64 { return round(median(over(of))) }
	s.Duration = mid(func(t Turn) float64 { return t.Duration })
	s.Overall = mid(func(t Turn) float64 { return float64(shape.MeasuredPods) / t.Duration })
	s.AlgorithmAvg = mid(func(t Turn) float64 { return t.Algorithm["Average"] })
	s.AlgorithmP99 = mid(func(t Turn) float64 { return t.Algorithm["Perc99"] })
	s.AttemptAvg = mid(func(t Turn) float64 { return t.Attempt["Average"] })
	s.AttemptP99 = mid(func(t Turn) float64 { return t.Attempt["Perc99"] })
	s.Heap = mid(func(t Turn) float64 { return t.Heap })
	s.CPU = mid(func(t Turn) float64 { return t.CPU })
	s.Placement = s.turns[len(s.turns)-1].Placement
	s.Throughput = nil
	if slices.ContainsFunc(s.turns, func(t Turn) bool { return len(t.Throughput) == 0 }) {
		return
	}
	bucket := func(name string) float64 { return mid(func(t Turn) float64 { return t.Throughput[name] }) }
	averages := over(func(t Turn) float64 { return t.Throughput["Average"] })
	s.Throughput = &Throughput{
		Average: bucket("Average"), AverageMin: round(averages[0]), AverageMax: round(averages[len(averages)-1]),
		P50: bucket("Perc50"), P90: bucket("Perc90"), P95: bucket("Perc95"), P99: bucket("Perc99"),
	}
}

// median returns the middle of sorted values.
func median(values []float64) float64 {
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// round rounds to three digits: more would be noise.
func round(value float64) float64 {
	return math.Round(value*1000) / 1000
}

// WriteJSON writes the report as one line.
func (r *Report) WriteJSON(w io.Writer) error {
	return json.NewEncoder(w).Encode(r)
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%d CPUs for the API server, etcd and the scheduler together, GOGC %d, %s, Kubernetes %s; median of %d turns\n\n",
		r.Setting.CPUs, r.Setting.GOGC, r.Setting.Go, r.Setting.Kubernetes, r.Setting.Repeats)
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "workload\tpods\tscheduler\tpods/s\tmin-max\tp50\tp90\tof null\tof default\tdeciding avg\tp99\theap\tCPU\tworst host\track\t")
	short := false
	for _, name := range r.order {
		workload := r.Workloads[name]
		title, pods := name, fmt.Sprint(workload.Shape.MeasuredPods)
		for _, scheduler := range contender.Names() {
			s := workload.Schedulers[scheduler]
			if s == nil {
				continue
			}
			short = short || s.Throughput == nil
			cells := []string{fmt.Sprintf("%.0f *", s.Overall), "-", "-", "-", "-", "-"}
			if t := s.Throughput; t != nil {
				cells = []string{fmt.Sprintf("%.0f", t.Average), fmt.Sprintf("%.0f-%.0f", t.AverageMin, t.AverageMax), fmt.Sprintf("%.0f", t.P50), fmt.Sprintf("%.0f", t.P90),
					share(s, workload.Schedulers[contender.Null]), share(s, workload.Schedulers[contender.Default])}
			}
			host, rack := "-", "-"
			if p := s.Placement; p != nil {
				host, rack = fmt.Sprintf("%d (%d)", p.WorstHost, p.IdealHost), fmt.Sprintf("%d (%d)", p.WorstRack, p.IdealRack)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.2f ms\t%.2f ms\t%.0f MB\t%.0f s\t%s\t%s\t\n",
				title, pods, scheduler, strings.Join(cells, "\t"), s.AlgorithmAvg, s.AlgorithmP99, s.Heap, s.CPU, host, rack)
			title, pods = "", ""
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(&text, "\nCPU: of the whole turn, API server, etcd and creators included")
	fmt.Fprintln(&text, "worst host and rack: replicas in the fullest one, and the least that could be")
	if short {
		fmt.Fprintln(&text, "* over before there were two samples: pods divided by the whole time, creation included")
	}
	fmt.Fprintln(&text)
	_, err := io.WriteString(w, text.String())
	return err
}

// share tells the ratio of the throughputs of two schedulers.
func share(s, other *Scheduler) string {
	if other == nil || other == s || other.Throughput == nil {
		return "-"
	}
	return fmt.Sprintf("%.2fx", s.Throughput.Average/other.Throughput.Average)
}
