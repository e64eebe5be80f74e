// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"strings"

	"kchat/bench/job"
)

// behind says plainly where the module is not first among the servers that people could choose.
func (r *results) behind(text *strings.Builder) {
	var list []string
	for _, found := range r.Results {
		j := found.Job
		if j.Server != job.Kchat {
			continue
		}
		for _, by := range compared(modeOf(j)) {
			name, least := r.bestOf(j, by.of)
			if name != "" && least < by.of(found) {
				list = append(list, fmt.Sprintf("%s, %s: %s has %s, kchat %s", caseName(j), by.what, name, number(least), number(by.of(found))))
			}
		}
	}
	if len(r.Results) == 0 {
		return
	}
	fmt.Fprint(text, "\n### Where kchat is not first\n\n")
	if len(list) == 0 {
		fmt.Fprintln(text, "Nowhere, among the peers and in what is measured here.")
		return
	}
	for _, one := range list {
		fmt.Fprintf(text, "- %s\n", one)
	}
}

// figure is something that servers are compared by; less is better.
type figure struct {
	what string
	of   func(job.Result) float64
}

// compared are the figures of a way to talk.
func compared(mode string) []figure {
	switch mode {
	case modeIdle:
		return []figure{
			{"bytes of an idle connection, its socket included", func(r job.Result) float64 { own, sockets := held(r); return own + sockets }},
			{"setting up a connection, of the server", setUp},
		}
	case modePaced:
		return []figure{{"p50, ns", p50}, {"p99, ns", p99}}
	}
	return []figure{{"of the server", ofServer}, {"of all", ofAll}}
}

// bestOf is the peer with the least of a figure in the same case.
func (r *results) bestOf(j job.Job, of func(job.Result) float64) (name string, least float64) {
	for _, other := range r.Results {
		o := other.Job
		same := modeOf(o) == modeOf(j) && o.Members == j.Members && o.Rooms == j.Rooms && o.Size == j.Size
		if !same || ours(o.Server) {
			continue
		}
		if value := of(other); name == "" || value < least {
			name, least = o.Server, value
		}
	}
	return name, least
}

func caseName(j job.Job) string {
	switch modeOf(j) {
	case modeIdle:
		return fmt.Sprintf("%s people in one room", number(float64(j.Members)))
	case modeRooms:
		return fmt.Sprintf("%s rooms of %d, %s", number(float64(j.Rooms)), j.Members, sizeName(j.Size))
	case modePaced:
		return fmt.Sprintf("time to delivery, N=%d", j.Members)
	}
	return fmt.Sprintf("%s `%s`, N=%d", sizeName(j.Size), modeOf(j), j.Members)
}
