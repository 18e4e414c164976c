// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package jvm

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/evenkeel/evenkeel/api/v1alpha1"
	"github.com/evenkeel/evenkeel/api/wellknown"
	"github.com/evenkeel/evenkeel/internal/podspec"
	"github.com/evenkeel/evenkeel/webhooks/mutate"
)

// heap returns the options of the heap, if any, and puts what was found into the
// plan. The error is for the user.
func (m *Mutator) heap(in *inputs, p *plan) ([]string, error) {
	facts := p.result.Facts
	if in.mem.code == "" {
		facts[mutate.FactMemoryLimit] = in.mem.visible.String()
	}
	if code, detail := m.leftAlone(in); code != "" {
		p.note(code, detail)
		return nil, nil
	}
	h, err := percentage(in, p)
	if err != nil || h.permille == 0 {
		return nil, err
	}
	heap := permilleOf(in.mem.visible.Value(), h.permille)
	// The JVM checks this one against the heap that comes out, and refuses to start.
	if in.user.softMax != nil && !fits(in.user.softMax, heap) {
		p.note(mutate.CodeUserHeapFlags, in.user.softMax.String())
		return nil, nil
	}
	if h.rule == RuleFloor {
		p.note(mutate.CodeHeapAtFloor, h.floor)
	}
	p.share = h
	percent := formatPermille(h.permille)
	facts[mutate.FactHeapPercent] = percent
	facts[mutate.FactHeap] = formatBytes(heap)
	facts[mutate.FactRule] = string(h.rule)
	if in.wishes.settings.Sizing == v1alpha1.SizingAbsolute {
		why := unsafeBeside(in, heap)
		if why == "" {
			facts[mutate.FactSizing] = "absolute"
			p.note(mutate.CodeAbsoluteHeap, "")
			return []string{fmt.Sprintf("-Xmx%dm", wholeMiB(heap)>>20)}, nil
		}
		p.note(mutate.CodeAbsoluteUnsafe, why)
	}
	if in.wishes.settings.Release == v1alpha1.ReleaseBefore8u191 {
		facts[mutate.FactSizing] = "fraction"
		return []string{fmt.Sprintf("-XX:MaxRAM=%d", wholeMiB(heap)), "-XX:MaxRAMFraction=1", "-XX:MinRAMFraction=1"}, nil
	}
	var options []string
	switch maxRAM := in.wishes.settings.MaxRAM; {
	case maxRAM == v1alpha1.MaxRAMOff:
	case maxRAM == v1alpha1.MaxRAMDownwardAPI && canReadLimit(in):
		p.downward = true
		options = append(options, "-XX:MaxRAM=$("+wellknown.MemoryLimitEnv+")")
	default:
		options = append(options, fmt.Sprintf("-XX:MaxRAM=%d", in.mem.visible.Value()))
	}
	// As a value it would stand still while the container restarts for the resize.
	if p.restart = (len(options) == 0 || p.downward) && restartable(in); p.restart {
		facts[mutate.FactResize] = "restart"
	}
	// Both, because below some 250 MiB a JVM goes by the minimum alone.
	return append(options, "-XX:MaxRAMPercentage="+percent, "-XX:MinRAMPercentage="+percent), nil
}

// leftAlone returns why the heap is left to others, or an empty code.
func (m *Mutator) leftAlone(in *inputs) (mutate.Code, string) {
	settings := &in.wishes.settings
	if f := in.user.heap; f != nil {
		return mutate.CodeUserHeapFlags, f.String()
	}
	if size := sizeVariable(in.Container); size != "" {
		return mutate.CodeUserHeapFlags, size
	}
	switch {
	case in.user.noContainer != nil && settings.Sizing == v1alpha1.SizingPercentage && settings.Release == v1alpha1.ReleaseAny &&
		settings.MaxRAM == v1alpha1.MaxRAMOff:
		return mutate.CodeContainerSupportOff, in.user.noContainer.String()
	case in.sizer != nil:
		return mutate.CodeSelfSizer, in.sizer.String()
	case settings.Sizing == v1alpha1.SizingNone:
		return mutate.CodeSizingNone, ""
	case m.selfSized.FitImage(in.Image) && !in.wishes.heapAsked:
		return mutate.CodeSelfSizer, "image " + mutate.Quote(in.Image)
	}
	return in.mem.code, in.mem.detail
}

// share is a heap as a part of the limit that the JVM sees.
type share struct {
	// permille is the heap in thousandths of the limit; 0 for no heap.
	permille int64
	rule     Rule
	// floor completes the code of a heap at its floor.
	floor string
}

// percentage returns the heap of a container. The error is for the user.
func percentage(in *inputs, p *plan) (share, error) {
	if in.wishes.permille != 0 {
		return share{permille: in.wishes.permille, rule: RuleAnnotation}, nil
	}
	settings, facts := &in.wishes.settings, p.result.Facts
	part := formatBytes(max(in.mem.share, 0))
	if in.mem.shared() {
		facts[mutate.FactMemoryShare] = part
	}
	agents := reserved(in.req.Reservations(in.Name), settings.Heap.Agents)
	b := NewBudget(&settings.Heap, max(in.mem.share, 1), agents)
	permille := b.Permille
	if in.mem.shared() {
		// The JVM takes its percentage of the limit it sees, of which this container
		// has a part.
		permille = int64(float64(b.Permille) * (float64(b.Limit) / float64(in.mem.visible.Value())))
	}
	why := ""
	if least := settings.Heap.MinimumLimit.Value() + agents; in.mem.share < least {
		why = part + " is under the least of " + formatBytesUp(least) + enough(&settings.Heap, agents)
	} else if permille == 0 {
		why = part + " are less than a tenth of a percent of " + in.mem.visible.String()
	}
	if why != "" {
		if settings.LimitTooSmall == v1alpha1.SmallLimitError {
			return share{}, fmt.Errorf("container %s: the memory limit, or its share of the pod's, is too small for a Java service: %s; "+
				"raise resources.limits.memory", mutate.Quote(in.Name), why)
		}
		p.note(mutate.CodeLimitTooSmall, why)
		return share{}, nil
	}
	out := share{permille: permille, rule: b.Rule}
	if b.Rule == RuleFloor {
		out.floor = formatPermille(b.Permille) + " % of " + part + enough(&settings.Heap, agents)
	}
	return out, nil
}

// enough says which limit holds the whole budget, if one does.
func enough(cfg *v1alpha1.HeapBudget, agents int64) string {
	if limit := LeastLimit(cfg, agents); limit > 0 {
		return "; " + formatBytes(limit) + " would hold the whole budget"
	}
	return ""
}

// reserved is the sum of what is reserved for injected agents, where a profile
// may have numbers of its own.
func reserved(reservations []mutate.Reservation, own map[string]resource.Quantity) int64 {
	var total int64
	for _, r := range reservations {
		total = saturatingAdd(total, reservedFor(r, own))
	}
	return total
}

// unsafeBeside returns what may keep a JVM from starting, or silently lose a
// value of the user's, beside an -Xmx of so many bytes, or "".
func unsafeBeside(in *inputs, heap int64) string {
	for i := range in.user.initial {
		if f := &in.user.initial[i]; !fits(f, heap) {
			return f.String()
		}
	}
	if in.sight.file != "" {
		return mutate.Quote(in.sight.file)
	}
	return in.sight.hidden
}

// fits reports whether the size that a flag gives is known and not above the
// heap.
func fits(f *podspec.Flag, heap int64) bool {
	size, ok := parseSize(f.Text)
	return ok && size <= heap>>20<<20
}

// sizePattern is a size as HotSpot takes it: a number of bytes, or one with k, m,
// g or t behind it.
var sizePattern = regexp.MustCompile(`^([0-9]{1,15})([kKmMgGtT]?)$`)

// parseSize reads the size that an option such as -Xms512m or
// -XX:InitialHeapSize=512m gives. It is not ok where that is no number, such as
// in -Xms$HEAP.
func parseSize(option string) (bytes int64, ok bool) {
	value := strings.TrimPrefix(strings.TrimPrefix(option, "-Xms"), "-ms")
	if _, after, found := strings.Cut(option, "="); found {
		value = after
	}
	parts := sizePattern.FindStringSubmatch(value)
	if parts == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(parts[1], 10, 64)
	shift := 0
	if parts[2] != "" {
		shift = 10 * (1 + strings.Index("kmgt", strings.ToLower(parts[2])))
	}
	if err != nil || n > math.MaxInt64>>shift {
		return 0, false
	}
	return n << shift, true
}

// formatBytes writes bytes as a quantity in whole MiB, rounded down, where that
// is not 0.
func formatBytes(n int64) string {
	if n >= 1<<20 {
		n = n >> 20 << 20
	}
	return resource.NewQuantity(n, resource.BinarySI).String()
}

// formatBytesUp is formatBytes rounded up.
func formatBytesUp(n int64) string {
	return formatBytes(saturatingAdd(n, 1<<20-1))
}
