// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"cmp"
	"slices"
	"sync"

	"github.com/containerd/nri/pkg/api"

	"github.com/evenkeel/evenkeel/plugins/node/pids"
)

// record is what is known of one container. It is not changed once it is in
// records, only replaced.
type record struct {
	id, namespace, pod, container string
	wanted, effective             int64
	reason                        pids.Reason
	detail                        string
}

func newRecord(pod *api.PodSandbox, container *api.Container, d pids.Decision) *record {
	return &record{
		id: container.GetId(), namespace: pod.GetNamespace(), pod: pod.GetName(), container: container.GetName(),
		wanted: d.Wanted, reason: d.Reason, detail: d.Detail,
	}
}

// asWanted reports whether the container has what is wanted for it.
func (r *record) asWanted() bool { return r.wanted == r.effective }

// place is what metrics know a container by. A container that is started again
// has another id, and the same place.
type place struct{ namespace, pod, container string }

func (r *record) place() place {
	return place{namespace: r.namespace, pod: r.pod, container: r.container}
}

// records are the containers of the node. A place has one container, the last.
type records struct {
	mu      sync.Mutex
	byID    map[string]*record
	byPlace map[place]*record
}

func newRecords() *records {
	return &records{byID: map[string]*record{}, byPlace: map[place]*record{}}
}

func (s *records) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.byID)
	clear(s.byPlace)
}

func (s *records) put(r *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(r)
}

func (s *records) store(r *record) {
	if old, ok := s.byPlace[r.place()]; ok {
		delete(s.byID, old.id)
	}
	s.byID[r.id], s.byPlace[r.place()] = r, r
}

func (s *records) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.byID[id]
	if !ok {
		return
	}
	delete(s.byID, id)
	if s.byPlace[r.place()] == r {
		delete(s.byPlace, r.place())
	}
}

// settle records what a container has got.
func (s *records) settle(id string, effective int64) (*record, bool) {
	return s.change(id, func(r *record) { r.effective = effective })
}

// revise records what became of a change.
func (s *records) revise(id string, effective int64, reason pids.Reason, detail string) (*record, bool) {
	return s.change(id, func(r *record) { r.effective, r.reason, r.detail = effective, reason, detail })
}

func (s *records) change(id string, edit func(*record)) (*record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.byID[id]
	if !ok {
		return nil, false
	}
	r := *old
	edit(&r)
	s.store(&r)
	return &r, true
}

// list returns the containers in the order of their places.
func (s *records) list() []*record {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*record, 0, len(s.byPlace))
	for _, r := range s.byPlace {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *record) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.pod, b.pod), cmp.Compare(a.container, b.container))
	})
	return out
}
