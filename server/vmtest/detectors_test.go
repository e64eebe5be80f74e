// SPDX-License-Identifier: GPL-2.0-only

//go:build debugkernel

package vmtest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"kchat/server/guest"
)

// control is a mistake, and the detectors that must find it: the rig is worth nothing if it cannot fail.
type control struct {
	mistake   string
	detectors []string
	settings  []guest.Write                 // written before
	after     func(t *testing.T, b *broken) // done when the mistake was made
}

// controls are the mistakes of each boot, in their order. Of some reports there is one a boot, so none may come after one
// that keeps it from being made: lockdep speaks once, RCU and lockdep no more after lockdep, KASAN or a cache that is not
// empty (kernel/panic.c, add_taint). The kernel of the first boot dies of its last mistake.
func controls() [][]control {
	if kernelName() == "kcsan" {
		return [][]control{{{mistake: "race", detectors: []string{"KCSAN"}}}}
	}
	set := func(path, value string) guest.Write { return guest.Write{Path: path, Data: []byte(value)} }
	return [][]control{
		{
			{mistake: "sleep_in_atomic", detectors: []string{"sleep"}},
			{mistake: "rcu_misuse", detectors: []string{"RCU"}},
			{mistake: "active_timer", detectors: []string{"ODEBUG"}},
			{mistake: "refcount", detectors: []string{"refcount"}},
			{mistake: "shift", detectors: []string{"UBSAN"}},
			{mistake: "array_index", detectors: []string{"UBSAN"}},
			{mistake: "lock_inversion", detectors: []string{"lockdep"}},
			{mistake: "objects_left", detectors: []string{"slab"}},
			{mistake: "use_after_free", detectors: []string{"KASAN"}},
			{mistake: "out_of_bounds", detectors: []string{"KASAN"}},
			{mistake: "double_free", detectors: []string{"KASAN"}},
			{mistake: "leak", detectors: []string{"kmemleak"}, after: scanned},
			{mistake: "leak_at_unload", detectors: []string{"kmemleak"}, after: scannedUnloaded},
			{mistake: "list_deleted_twice", detectors: []string{"list"}},
		},
		{
			{mistake: "softirq_deadlock", detectors: []string{"lockdep"}},
			{
				mistake: "hung_task", detectors: []string{"hung task"},
				settings: []guest.Write{set("/proc/sys/kernel/hung_task_timeout_secs", "1")},
			},
			{
				mistake: "lockup", detectors: []string{"lockup", "RCU stall"},
				settings: []guest.Write{
					set("/proc/sys/kernel/watchdog_thresh", "1"), set("/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout", "3"),
				},
			},
		},
	}
}

func TestEachDetectorFindsItsMistake(t *testing.T) {
	t.Parallel()
	for _, boot := range controls() {
		t.Run("boot", func(t *testing.T) {
			t.Parallel()
			b := bootBroken(t)
			for _, c := range boot {
				b.try(t, c)
			}
			b.powerOff()
			for _, c := range boot {
				for _, detector := range c.detectors {
					t.Run(strings.ReplaceAll(detector, " ", "_")+"/"+c.mistake, func(t *testing.T) { b.says(t, c.mistake, detector) })
				}
			}
		})
	}
}

// try makes a mistake, and takes the module away for the next unless the kernel has died.
func (b *broken) try(t *testing.T, c control) {
	t.Helper()
	for _, s := range c.settings {
		if err := b.call(guest.OpWrite, s, nil); err != nil {
			t.Fatal(err)
		}
	}
	err := b.make(c.mistake)
	if errors.Is(err, guest.ErrGone) {
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", c.mistake, err)
	}
	if c.after != nil {
		c.after(t, b)
	}
	if err := b.unload(); err != nil {
		t.Fatalf("%s: %v", c.mistake, err)
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
	if err := b.unload(); err != nil {
		t.Fatal(err)
	}
	if err := b.make(""); err != nil { // for the next to unload
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
