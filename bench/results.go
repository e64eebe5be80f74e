// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"kchat/bench/job"
)

// results are all that was measured, usually in one boot.
type results struct {
	How     string       `json:"how"`
	Kernel  string       `json:"kernel"`
	Boots   int          `json:"boots"`
	Results []job.Result `json:"results"`
}

func readResults(path string) (*results, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the results: %w", err)
	}
	r := &results{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("read the results in %s: %w", path, err)
	}
	return r, nil
}

func (r *results) write(path string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	err = os.MkdirAll(filepath.Dir(path), 0o755)
	if err = errors.Join(err, os.WriteFile(path, append(text, '\n'), 0o644)); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

// put adds a result, in the place of an earlier one of the same case.
func (r *results) put(result job.Result) {
	for i := range r.Results {
		then, now := r.Results[i].Job, result.Job
		if then.Server == now.Server && modeOf(then) == modeOf(now) && then.Members == now.Members && then.Rooms == now.Rooms && then.Size == now.Size {
			r.Results[i] = result
			return
		}
	}
	r.Results = append(r.Results, result)
}

// cost is what one delivery cost, in nanoseconds of the guest's clock.
type cost struct {
	server, load, busy, elapsed float64
}

// perDelivery is the median of the runs, each of its numbers by itself.
func perDelivery(r job.Result) cost {
	of := func(get func(job.Cost) uint64) float64 {
		var values []float64
		for _, run := range r.Runs {
			values = append(values, float64(get(run.Cost))/float64(run.Load.Deliveries))
		}
		return median(values)
	}
	return cost{
		server:  of(func(c job.Cost) uint64 { return c.Server }),
		load:    of(func(c job.Cost) uint64 { return c.Load }),
		busy:    of(func(c job.Cost) uint64 { return c.Busy }),
		elapsed: of(func(c job.Cost) uint64 { return c.Elapsed }),
	}
}

// median of an even count is the mean of the two in the middle; of none it is 0.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// find is the result of a case with one room; nil: it was not measured.
func (r *results) find(server, mode string, members, size int) *job.Result {
	return r.findRooms(server, mode, members, 1, size)
}

func (r *results) findRooms(server, mode string, members, rooms, size int) *job.Result {
	for i := range r.Results {
		j := r.Results[i].Job
		if j.Server == server && modeOf(j) == mode && j.Members == members && j.Rooms == rooms && j.Size == size {
			return &r.Results[i]
		}
	}
	return nil
}

// best is the peer with the least of a number; nothing if none was measured.
func (r *results) best(mode string, members, size int, of func(job.Result) float64) (name string, least float64) {
	for _, other := range r.Results {
		o := other.Job
		if modeOf(o) == mode && o.Members == members && o.Rooms == 1 && o.Size == size {
			return r.bestOf(o, of)
		}
	}
	return "", 0
}

// The numbers that are compared, each per delivery.
func ofServer(r job.Result) float64 { return perDelivery(r).server }
func ofAll(r job.Result) float64    { return perDelivery(r).busy }
func ofClock(r job.Result) float64  { return perDelivery(r).elapsed }

// The times from sending to delivery, in nanoseconds.
func p50(r job.Result) float64 { return ofLoad(r, func(l job.Load) uint64 { return l.P50 }) }
func p99(r job.Result) float64 { return ofLoad(r, func(l job.Load) uint64 { return l.P99 }) }

func ofLoad(r job.Result, get func(job.Load) uint64) float64 {
	var values []float64
	for _, run := range r.Runs {
		values = append(values, float64(get(run.Load)))
	}
	return median(values)
}

// setUp is what one connection costs the server until it is in its room.
func setUp(r job.Result) float64 { return float64(r.SetUp.Server) / float64(r.Job.People()) }

// resting is what one connection that nobody uses costs in a second: of the server, and of all.
func resting(r job.Result) (server, all float64) {
	each := float64(r.Rest.Elapsed) / 1e9 * float64(r.Job.People())
	if each == 0 {
		return 0, 0
	}
	return float64(r.Rest.Server) / each, float64(r.Rest.Busy) / each
}

// held is what one idle connection makes the machine hold, in bytes: at the server, and of the kernel for both ends of
// its socket.
func held(r job.Result) (server, sockets float64) {
	before, idle, people := r.Before, r.Idle, float64(r.Job.People())
	server = float64(idle.Server+idle.Vmalloc+idle.Percpu+idle.Others) - float64(before.Server+before.Vmalloc+before.Percpu+before.Others)
	return server / people, (float64(idle.Sockets) - float64(before.Sockets)) / people
}
