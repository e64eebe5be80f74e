// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/e2e/reliability/trial"
	"kchat/rooms/e2e/promise"
)

func lineOf(t *testing.T, name string, results ...trial.Result) string {
	t.Helper()
	at := slices.IndexFunc(rows(), func(r row) bool { return r.trial == name })
	if at < 0 {
		t.Fatalf("there is no row %q", name)
	}
	return rows()[at].line(results)
}

// TestTheTableHidesNothing: what was lost, what failed, what was short and what was never tried is said.
func TestTheTableHidesNothing(t *testing.T) {
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	old := trial.Result{
		Trial: "reload", Date: day, Seed: 1, Commit: "aaa", Kernel: "6.12",
		Tally: promise.Tally{Times: 50, Words: 1000, Missing: 2, Doubled: 1, OutOfOrder: 3, Other: 4}, Failed: true,
	}
	fresh := trial.Result{Trial: "reload", Date: day.AddDate(0, 0, 1), Seed: 2, Commit: "bbb", Kernel: "debug", Tally: promise.Tally{Times: 50, Words: 500}}
	line := lineOf(t, "reload", fresh, old)
	for _, want := range []string{
		"| 100 reloads (short; whole: 1000) | 1500 | 2 | 1 | 7 | 1 of 2 | `2` | 2026-01-03, debug, bbb |", "`make reliability ONLY=reload`",
	} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is not in %q", want, line)
		}
	}
	if line := lineOf(t, "soak"); !strings.Contains(line, "| not yet |") {
		t.Error(line)
	}
	fresh.Times = 1000
	if line := lineOf(t, "reload", fresh); strings.Contains(line, "short") {
		t.Error(line)
	}
	planted := trial.Result{Trial: "planted missing", Tally: promise.Tally{Words: 9, Missing: 1}}
	if line := lineOf(t, "planted missing", planted, planted); !strings.Contains(line, "| 2 planted, 2 found |") {
		t.Error(line)
	}
}

// TestEveryRowHasARunThatBringsIt and every run has a row.
func TestEveryRowHasARunThatBringsIt(t *testing.T) {
	for _, r := range rows() {
		if !slices.ContainsFunc(runs(), func(run trialRun) bool { return run.name == r.run && (run.keeps || run.name == r.trial) }) {
			t.Errorf("nothing brings %q", r.trial)
		}
	}
	for _, run := range runs() {
		if !slices.ContainsFunc(rows(), func(r row) bool { return r.run == run.name }) {
			t.Errorf("the run %q has no row", run.name)
		}
	}
}
