// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command plot draws the curves of docs/benchmarks/scale.md from the figures in
// scheduler.json.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// settings are those of the figures that differ in the number of nodes only.
var settings = []string{"services-1000", "services-5000", "services-15000", "services-50000"}

// figure is as much of a figure as the curves need.
type figure struct {
	Result struct {
		Profiles map[string]profile `json:"profiles"`
		Setting  struct {
			Nodes float64 `json:"nodes"`
		} `json:"setting"`
	} `json:"result"`
}

type profile struct {
	CPU           float64 `json:"cpu_us_per_pod"`
	PodsPerSecond float64 `json:"pods_per_second"`
}

// chart is one picture: a value of each profile over the number of nodes.
type chart struct {
	file, title, axis string
	of                func(profile) float64
}

var charts = []chart{
	{"scale-cpu.svg", "CPU time to place a pod", "milliseconds", func(p profile) float64 { return p.CPU / 1000 }},
	{"scale-throughput.svg", "Pods placed on two CPUs", "pods per second", func(p profile) float64 { return p.PodsPerSecond }},
}

// colors are told apart by colour-blind eyes too (Okabe and Ito 2008).
var colors = map[string]color.Color{
	"default":  color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff},
	"tuned":    color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff},
	"evenkeel": color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "plot: name the folder of scheduler.json, such as docs/benchmarks")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	file := filepath.Join(folder, "scheduler.json")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var figures map[string]figure
	if err := json.Unmarshal(text, &figures); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, c := range charts {
		if err := c.draw(figures, folder); err != nil {
			return fmt.Errorf("%s: %w", c.file, err)
		}
	}
	return nil
}

// curves returns the points of each profile.
func (c chart) curves(figures map[string]figure) map[string]plotter.XYs {
	curves := map[string]plotter.XYs{}
	for _, name := range settings {
		f := figures[name]
		for profile, p := range f.Result.Profiles {
			curves[profile] = append(curves[profile], plotter.XY{X: f.Result.Setting.Nodes, Y: c.of(p)})
		}
	}
	return curves
}

func (c chart) draw(figures map[string]figure, folder string) error {
	curves := c.curves(figures)
	if len(curves) == 0 {
		return errors.New("there are no figures of services-*: measure them with make bench-scheduler")
	}
	p := plot.New()
	p.Title.Text = c.title
	p.X.Label.Text, p.Y.Label.Text = "nodes, with 20 pods each", c.axis
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker = plot.LogTicks{Prec: -1}
	p.Y.Tick.Marker = plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	for _, name := range slices.Sorted(maps.Keys(curves)) {
		line, points, err := plotter.NewLinePoints(curves[name])
		if err != nil {
			return err
		}
		line.Color, line.Width = colors[name], vg.Points(2)
		points.Color = colors[name]
		p.Add(line, points)
		p.Legend.Add(name, line)
	}
	return p.Save(6*vg.Inch, 4*vg.Inch, filepath.Join(folder, c.file))
}
