// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"strings"

	"kchat/bench/job"
)

// target is what the module is to reach beside the best peer.
type target struct {
	what    string
	mode    string
	members int
	size    int
	of      func(job.Result) float64
	want    float64
	aim     float64 // 0: none
	less    bool    // the module's by the peer's, at most; otherwise the peer's by the module's, at least
}

func targets() []target {
	return []target{
		{"64 B `one`, N=100", modeOne, 100, small, ofServer, 1.25, 1.4, false},
		{"64 B `one`, N=2, of all", modeOne, 2, small, ofAll, 1.4, 1.6, false},
		{"64 B `sat`, N=100", modeSat, 100, small, ofServer, 5.5, 8, false},
		{"64 B `sat`, N=1000", modeSat, 1000, small, ofServer, 5, 7, false},
		{"16 KiB `one`, N=100", modeOne, 100, large, ofServer, 2.3, 2.7, false},
		{"16 KiB `sat`, N=100", modeSat, 100, large, ofServer, 2.6, 3.2, false},
		{"16 KiB `sat`, N=1000", modeSat, 1000, large, ofServer, 3, 4, false},
		{"time to delivery, p50, N=100", modePaced, 100, small, p50, 0.8, 0, true},
		{"time to delivery, p99, N=100", modePaced, 100, small, p99, 0.7, 0, true},
	}
}

// idleTarget is what an idle connection may hold beyond its socket, in bytes.
const idleTarget = 1024

func (r *results) targetTable(text *strings.Builder) {
	first := true
	head := func() {
		if first {
			heading(text, "### What was to be reached", "case", "best peer", "its", "kchat", "ratio", "target", "aim", "reached")
			first = false
		}
	}
	for _, t := range targets() {
		found := r.find(job.Kchat, t.mode, t.members, t.size)
		name, peer := r.best(t.mode, t.members, t.size, t.of)
		if found == nil || name == "" {
			continue
		}
		head()
		own := t.of(*found)
		ratio, sign := peer/own, "≥"
		if t.less {
			ratio, sign = own/peer, "≤"
		}
		aim := "-"
		if t.aim != 0 {
			aim = fmt.Sprint(t.aim)
		}
		row(text, t.what, name, number(peer), number(own), fmt.Sprintf("%.2f", ratio), fmt.Sprintf("%s %v", sign, t.want), aim, t.verdict(ratio))
	}
	found, floor := r.find(job.Kchat, modeIdle, 1000, small), r.find(job.Floor, modeIdle, 1000, small)
	if found == nil || floor == nil {
		return
	}
	head()
	own, _ := held(*found)
	beneath, _ := held(*floor)
	verdict := "yes"
	if own-beneath > idleTarget {
		verdict = "**no**"
	}
	row(text, "an idle connection beyond its socket, bytes", "-", "-", number(own-beneath), "-", fmt.Sprintf("≤ %d", idleTarget), "-", verdict)
}

func (t target) verdict(ratio float64) string {
	switch {
	case t.less && ratio <= t.want:
		return "yes"
	case t.less:
		return "**no**"
	case t.aim != 0 && ratio >= t.aim:
		return "yes, and the aim"
	case ratio >= t.want:
		return "yes"
	}
	return "**no**"
}
