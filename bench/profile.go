// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kchat/bench/job"
)

// shownFunctions is how many functions a table of a profile has.
const shownFunctions = 40

// profile is what samples say of a delivery.
type profile struct {
	scale float64 // instructions of a delivery that one sample stands for
	own   map[string]map[string]int
	all   map[string]map[string]int // with what they called
	sums  map[string]int
}

// newProfile shares out what a delivery costs without samples being taken, which is dear.
func newProfile(p *job.Profile, cost float64) profile {
	r := profile{
		own: map[string]map[string]int{}, all: map[string]map[string]int{}, sums: map[string]int{},
	}
	for _, stack := range p.Stacks {
		frames := strings.Split(stack.Frames, ";")
		owner, calls := frames[0], frames[1:]
		if r.own[owner] == nil {
			r.own[owner], r.all[owner] = map[string]int{}, map[string]int{}
		}
		r.sums[owner] += stack.Samples
		r.own[owner][calls[len(calls)-1]] += stack.Samples
		slices.Sort(calls)
		for _, function := range slices.Compact(calls) { // who calls itself counts once
			r.all[owner][function] += stack.Samples
		}
	}
	var sum int
	for owner, samples := range r.sums {
		if owner != job.OfIdle {
			sum += samples
		}
	}
	r.scale = cost / float64(max(sum, 1))
	return r
}

// String is the tables: whose the instructions are, and of the server in which functions.
func (p profile) String() string {
	var text strings.Builder
	for _, owner := range slices.SortedFunc(maps.Keys(p.sums), func(a, b string) int { return cmp.Compare(p.sums[b], p.sums[a]) }) {
		fmt.Fprintf(&text, "%10.0f  %s\n", float64(p.sums[owner])*p.scale, owner)
	}
	p.table(&text, "the server's functions, without what they call", p.own[job.OfServer])
	p.table(&text, "the same, with what they call", p.all[job.OfServer])
	return text.String()
}

func (p profile) table(text *strings.Builder, title string, counts map[string]int) {
	fmt.Fprintf(text, "\n%s\n", title)
	functions := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, function := range functions[:min(len(functions), shownFunctions)] {
		fmt.Fprintf(text, "%10.1f  %s\n", float64(counts[function])*p.scale, function)
	}
}

// showProfile prints the profile of a result with runs, and writes its stacks to a file in the form that programs for flame graphs
// read. The result is without them then.
func showProfile(root string, r *job.Result) error {
	p := r.Profile
	r.Profile = nil
	if p == nil {
		return nil
	}
	if p.Full {
		return errors.New("more samples were taken than there is room for: let more instructions lie between them")
	}
	what, cost := "a delivery", perDelivery(*r).busy
	if len(r.Runs) == 0 {
		what, cost = "setting up a connection", float64(r.SetUp.Busy)/float64(r.Job.People())
	}
	fmt.Printf("%s\ninstructions of %s\n%v\n", line(*r), what, newProfile(p, cost))
	name := fmt.Sprintf("profile-%s-%d-%d-%d-%s.folded", r.Job.Server, r.Job.Members, r.Job.Rooms, r.Job.Size, modeOf(r.Job))
	path := filepath.Join(root, ".cache", name)
	var text strings.Builder
	for _, stack := range p.Stacks {
		fmt.Fprintf(&text, "%s %d\n", stack.Frames, stack.Samples)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write the stacks: %w", err)
	}
	fmt.Printf("The stacks, for a flame graph, are in %s.\n\n", path)
	return nil
}
