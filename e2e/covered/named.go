// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// named are the lines that no test runs, as kmod/coverage.allow has them: paragraphs of a reason ("# ...") and the lines
// that it holds for.
//
//	# The kernel refuses this before the module sees it.
//	conn.c:conn_read: return -EINVAL;
//	conn.c:conn_oops: *
//	? worker.c:worker_run: cond_resched();
//
// A line stands there as often as its function has it and no test runs it. "*" is a whole function of which nothing runs.
// What chance decides begins with "?": no more of these may be missed than stand there.
type named struct {
	must map[line]int // has to be missed as often as this
	may  map[line]int // may be missed as often as this
}

// whole is the text that stands for every line of a function.
const whole = "*"

// parseNamed reads the file; an error says which line of it is wrong.
func parseNamed(text string) (named, error) {
	n := named{must: map[line]int{}, may: map[line]int{}}
	reason := false
	for i, row := range strings.Split(text, "\n") {
		row = strings.TrimSpace(row)
		switch {
		case row == "":
			reason = false
			continue
		case strings.HasPrefix(row, "#"):
			reason = strings.Trim(row, "# ") != ""
			continue
		case !reason:
			return named{}, fmt.Errorf("line %d: %q has no reason above it", i+1, row)
		}
		to := n.must
		if rest, ok := strings.CutPrefix(row, "? "); ok {
			to, row = n.may, rest
		}
		file, rest, ok := strings.Cut(row, ":")
		function, code, found := strings.Cut(rest, ": ")
		if !ok || !found || file == "" || function == "" || code == "" {
			return named{}, fmt.Errorf("line %d: %q is not FILE:FUNCTION: TEXT", i+1, row)
		}
		to[line{file, function, code}]++
	}
	return n, nil
}

// judge finds the lines that were not run and are not named, and what is named and was run or is gone.
func (n named) judge(all []outcome) (fresh []outcome, stale []string) {
	must, may := maps.Clone(n.must), maps.Clone(n.may)
	there, ran := map[line]bool{}, map[line]bool{} // functions, and lines of those that chance decides
	for _, o := range all {
		function := line{o.file, o.function, whole}
		there[function], there[o.line] = true, true
		ran[function] = ran[function] || o.ran
	}
	for _, o := range all {
		function := line{o.file, o.function, whole}
		switch {
		case o.ran:
		case n.must[function] > 0 && !ran[function]:
			must[function] = 0
		case n.may[function] > 0:
		case must[o.line] > 0:
			must[o.line]--
		case may[o.line] > 0:
			may[o.line]--
		default:
			fresh = append(fresh, o)
		}
	}
	for l, times := range must {
		for range times {
			stale = append(stale, l.String())
		}
	}
	for l := range n.may {
		if !there[l] {
			stale = append(stale, "? "+l.String())
		}
	}
	slices.Sort(stale)
	return fresh, stale
}
