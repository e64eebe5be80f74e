// SPDX-License-Identifier: GPL-2.0-only

//go:build debugkernel

package vmtest

import (
	"strings"
	"testing"
	"time"

	"kchat/server/guest"
)

// control is a mistake, and the detector that must find it: the rig is worth nothing if it cannot fail.
type control struct {
	mistake  string
	detector string
	crashes  bool                          // the kernel dies of it
	settings []guest.Write                 // written before
	after    func(t *testing.T, b *broken) // done when the mistake was made
}

// Each kernel has its own detectors. One mistake a boot: the first report of KASAN switches lockdep off, and lockdep
// speaks once.
func controls() []control {
	if kernelName() == "kcsan" {
		return []control{{mistake: "race", detector: "KCSAN"}}
	}
	impatient := func(path string) []guest.Write { return []guest.Write{{Path: path, Data: []byte("1")}} }
	return []control{
		{mistake: "use_after_free", detector: "KASAN"},
		{mistake: "out_of_bounds", detector: "KASAN"},
		{mistake: "double_free", detector: "KASAN"},
		{mistake: "objects_left", detector: "slab"},
		{mistake: "leak", detector: "kmemleak", after: scanned},
		{mistake: "leak_at_unload", detector: "kmemleak", after: scannedUnloaded},
		{mistake: "lock_inversion", detector: "lockdep"},
		{mistake: "softirq_deadlock", detector: "lockdep"},
		{mistake: "sleep_in_atomic", detector: "sleep"},
		{mistake: "rcu_misuse", detector: "RCU"},
		{mistake: "active_timer", detector: "ODEBUG"},
		{mistake: "refcount", detector: "refcount"},
		{mistake: "list_deleted_twice", detector: "list", crashes: true},
		{mistake: "shift", detector: "UBSAN"},
		{mistake: "array_index", detector: "UBSAN"},
		{mistake: "hung_task", detector: "hung task", settings: impatient("/proc/sys/kernel/hung_task_timeout_secs")},
		{mistake: "lockup", detector: "lockup", settings: impatient("/proc/sys/kernel/watchdog_thresh")},
		{
			mistake: "lockup", detector: "RCU stall",
			settings: []guest.Write{{Path: "/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout", Data: []byte("3")}},
		},
	}
}

func TestEachDetectorFindsItsMistake(t *testing.T) {
	t.Parallel()
	for _, c := range controls() {
		t.Run(strings.ReplaceAll(c.detector, " ", "_")+"/"+c.mistake, func(t *testing.T) {
			t.Parallel()
			b := bootBroken(t)
			for _, s := range c.settings {
				if err := b.call(guest.OpWrite, s, nil); err != nil {
					t.Fatal(err)
				}
			}
			err := b.make(c.mistake)
			if c.crashes {
				b.says(b.died(), c.detector)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.after != nil {
				c.after(t, b)
			}
			b.says(b.end(), c.detector)
		})
	}
}

func scanned(t *testing.T, b *broken) {
	ctx, cancel := Timeout(time.Minute)
	defer cancel()
	report, err := findLeaks(ctx, b.Client)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(report, "[broken]") {
		t.Errorf("the leak is not reported:\n%s", report)
	}
}

func scannedUnloaded(t *testing.T, b *broken) {
	ctx, cancel := Timeout(time.Minute)
	defer cancel()
	code, err := codeOf(ctx, b.Client, "broken", b.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.call(guest.OpUnload, guest.Unload{Name: "broken"}, nil); err != nil {
		t.Fatal(err)
	}
	report, err := findLeaks(ctx, b.Client)
	if err != nil {
		t.Fatal(err)
	}
	if report, err = code.name(report); err != nil || !strings.Contains(report, "leak_at_unload+") {
		t.Errorf("the leak is not reported with its place: %v\n%s", err, report)
	}
}
