// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"kchat/bench/job"
)

// guardPath holds what the module cost beside the floor when somebody last accepted it.
const guardPath = "bench/guard.json"

// The most that it may cost now by what it cost then. What all cost together depends on how the load generator is woken,
// which is a matter of chance; it is there to show work that is done on the time of others.
const (
	tolerance    = 1.05 // of the server
	toleranceAll = 1.1
)

// guardBoots is how often it is measured at most. A slower module is slower in each boot; a host with much else to do, which
// lets timers of the guest fall into other places, is not.
const guardBoots = 3

// guarded is one case of the guard: what a delivery costs with the module, by what it costs with the floor in the same
// boot. What is moved from the server's threads to others shows in All.
type guarded struct {
	Mode    string  `json:"mode"`
	Members int     `json:"members"`
	Server  float64 `json:"server"`
	All     float64 `json:"all"`
}

// guard measures the module and the floor for a minute, and compares.
func guard(ctx context.Context, o options) error {
	o.how, o.servers, o.members, o.sizes = howCount, []string{job.Kchat, job.Floor}, []int{2, 100}, []int{small}
	o.modes = []string{modeOne, modeSat}
	jobs := o.jobs()
	for i := range jobs {
		if modeOf(jobs[i]) == modeSat { // how many go together is a matter of chance, which many even out
			jobs[i].Deliveries *= 5
		}
	}
	if o.accept {
		now, err := measureGuarded(ctx, o, jobs)
		if err != nil {
			return err
		}
		return writeGuard(filepath.Join(o.root, guardPath), now)
	}
	accepted, err := readGuard(filepath.Join(o.root, guardPath))
	if err != nil {
		return err
	}
	var least []guarded
	for boot := 1; ; boot++ {
		now, err := measureGuarded(ctx, o, jobs)
		if err != nil {
			return err
		}
		least = lower(least, now)
		verdict, err := judge(accepted, least)
		if !errors.Is(err, errSlower) || boot == guardBoots {
			fmt.Print(verdict)
			return err
		}
		fmt.Printf("%sguard: is it so in another boot, too?\n", verdict)
	}
}

func measureGuarded(ctx context.Context, o options, jobs []job.Job) ([]guarded, error) {
	r := &results{How: o.how}
	if err := measure(ctx, o, jobs, r); err != nil {
		return nil, err
	}
	return r.guarded()
}

// lower are the lower values of two boots with the same cases.
func lower(a, b []guarded) []guarded {
	if a == nil {
		return b
	}
	least := slices.Clone(b)
	for i := range least {
		least[i].Server, least[i].All = min(a[i].Server, b[i].Server), min(a[i].All, b[i].All)
	}
	return least
}

// guarded are the cases of the guard, as they were measured. The least of the runs counts: what disturbs a run only adds.
func (r *results) guarded() (list []guarded, err error) {
	for _, mode := range []string{modeOne, modeSat} {
		for _, n := range []int{2, 100} {
			module, floor := r.find(job.Kchat, mode, n, small), r.find(job.Floor, mode, n, small)
			if module == nil || floor == nil {
				return nil, fmt.Errorf("%s with N=%d was not measured", mode, n)
			}
			least := func(get func(job.Cost) uint64) float64 { return leastOf(*module, get) / leastOf(*floor, get) }
			list = append(list, guarded{
				Mode: mode, Members: n,
				Server: least(func(c job.Cost) uint64 { return c.Server }), All: least(func(c job.Cost) uint64 { return c.Busy }),
			})
		}
	}
	return list, nil
}

func leastOf(r job.Result, get func(job.Cost) uint64) float64 {
	least := 0.0
	for i, run := range r.Runs {
		if value := float64(get(run.Cost)) / float64(run.Load.Deliveries); i == 0 || value < least {
			least = value
		}
	}
	return least
}

// errSlower says that the module has become slower.
var errSlower = errors.New("a delivery costs more than bench/guard.json says. If that is meant, \"make bench-guard ACCEPT=1\" writes the new values there")

// judge compares what was measured with what was accepted, and says both.
func judge(accepted, now []guarded) (text string, err error) {
	for _, then := range accepted {
		at := -1
		for i := range now {
			if now[i].Mode == then.Mode && now[i].Members == then.Members {
				at = i
			}
		}
		if at < 0 {
			return text, fmt.Errorf("%s with N=%d was not measured", then.Mode, then.Members)
		}
		for _, value := range []struct {
			of        string
			then, now float64
			most      float64
		}{{"the server", then.Server, now[at].Server, tolerance}, {"all", then.All, now[at].All, toleranceAll}} {
			verdict := "ok"
			switch {
			case value.now > value.then*value.most:
				verdict, err = "slower", errSlower
			case value.now < value.then/value.most:
				verdict = "faster: \"make bench-guard ACCEPT=1\" keeps it so"
			}
			text += fmt.Sprintf("guard: 64 B, N=%d, %s, of %s: %.3f times the floor, accepted %.3f (%+.1f %%): %s\n",
				then.Members, then.Mode, value.of, value.now, value.then, (value.now/value.then-1)*100, verdict)
		}
	}
	if len(accepted) == 0 {
		err = errors.New("bench/guard.json accepts nothing")
	}
	return text, err
}

func readGuard(path string) (list []guarded, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read what was accepted: %w", err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read what was accepted: %w", err)
	}
	return list, nil
}

func writeGuard(path string, list []guarded) error {
	text, err := json.MarshalIndent(list, "", "\t")
	if err != nil {
		return fmt.Errorf("write what is accepted: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write what is accepted: %w", err)
	}
	return nil
}
