// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kchat/bench/job"
)

// ran is a result whose runs cost so much per delivery.
func ran(server, mode string, members, size int, costs ...job.Cost) job.Result {
	j := jobsOf(mode, server, members, size, len(costs))[0]
	r := job.Result{Job: j, TCPMem: "1\t2\t3"}
	for _, c := range costs {
		const deliveries = 10
		c.Server, c.Load, c.Busy, c.Elapsed = c.Server*deliveries, c.Load*deliveries, c.Busy*deliveries, c.Elapsed*deliveries
		r.Runs = append(r.Runs, job.Run{Cost: c, Load: job.Load{Deliveries: deliveries, P50: 800, P99: 1000}})
	}
	return r
}

func TestTheMedianOfTheRunsCounts(t *testing.T) {
	r := ran(job.Kchat, modeOne, 2, small, job.Cost{Server: 300}, job.Cost{Server: 100, Busy: 9}, job.Cost{Server: 200})
	if c := perDelivery(r); c.server != 200 || c.busy != 0 {
		t.Errorf("%+v", c)
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 {
		t.Errorf("of four: %v", m)
	}
}

func TestWhatGetsSlowerIsNoticed(t *testing.T) {
	accepted := []guarded{{Mode: modeOne, Members: 2, Server: 1, All: 2}, {Mode: modeSat, Members: 100, Server: 0.8, All: 1}}
	for _, c := range []struct {
		what   string
		change func([]guarded)
		slower bool
		says   string
	}{
		{"the same", func([]guarded) {}, false, "accepted 0.800 (+0.0 %): ok"},
		{"4.9 % more", func(now []guarded) { now[0].Server = 1.049 }, false, "of the server: 1.049"},
		{"5.1 % more", func(now []guarded) { now[1].Server = 0.8 * 1.051 }, true, "(+5.1 %): slower"},
		{"9.9 % more of others", func(now []guarded) { now[0].All = 2.198 }, false, "of all: 2.198"},
		{"10.1 % more of others", func(now []guarded) { now[0].All = 2.202 }, true, "of all: 2.202 times the floor, accepted 2.000 (+10.1 %): slower"},
		{"a tenth less", func(now []guarded) { now[0].Server = 0.9 }, false, "faster"},
		{"less here, more there", func(now []guarded) { now[0].Server, now[0].All = 0.5, 2.3 }, true, "slower"},
	} {
		now := slices.Clone(accepted)
		c.change(now)
		text, err := judge(accepted, now)
		if errors.Is(err, errSlower) != c.slower || !strings.Contains(text, c.says) {
			t.Errorf("%s: %v\n%s", c.what, err, text)
		}
	}
	if _, err := judge(accepted, accepted[:1]); err == nil {
		t.Error("a case that was not measured is not missed")
	}
	if _, err := judge(nil, accepted); err == nil {
		t.Error("that nothing is accepted is not noticed")
	}
}

func TestTheGuardComparesWithTheFloor(t *testing.T) {
	r := &results{}
	for _, mode := range []string{modeOne, modeSat} {
		for _, n := range []int{2, 100} {
			r.put(ran(job.Floor, mode, n, small, job.Cost{Server: 110, Busy: 240}, job.Cost{Server: 100, Busy: 200}))
			r.put(ran(job.Kchat, mode, n, small, job.Cost{Server: 50, Busy: 300}, job.Cost{Server: 70, Busy: 250}))
		}
	}
	list, err := r.guarded()
	if err != nil || len(list) != 4 {
		t.Fatal(list, err)
	}
	if list[3] != (guarded{Mode: modeSat, Members: 100, Server: 0.5, All: 1.25}) {
		t.Errorf("%+v", list[3])
	}
	path := filepath.Join(t.TempDir(), "guard.json")
	if err := writeGuard(path, list); err != nil {
		t.Fatal(err)
	}
	if again, err := readGuard(path); err != nil || !slices.Equal(again, list) {
		t.Errorf("%v %v", again, err)
	}
	r.Results = r.Results[1:]
	if _, err := r.guarded(); err == nil {
		t.Error("a floor that is missing is not missed")
	}
}

func TestTheGuardTakesTheLowerOfItsBoots(t *testing.T) {
	first := []guarded{{Mode: modeOne, Members: 2, Server: 1.2, All: 0.9}}
	second := []guarded{{Mode: modeOne, Members: 2, Server: 1, All: 1.1}}
	if got := lower(lower(nil, first), second); got[0] != (guarded{Mode: modeOne, Members: 2, Server: 1, All: 0.9}) {
		t.Errorf("%+v", got)
	}
	if first[0].Server != 1.2 || second[0].All != 1.1 {
		t.Error("what was measured was changed")
	}
}

func TestTheGuardOfTheRepositoryIsWhole(t *testing.T) {
	list, err := readGuard("guard.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := judge(list, list); err != nil || len(list) != 4 {
		t.Errorf("%v %v", list, err)
	}
}

func TestTargetsAreJudged(t *testing.T) {
	more, less := target{want: 1.25, aim: 1.4}, target{want: 0.8, less: true}
	for _, c := range []struct {
		of    target
		ratio float64
		says  string
	}{{more, 1.24, "**no**"}, {more, 1.25, "yes"}, {more, 1.4, "yes, and the aim"}, {less, 0.8, "yes"}, {less, 0.81, "**no**"}} {
		if says := c.of.verdict(c.ratio); says != c.says {
			t.Errorf("%v: %s, not %s", c.ratio, says, c.says)
		}
	}
}

func TestTheBestPeerIsNoneOfOurs(t *testing.T) {
	r := &results{How: howCount}
	r.put(ran(job.Floor, modeOne, 100, small, job.Cost{Server: 1, Elapsed: 9000}))
	r.put(ran(job.Kchat, modeOne, 100, small, job.Cost{Server: 1000, Busy: 2000}))
	r.put(ran(job.Redis, modeOne, 100, small, job.Cost{Server: 3000, Busy: 4000}))
	r.put(ran(job.InspIRCd, modeOne, 100, small, job.Cost{Server: 2500, Busy: 5000}))
	if name, least := r.best(modeOne, 100, small, ofServer); name != job.InspIRCd || least != 2500 {
		t.Error(name, least)
	}
	report := r.report()
	for _, want := range []string{
		"| 64 B `one`, N=100 | inspircd | 2,500 | 1,000 | 2.50 | ≥ 1.25 | 1.4 | yes, and the aim |",
		"| redis | 3,000 / 4,000 |", "| **best peer / kchat** | 2.50 / 2.00 |", "(`tcp_mem`)",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is not in\n%s", want, report)
		}
	}
	if strings.Contains(report, "kchat 1,000\n") || !strings.Contains(report, "Nowhere, among the peers") {
		t.Errorf("kchat is not first in\n%s", report)
	}
	r.put(ran(job.NATS, modeOne, 100, small, job.Cost{Server: 900, Busy: 4000}))
	if report := r.report(); !strings.Contains(report, "- 64 B `one`, N=100, of the server: nats has 900, kchat 1,000\n") {
		t.Errorf("that kchat is not first is not in\n%s", report)
	}
	r.How = howKVM
	if report := r.report(); !strings.Contains(report, "| floor | 1 / 0 / 9,000 |") {
		t.Errorf("what passed by the clock is not in\n%s", report)
	}
}

func TestThePaceIsAQuarterOfTheSlowestPeers(t *testing.T) {
	r := &results{}
	if pace := r.pace(100, small); pace != slowPace {
		t.Errorf("nothing measured: %d", pace)
	}
	r.put(ran(job.Redis, modeSat, 100, small, job.Cost{Elapsed: 5_000}))
	r.put(ran(job.Mosquitto, modeSat, 100, small, job.Cost{Elapsed: 31_250}))
	r.put(ran(job.Floor, modeSat, 100, small, job.Cost{Elapsed: 90_000}))
	if pace := r.pace(100, small); pace != 8000 {
		t.Errorf("%d", pace)
	}
}

func TestThePlanLeavesOutWhatCannotBe(t *testing.T) {
	seen := map[string]int{}
	for _, j := range (options{repeat: 3}).jobs() {
		if irc(j.Server) && j.Size > ircMax {
			t.Errorf("IRC with %d bytes", j.Size)
		}
		if j.Repeat > 0 && j.Deliveries < j.Members {
			t.Errorf("%+v: not one message", j)
		}
		if mode := modeOf(j); j.Rate == 0 || mode == modePaced {
			seen[mode]++
		}
	}
	for mode, want := range map[string]int{modeOne: 55, modeSat: 55, modeIdle: 7, modeRooms: 22, modePaced: 8} {
		if seen[mode] != want {
			t.Errorf("%s: %d cases, not %d", mode, seen[mode], want)
		}
	}
}

func TestTheDocumentKeepsWhatPeopleWrote(t *testing.T) {
	text := "before\n" + documentFrom + "\nold\n" + documentTo + "\nafter\n"
	got, err := replaceBetween(text, "new\n")
	if want := "before\n" + documentFrom + "\nnew\n" + documentTo + "\nafter\n"; err != nil || got != want {
		t.Errorf("%q %v", got, err)
	}
	if _, err := replaceBetween("nothing", ""); err == nil {
		t.Error("a missing line is not missed")
	}
	document, err := os.ReadFile(filepath.Join("..", documentPath))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replaceBetween(string(document), ""); err != nil {
		t.Error(err)
	}
}

func TestPlotsAreXMLWithALineForEachServer(t *testing.T) {
	r := &results{How: howCount}
	for _, n := range []int{2, 10, 100, 1000} {
		for _, server := range []string{job.Kchat, job.Redis} {
			for _, mode := range []string{modeOne, modeSat} {
				r.put(ran(server, mode, n, small, job.Cost{Server: uint64(100 * n), Busy: uint64(200 * n)}))
			}
		}
	}
	r.put(ran(job.Kchat, modeOne, 100, large, job.Cost{Server: 1000}))
	for name, plot := range map[string]string{"members": r.membersPlot(), "rooms": r.roomsPlot(), "nothing": (&results{}).membersPlot()} {
		decoder := xml.NewDecoder(strings.NewReader(plot))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if strings.Contains(plot, "NaN") || strings.Contains(plot, "Inf") {
			t.Errorf("%s has what is no number", name)
		}
	}
	plot := r.membersPlot()
	if lines := strings.Count(plot, "<polyline"); lines != 5 {
		t.Errorf("%d lines", lines)
	}
	if !strings.Contains(plot, "not measured") {
		t.Error("a panel without a point does not say so")
	}
}

func TestWhatTheCommandLineSaysIsChecked(t *testing.T) {
	for _, args := range []string{"-how fast", "-servers apache", "-members 0", "-sizes x", "-modes slow", "more"} {
		if _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
	o, err := parse(strings.Fields("-servers kchat,floor -members 2,100 -sizes 64 -modes one"))
	if err != nil {
		t.Fatal(err)
	}
	if jobs := o.jobs(); len(jobs) != 4 {
		t.Errorf("%v", jobs)
	}
}

func TestResultsGoWhereOneSays(t *testing.T) {
	for args, want := range map[string]string{
		"":                        ".cache/bench.json",
		"-guard":                  ".cache/bench-guard.json",
		"-root /kchat":            "/kchat/.cache/bench.json",
		"-root /kchat -out /x/y":  "/x/y",
		"-root /kchat -out here":  "here",
		"-guard -out mine/z.json": "mine/z.json",
	} {
		if o, err := parse(strings.Fields(args)); err != nil || o.out != want {
			t.Errorf("%q: %q, %v", args, o.out, err)
		}
	}
}

func TestNumbersHaveCommas(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 999.4: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := number(value); got != want {
			t.Errorf("%v: %s", value, got)
		}
	}
}
