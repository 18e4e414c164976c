// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicaspread

import (
	"context"
	"sync"

	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"

	"github.com/evenkeel/evenkeel/api/config"
	"github.com/evenkeel/evenkeel/plugins/scheduler/replicaspread/index"
)

// The metrics are of the whole process, like those of kube-scheduler: it has one
// registry. No label takes a user's value.
var (
	capsHit = metrics.NewCounterVec(&metrics.CounterOpts{
		Name:           "evenkeel_scheduler_replicaspread_caps_hit_total",
		Help:           "Scheduling attempts in which a cap on replicas ruled out at least one node, by level (host, rack, zone).",
		StabilityLevel: metrics.ALPHA,
	}, []string{"level"})
	recounts = metrics.NewCounter(&metrics.CounterOpts{
		Name:           "evenkeel_scheduler_replicaspread_index_recounts_total",
		Help:           "Recounts of all pods that checked the index of replicas; 0 unless recountEvery is set in ReplicaSpreadArgs.",
		StabilityLevel: metrics.ALPHA,
	})
	divergence = metrics.NewCounter(&metrics.CounterOpts{
		Name:           "evenkeel_scheduler_replicaspread_index_divergence_total",
		Help:           "Counts by which the index of replicas differed from a recount, and nodes on which it differed from a sweep. Anything but 0 is an error in the plugin.",
		StabilityLevel: metrics.ALPHA,
	})

	indexNodes = metrics.NewDesc("evenkeel_scheduler_replicaspread_index_nodes",
		"Nodes in the index of replicas.", nil, nil, metrics.ALPHA, "")
	indexWorkloads = metrics.NewDesc("evenkeel_scheduler_replicaspread_index_workloads",
		"Workloads with at least one pod on a node in the index of replicas.", nil, nil, metrics.ALPHA, "")
	indexBytes = metrics.NewDesc("evenkeel_scheduler_replicaspread_index_bytes",
		"Estimate of the memory that the index of replicas takes.", nil, nil, metrics.ALPHA, "")
	workloadsAtRisk = metrics.NewDesc("evenkeel_scheduler_replicaspread_workloads_at_risk",
		"Workloads whose fullest domain of a level (host, rack, zone) holds more replicas than if they lay evenly over all domains, as of the last scheduling cycle.",
		[]string{"level"}, nil, metrics.ALPHA, "")
)

// surveys collects what is read off the indexes when metrics are asked for.
var surveys = &surveyCollector{}

var registerMetrics = sync.OnceFunc(func() {
	legacyregistry.MustRegister(capsHit, recounts, divergence)
	legacyregistry.CustomMustRegister(surveys)
})

// surveyCollector surveys all indexes. There is one, unless profiles count
// differently; then the figures are sums.
type surveyCollector struct {
	metrics.BaseStableCollector

	mu      sync.Mutex
	indexes []surveyed
}

type surveyed struct {
	index  *index.Index
	levels []config.LevelName
}

// add makes the collector survey an index until the context ends.
func (c *surveyCollector) add(ctx context.Context, ix *index.Index, levels []config.LevelName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.indexes = append(c.indexes, surveyed{ix, levels})
	context.AfterFunc(ctx, func() { c.remove(ix) })
}

func (c *surveyCollector) remove(ix *index.Index) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := []surveyed{}
	for _, s := range c.indexes {
		if s.index != ix {
			kept = append(kept, s)
		}
	}
	c.indexes = kept
}

// DescribeWithStability sends what CollectWithStability collects.
func (c *surveyCollector) DescribeWithStability(ch chan<- *metrics.Desc) {
	for _, desc := range []*metrics.Desc{indexNodes, indexWorkloads, indexBytes, workloadsAtRisk} {
		ch <- desc
	}
}

// CollectWithStability surveys the indexes. It keeps no scheduling cycle waiting
// for longer than a batch of a survey.
func (c *surveyCollector) CollectWithStability(ch chan<- metrics.Metric) {
	c.mu.Lock()
	indexes := c.indexes
	c.mu.Unlock()
	if len(indexes) == 0 {
		return
	}
	var nodes, workloads, bytes float64
	atRisk := map[config.LevelName]float64{}
	for _, s := range indexes {
		survey := s.index.Survey()
		nodes += float64(survey.Nodes)
		workloads += float64(survey.Workloads)
		bytes += float64(survey.Bytes)
		for i, level := range s.levels {
			atRisk[level] += float64(survey.AtRisk[i])
		}
	}
	ch <- metrics.NewLazyConstMetric(indexNodes, metrics.GaugeValue, nodes)
	ch <- metrics.NewLazyConstMetric(indexWorkloads, metrics.GaugeValue, workloads)
	ch <- metrics.NewLazyConstMetric(indexBytes, metrics.GaugeValue, bytes)
	for level, n := range atRisk {
		ch <- metrics.NewLazyConstMetric(workloadsAtRisk, metrics.GaugeValue, n, string(level))
	}
}
