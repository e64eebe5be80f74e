// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/server/guest"
	"kchat/server/vm"
)

// broken is a machine with the module that is wrong on purpose.
type broken struct {
	*vm.VM
	t    *testing.T
	log  *KernelLog
	file string // the module
}

func bootBroken(t *testing.T) *broken {
	t.Helper()
	parts, err := Parts()
	if err != nil {
		t.Fatal(err)
	}
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	parts.Module = ""
	log, file := &KernelLog{}, filepath.Join(root, ".cache", "kmod", "broken", kernelName(), "broken.ko")
	v, err := vm.Start(t.Context(), vm.Config{
		Parts: parts, Dir: t.TempDir(), CPUs: 2, Parallel: parallel(), Console: log, Kmsg: log.Add, Boot: time.Minute * time.Duration(max(1, Slowness())),
		Files: map[string]string{"/lib/broken.ko": file},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(v.Kill)
	b := &broken{VM: v, t: t, log: log, file: file}
	if on, wanted := watchRaces(); wanted {
		if err := b.call(guest.OpWrite, on, nil); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *broken) call(op string, args, result any) error {
	b.t.Helper()
	ctx, cancel := Timeout(time.Minute)
	defer cancel()
	return b.Call(ctx, op, args, result)
}

// make loads the module, which makes the mistake.
func (b *broken) make(mistake string) error {
	b.t.Helper()
	return b.call(guest.OpLoad, guest.Load{Path: "/lib/broken.ko", Params: "mistake=" + mistake}, nil)
}

// end powers the machine off, and returns what its log tells of.
func (b *broken) end() []Report {
	b.t.Helper()
	ctx, cancel := Timeout(time.Minute)
	defer cancel()
	if err := b.PowerOff(ctx); err != nil {
		b.t.Fatal(err)
	}
	return Reports(b.log.String())
}

// died waits until the machine has ended by itself, and returns what its log tells of.
func (b *broken) died() []Report {
	b.t.Helper()
	ctx, cancel := Timeout(time.Minute)
	defer cancel()
	select {
	case <-b.Exited():
	case <-ctx.Done():
		b.t.Fatalf("the machine goes on after a crash:\n%s", b.log)
	}
	return Reports(b.log.String())
}

// says fails the test unless a detector has spoken.
func (b *broken) says(reports []Report, detector string) {
	b.t.Helper()
	for _, r := range reports {
		if r.Detector == detector {
			return
		}
	}
	b.t.Errorf("%s does not speak; found: %q in\n%s", detector, reports, b.log)
}

func TestAMachineBootsLoadsUnloadsAndEndsWithACleanLog(t *testing.T) {
	t.Parallel()
	b := bootBroken(t)
	if err := b.make(""); err != nil {
		t.Fatal(err)
	}
	if err := b.call(guest.OpUnload, guest.Unload{Name: "broken"}, nil); err != nil {
		t.Fatal(err)
	}
	reports := b.end()
	if !strings.Contains(b.log.String(), "Linux version "+b.Release) {
		t.Errorf("the log does not begin with the boot:\n%s", b.log)
	}
	if len(reports) != 0 {
		t.Errorf("a healthy machine is reported: %q", reports)
	}
}

func TestAWarningIsFoundInTheLog(t *testing.T) {
	t.Parallel()
	b := bootBroken(t)
	if err := b.make("warn"); err != nil {
		t.Fatal(err)
	}
	b.says(b.end(), "warning")
}

func TestACrashEndsTheMachineAndIsFoundInTheLog(t *testing.T) {
	t.Parallel()
	b := bootBroken(t)
	if b.make("crash") == nil {
		t.Error("the crash let the load succeed")
	}
	b.says(b.died(), "crash")
}
