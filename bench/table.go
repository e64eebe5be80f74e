// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"strings"
)

// report is all tables, as Markdown.
func (r *results) report() string {
	var text strings.Builder
	for _, size := range []int{small, large} {
		for _, mode := range []string{modeOne, modeSat} {
			r.costTable(&text, mode, size)
		}
	}
	return text.String()
}

// costTable has a row for each server and a column for each N; with what all cost together after the stroke.
func (r *results) costTable(text *strings.Builder, mode string, size int) {
	members := r.members(mode, size)
	if len(members) == 0 {
		return
	}
	fmt.Fprintf(text, "\n%s, `%s`: of the server / of all\n\n| |", sizeName(size), mode)
	for _, n := range members {
		fmt.Fprintf(text, " N=%d |", n)
	}
	fmt.Fprintf(text, "\n|---|%s\n", strings.Repeat("---|", len(members)))
	for _, server := range everyServer() {
		row := fmt.Sprintf("| %s |", server)
		any := false
		for _, n := range members {
			cell := " - |"
			if found := r.find(server, mode, n, size); found != nil {
				c := perDelivery(*found)
				cell, any = fmt.Sprintf(" %s / %s |", number(c.server), number(c.busy)), true
			}
			row += cell
		}
		if any {
			fmt.Fprintln(text, row)
		}
	}
}

// members are the N that were measured, in order.
func (r *results) members(mode string, size int) (list []int) {
	for _, n := range []int{2, 10, 100, 1000} {
		for _, result := range r.Results {
			if result.Job.Members == n && modeOf(result.Job) == mode && result.Job.Size == size && len(result.Runs) > 0 {
				list = append(list, n)
				break
			}
		}
	}
	return list
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
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
