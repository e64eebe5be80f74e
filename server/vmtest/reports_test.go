// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import "testing"

// Headings as Linux 6.12 prints them. That a kernel really does so, the broken module shows on the debug kernel.
func TestEveryHeadingIsKnown(t *testing.T) {
	t.Parallel()
	for line, detector := range map[string]string{
		"BUG: KASAN: slab-use-after-free in kchat_room_join+0x9d/0xc0 [kchat]":                        "KASAN",
		"BUG: KCSAN: data-race in kchat_conn_get [kchat] / kchat_conn_put [kchat]":                    "KCSAN",
		"BUG: KFENCE: use-after-free read in kchat_log_append+0x1/0x2 [kchat]":                        "KFENCE",
		"UBSAN: shift-out-of-bounds in kmod/limiter.c:12:3":                                           "UBSAN",
		"unreferenced object 0xffff888003c3a300 (size 96):":                                           "kmemleak",
		"kmemleak: 8 new suspected memory leaks (see /sys/kernel/debug/kmemleak)":                     "kmemleak",
		"ODEBUG: free active (active state 0) object: 000000001c hint: net_house+0x0/0x60 [kchat]":    "ODEBUG",
		"refcount_t: underflow; use-after-free.":                                                      "refcount",
		"list_del corruption. prev->next should be ffff888003c3a300, but was dead000000000100":        "list",
		"BUG kchat_conn (Tainted: G    B      O      ): Objects remaining on __kmem_cache_shutdown()": "slab",
		"WARNING: suspicious RCU usage":                                                               "RCU",
		"WARNING: possible circular locking dependency detected":                                      "lockdep",
		"WARNING: possible recursive locking detected":                                                "lockdep",
		"WARNING: possible irq lock inversion dependency detected":                                    "lockdep",
		"WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected":                                 "lockdep",
		"WARNING: inconsistent lock state":                                                            "lockdep",
		"WARNING: bad unlock balance detected!":                                                       "lockdep",
		"WARNING: held lock freed!":                                                                   "lockdep",
		"WARNING: kchat/0/77 still has locks held!":                                                   "lockdep",
		"[ BUG: Invalid wait context ]":                                                               "lockdep",
		"INFO: trying to register non-static key.":                                                    "lockdep",
		"BUG: sleeping function called from invalid context at include/linux/sched/mm.h:321":          "sleep",
		"BUG: scheduling while atomic: kchat/0/77/0x00000002":                                         "sleep",
		"INFO: task rmmod:91 blocked for more than 122 seconds.":                                      "hung task",
		"watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [kchat/0:77]":                              "lockup",
		"BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!":                  "lockup",
		"rcu: INFO: rcu_sched self-detected stall on CPU":                                             "RCU stall",
		"Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: kchat_dispatch":   "stack",
		"BUG: kernel NULL pointer dereference, address: 0000000000000000":                             "crash",
		"Oops: Oops: 0002 [#1] PREEMPT SMP KASAN NOPTI":                                               "crash",
		"kernel BUG at lib/list_debug.c:56!":                                                          "crash",
		"WARNING: CPU: 1 PID: 77 at kmod/seg.c:80 kchat_seg_put+0x1/0x2 [kchat]":                      "warning",
		" Call Trace:": "other",
	} {
		found := Reports("[    1.234567] " + line + "\n")
		if len(found) != 1 || found[0].Detector != detector {
			t.Errorf("%q is reported as %+v, not by %s", line, found, detector)
		}
	}
}

func TestAHealthyLogHasNoReports(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"smpboot: Allowing 2 CPUs, 0 hotplug CPUs, possible CPUs",
		"Spectre V2 : WARNING: Unprivileged eBPF is enabled",
		"kmemleak: Kernel memory leak detector initialized (mem pool available: 15715)",
		"kchat: server started on port 10106",
		"ref_tracker: memory allocation failure, unreliable refcount tracker.",
		"BUG: KCSAN: data-race in tick_nohz_next_event / tick_nohz_stop_tick",
	} {
		if found := Reports("[    1.234567] " + line + "\n"); len(found) != 0 {
			t.Errorf("%q is reported: %+v", line, found)
		}
	}
}

// TestHungerHidesNothing: what the kernel says while it ends a program for its memory is dropped, but for real reports.
func TestHungerHidesNothing(t *testing.T) {
	dump := func(within string) string {
		return "eater invoked oom-killer: gfp_mask=0x1\nCall Trace:\n" + within + "Mem-Info:\nOut of memory: Killed process 7 (eater)\n" +
			"eater: page allocation failure: order:0\nCall Trace:\n" + within + "Mem-Info:\n"
	}
	if found := Reports(dump("")); len(found) == 0 {
		t.Error("hunger is no report")
	}
	if found := Reports(withoutHunger(dump(""))); len(found) != 0 {
		t.Errorf("wanted hunger is a report: %q", found)
	}
	twice := "[ 1.1] eater invoked oom-killer: x\n[ 1.1] eater invoked oom-killer: x\n[ 1.2] Call Trace:\n[ 1.3] Mem-Info:\n[ 1.2] Call Trace:\n"
	if found := Reports(withoutHunger(twice)); len(found) != 0 {
		t.Errorf("told twice, one in the midst of the other: %q", found)
	}
	for _, report := range []string{"BUG: KASAN: slab-use-after-free in f+0x1/0x2\n", "WARNING: CPU: 1 PID: 2 at mm/slub.c:1\n"} {
		if found := Reports(withoutHunger(dump(report) + "fine\n")); len(found) != 2 {
			t.Errorf("within the dump, %q is %q", report, found)
		}
		if found := Reports(withoutHunger(dump("") + report)); len(found) != 1 {
			t.Errorf("behind the dump, %q is %q", report, found)
		}
	}
}
