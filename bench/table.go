// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"slices"
	"strings"

	"kchat/bench/job"
)

// report is all tables, as Markdown.
func (r *results) report() string {
	var text strings.Builder
	r.head(&text)
	r.targetTable(&text)
	r.behind(&text)
	for _, size := range []int{small, large} {
		for _, mode := range []string{modeOne, modeSat} {
			r.costTable(&text, mode, size)
		}
	}
	r.latencyTable(&text)
	r.idleTable(&text)
	r.roomTable(&text)
	r.distortions(&text)
	return strings.TrimLeft(text.String(), "\n")
}

// unit is what a figure counts.
func (r *results) unit() string {
	if r.How == howCount {
		return "instructions"
	}
	return "nanoseconds"
}

// show is what a cell shows of a cost. Where instructions are counted nothing runs beside anything else, so what passes by the
// clock says nothing more.
func (r *results) show(c cost) string {
	text := number(c.server) + " / " + number(c.busy)
	if r.How != howCount {
		text += " / " + number(c.elapsed)
	}
	return text
}

// shown says what show shows.
func (r *results) shown() string {
	if r.How != howCount {
		return "of the server / of all / by the clock"
	}
	return "of the server / of all"
}

func (r *results) head(text *strings.Builder) {
	fmt.Fprintf(text, "Kernel %s, loopback, ", r.Kernel)
	switch r.How {
	case howCount:
		fmt.Fprintln(text, "one emulated processor whose clock counts instructions.")
	case howKVM:
		fmt.Fprintln(text, "two processors, KVM.")
	default:
		fmt.Fprintln(text, "two emulated processors at the host's speed.")
	}
	if r.Boots > 1 {
		fmt.Fprintf(text, "Measured in %d boots.\n", r.Boots)
	}
	var versions []string
	for _, server := range everyServer() {
		at := slices.IndexFunc(r.Results, func(one job.Result) bool { return one.Job.Server == server })
		if at >= 0 && !ours(server) {
			versions = append(versions, fmt.Sprintf("%s: %s", server, strings.TrimSpace(r.Results[at].Version)))
		}
	}
	if len(versions) > 0 {
		fmt.Fprintf(text, "The servers, as they say it themselves: %s.\n", strings.Join(versions, "; "))
	}
}

// row writes a line of a table.
func row(text *strings.Builder, cells ...string) {
	fmt.Fprintf(text, "| %s |\n", strings.Join(cells, " | "))
}

func heading(text *strings.Builder, title string, cells ...string) {
	fmt.Fprintf(text, "\n%s\n\n", title)
	row(text, cells...)
	fmt.Fprintf(text, "|%s\n", strings.Repeat(" --- |", len(cells)))
}

// costTable has a row for each server and a column for each N.
func (r *results) costTable(text *strings.Builder, mode string, size int) {
	members := r.members(mode, size)
	if len(members) == 0 {
		return
	}
	cells := []string{sizeName(size) + ", `" + mode + "`"}
	for _, n := range members {
		cells = append(cells, fmt.Sprintf("N=%d", n))
	}
	heading(text, fmt.Sprintf("### %s, `%s`: %s per delivery, %s", sizeName(size), mode, r.unit(), r.shown()), cells...)
	for _, server := range everyServer() {
		cells, some := []string{server}, false
		for _, n := range members {
			found := r.find(server, mode, n, size)
			if found == nil {
				cells = append(cells, "-")
				continue
			}
			c := perDelivery(*found)
			cells, some = append(cells, r.show(c)), true
		}
		if some {
			row(text, cells...)
		}
	}
	cells = []string{"**best peer / kchat**"}
	for _, n := range members {
		cell := r.ratio(mode, n, size, ofServer) + " / " + r.ratio(mode, n, size, ofAll)
		if r.How != howCount {
			cell += " / " + r.ratio(mode, n, size, ofClock)
		}
		cells = append(cells, cell)
	}
	row(text, cells...)
}

// ratio is the best peer's number by the module's; "-" where one is missing.
func (r *results) ratio(mode string, members, size int, of func(job.Result) float64) string {
	ours, peer := r.find(job.Kchat, mode, members, size), ""
	least := 0.0
	if ours != nil {
		peer, least = r.best(mode, members, size, of)
	}
	if peer == "" || of(*ours) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", least/of(*ours))
}

// members are the N that were measured with one room, in order.
func (r *results) members(mode string, size int) (list []int) {
	for _, result := range r.Results {
		j := result.Job
		if modeOf(j) == mode && j.Size == size && j.Rooms == 1 && !slices.Contains(list, j.Members) {
			list = append(list, j.Members)
		}
	}
	slices.Sort(list)
	return list
}

func (r *results) latencyTable(text *strings.Builder) {
	first := true
	for _, server := range everyServer() {
		found := r.find(server, modePaced, 100, small)
		if found == nil {
			continue
		}
		if first {
			heading(text, fmt.Sprintf("### From sending to delivery, 64 B, N=100, %s deliveries a second, microseconds", number(float64(found.Job.Rate))),
				"", "p50", "p99")
			first = false
		}
		row(text, server, number(p50(*found)/1000), number(p99(*found)/1000))
	}
}

func (r *results) idleTable(text *strings.Builder) {
	first := true
	floor := 0.0
	if found := r.find(job.Floor, modeIdle, 1000, small); found != nil {
		floor, _ = held(*found)
	}
	for _, server := range everyServer() {
		found := r.find(server, modeIdle, 1000, small)
		if found == nil {
			continue
		}
		if first {
			heading(text, "### An idle connection, logged in and in its room, of 1,000 in one room", "",
				"bytes beyond its socket", "bytes of the socket, both ends", "to set it up, "+r.unit()+" of the server",
				"a second of it, of the server / of all")
			first = false
		}
		own, sockets := held(*found)
		ofServer, ofAll := resting(*found)
		row(text, server, number(own-floor), number(sockets), number(setUp(*found)), number(ofServer)+" / "+number(ofAll))
	}
}

// roomTable has the cost of a delivery among more and more rooms.
func (r *results) roomTable(text *strings.Builder) {
	first := true
	for _, server := range everyServer() {
		cells, some := []string{server}, false
		for _, rooms := range roomCounts() {
			cell := "-"
			if found := r.inRooms(server, rooms); found != nil {
				c := perDelivery(*found)
				cell, some = r.show(c), some || rooms > 1
			}
			cells = append(cells, cell)
		}
		if !some {
			continue
		}
		if first {
			heading(text, fmt.Sprintf("### Rooms of %d, 64 messages under way in all: %s per delivery, %s", roomMembers, r.unit(), r.shown()),
				"64 B", "1 room", "10", "100", "1,000")
			first = false
		}
		row(text, cells...)
	}
}

func roomCounts() []int { return []int{1, 10, 100, 1000} }

// inRooms is what a saturated server cost with so many rooms.
func (r *results) inRooms(server string, rooms int) *job.Result {
	if rooms == 1 {
		return r.find(server, modeSat, roomMembers, small)
	}
	return r.findRooms(server, modeRooms, roomMembers, rooms, small)
}

// distortions says what may have bent the figures: the memory of TCP.
func (r *results) distortions(text *strings.Builder) {
	var pages, pressures, reports, pings uint64
	where := ""
	for _, result := range r.Results {
		for _, run := range result.Runs {
			pages = max(pages, run.TCPPages)
			if result.Job.Server == job.Kchat {
				reports, pings = reports+run.Load.Reports, pings+run.Load.Pings
			}
			if run.Pressures > pressures {
				pressures = run.Pressures
				where = fmt.Sprintf(" (%s, N=%d, %s, `%s`)", result.Job.Server, result.Job.Members, sizeName(result.Job.Size), modeOf(result.Job))
			}
		}
	}
	if len(r.Results) == 0 {
		return
	}
	fmt.Fprintln(text)
	if reports+pings > 0 {
		fmt.Fprintf(text, "In all runs together the clients of kchat sent %s reports of what they have, and %s pings, which are counted as work.\n",
			number(float64(reports)), number(float64(pings)))
	}
	fmt.Fprintf(text, "The limits of TCP's memory were %s pages (`tcp_mem`). After a run it held at most %s; ",
		strings.Join(strings.Fields(r.Results[0].TCPMem), ", "), number(float64(pages)))
	if pressures == 0 {
		fmt.Fprintln(text, "it never came to its limit.")
	} else {
		fmt.Fprintf(text, "it came to its limit up to %d times in a run%s.\n", pressures, where)
	}
}

func sizeName(size int) string {
	if size == large {
		return "16 KiB"
	}
	return fmt.Sprintf("%d B", size)
}

// number is with a comma for the thousands.
func number(x float64) string {
	text := fmt.Sprintf("%.0f", x)
	sign := ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		text, sign = rest, "-"
	}
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return sign + text
}
