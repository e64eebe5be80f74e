// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"regexp"
	"strings"
)

// Report is a line of a kernel's log that tells of something wrong.
type Report struct {
	Detector string // which of the kernel's checks spoke, as in the table below
	Line     string
}

// String is the line.
func (r Report) String() string { return r.Line }

// detectors know the headings of the kernel's reports. The first that matches a line names it, so the particular ones
// come before the general ones. The headings are those of Linux 6.12; the file that prints them stands beside.
func detectors() []detector {
	return []detector{
		{"KASAN", regexp.MustCompile(`BUG: KASAN:`)},                                   // mm/kasan/report.c
		{"KCSAN", regexp.MustCompile(`BUG: KCSAN: .*\[\w+\]`)},                         // kernel/kcsan/report.c
		{"KFENCE", regexp.MustCompile(`BUG: KFENCE:`)},                                 // mm/kfence/report.c
		{"UBSAN", regexp.MustCompile(`UBSAN:`)},                                        // lib/ubsan.c
		{"kmemleak", regexp.MustCompile(`unreferenced object|suspected memory leaks`)}, // mm/kmemleak.c
		{"ODEBUG", regexp.MustCompile(`ODEBUG:`)},                                      // lib/debugobjects.c
		{"refcount", regexp.MustCompile(`refcount_t:|ref_tracker:|unregister_netdevice: waiting`)},
		{"list", regexp.MustCompile(`list_(add|del) corruption`)},                      // lib/list_debug.c
		{"slab", regexp.MustCompile(`Objects remaining|still has objects|BUG \S+ \(`)}, // mm/slub.c, mm/slab_common.c
		{"RCU", regexp.MustCompile(`suspicious RCU`)},                                  // kernel/locking/lockdep.c
		{"lockdep", regexp.MustCompile(`WARNING: (possible |inconsistent lock|bad (unlock|contention)|held lock|lock held|\w+IRQ-safe|nested lock|` +
			`[Nn]ested lock|.* still has locks held)|Invalid wait context|non-static key|BUG: MAX_LOCK|DEBUG_LOCKS_WARN_ON`)},
		{"sleep", regexp.MustCompile(`BUG: (sleeping function|scheduling while atomic)|do not call blocking ops`)}, // kernel/sched/core.c
		{"hung task", regexp.MustCompile(`INFO: task .* blocked`)},                                                 // kernel/hung_task.c
		{"lockup", regexp.MustCompile(`soft lockup|hard LOCKUP|workqueue lockup`)},                                 // kernel/watchdog.c, workqueue.c
		{"RCU stall", regexp.MustCompile(`rcu: INFO:|INFO: rcu|rcu.*stall`)},                                       // kernel/rcu/tree_stall.h
		{"stack", regexp.MustCompile(`stack-protector|corrupted stack end|stack guard page|stack overflow`)},
		{"crash", regexp.MustCompile(`Oops|general protection|BUG: (kernel NULL|unable to handle)|kernel BUG at|Kernel panic`)},
		{"out of memory", regexp.MustCompile(`invoked oom-killer|Out of memory: Killed`)}, // mm/oom_kill.c
		{"warning", regexp.MustCompile(`WARNING`)},
		{"other", regexp.MustCompile(`BUG|INFO: task|Call Trace|possible |stall|lockup|corruption|corrupted`)},
	}
}

type detector struct {
	name    string
	heading *regexp.Regexp
}

// harmless are lines of a healthy boot that look like reports, a tracker that a test has left without memory, and races
// of the kernel's own parts: its authors know most of them and leave them (Documentation/dev-tools/kcsan.rst); those of a
// module have its name in the heading.
var harmless = regexp.MustCompile(`possible (CPUs|cpus)|Speculative|Spectre|Command line:|ref_tracker: memory allocation failure|BUG: KCSAN: [^\[]*$`)

// Reports returns the lines of a kernel log that tell of something wrong.
func Reports(log string) []Report {
	var found []Report
	known := detectors()
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\r\n")
		for _, d := range known {
			if d.heading.MatchString(line) && !harmless.MatchString(line) {
				found = append(found, Report{Detector: d.name, Line: line})
				break
			}
		}
	}
	return found
}

// withoutHunger is a log without what the kernel tells when memory is gone: that an allocation fails, and that it ends a
// program (mm/page_alloc.c, mm/oom_kill.c). A test that lets memory run out wants that.
//
// The log is what the console and the kernel's own log have, one in the midst of the other: a line that is told of in the
// one is meant in the other, too.
func withoutHunger(log string) string {
	hunger := map[string]bool{}
	tells := false // from such a heading to the state of memory below it
	for line := range strings.Lines(log) {
		tells = tells || strings.Contains(line, "invoked oom-killer:") || strings.Contains(line, "page allocation failure:")
		for _, r := range Reports(line) {
			if r.Detector == "out of memory" || tells && r.Detector == "other" {
				hunger[strings.TrimSpace(line)] = true
			}
		}
		tells = tells && !strings.Contains(line, "Mem-Info:")
	}
	var kept strings.Builder
	for line := range strings.Lines(log) {
		if !hunger[strings.TrimSpace(line)] {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// lines writes reports below one another.
func lines(reports []Report) string {
	var text strings.Builder
	for _, r := range reports {
		text.WriteString(r.Line + "\n")
	}
	return text.String()
}
