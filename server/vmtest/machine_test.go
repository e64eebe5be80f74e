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
	t       *testing.T
	log     *KernelLog // the kernel's own
	console *KernelLog // has what it says when it dies
	file    string     // the module
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
	b := &broken{t: t, log: &KernelLog{}, console: &KernelLog{}}
	b.file = filepath.Join(root, ".cache", "kmod", "broken", kernelName(), "broken.ko")
	v, err := vm.Start(t.Context(), vm.Config{
		Parts: parts, Dir: t.TempDir(), CPUs: 2, Parallel: parallel(), Console: b.console, Kmsg: b.log.Add, Boot: time.Minute * time.Duration(patience()),
		Files: map[string]string{"/lib/broken.ko": b.file}, KernelArgs: "kasan_multi_shot",
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, b.console)
	}
	t.Cleanup(v.Kill)
	b.VM = v
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

// unload takes the module away.
func (b *broken) unload() error {
	b.t.Helper()
	return b.call(guest.OpUnload, guest.Unload{Name: "broken"}, nil)
}

// powerOff ends the machine in good order, or waits until one that has died is gone.
func (b *broken) powerOff() {
	b.t.Helper()
	ctx, cancel := Timeout(time.Minute)
	defer cancel()
	if err := b.PowerOff(ctx); err != nil {
		b.t.Fatal(err)
	}
}

// since is what a log tells from where the module says that it makes a mistake to where it says so of the next.
func since(log *KernelLog, mistake string) string {
	const begins = "broken: mistake "
	_, after, found := strings.Cut(strings.ReplaceAll(log.String(), "\r", ""), begins+mistake+"\n")
	if !found {
		return ""
	}
	section, _, _ := strings.Cut(after, begins)
	return section
}

// says fails the test unless a detector has spoken of a mistake.
func (b *broken) says(t *testing.T, mistake, detector string) {
	t.Helper()
	var found []Report
	for _, log := range []*KernelLog{b.log, b.console} {
		found = append(found, Reports(since(log, mistake))...)
	}
	for _, r := range found {
		if r.Detector == detector {
			return
		}
	}
	t.Errorf("%s does not speak; found: %q in\n%s\n%s", detector, found, b.log, b.console)
}

func TestAMachineBootsLoadsUnloadsAndEndsWithACleanLog(t *testing.T) {
	t.Parallel()
	b := bootBroken(t)
	if err := b.make(""); err != nil {
		t.Fatal(err)
	}
	if err := b.unload(); err != nil {
		t.Fatal(err)
	}
	b.powerOff()
	if !strings.Contains(b.log.String(), "Linux version "+b.Release) {
		t.Errorf("the log does not begin with the boot:\n%s", b.log)
	}
	if reports := append(Reports(b.log.String()), Reports(b.console.String())...); len(reports) != 0 {
		t.Errorf("a healthy machine is reported: %q", reports)
	}
}

func TestAWarningAndACrashAreFoundInTheLog(t *testing.T) {
	t.Parallel()
	b := bootBroken(t)
	if err := b.make("warn"); err != nil {
		t.Fatal(err)
	}
	if err := b.unload(); err != nil {
		t.Fatal(err)
	}
	if b.make("crash") == nil {
		t.Error("the crash let the load succeed")
	}
	b.powerOff()
	b.says(t, "warn", "warning")
	b.says(t, "crash", "crash")
}

func TestWhatIsToldOfOneMistakeIsNotToldOfAnother(t *testing.T) {
	log := &KernelLog{}
	_, err := log.Write([]byte("BUG: KASAN: before\nbroken: mistake one\r\nUBSAN: of one\nbroken: mistake two\nODEBUG: of two\n"))
	if err != nil {
		t.Fatal(err)
	}
	for mistake, want := range map[string]string{"one": "UBSAN: of one\n", "two": "ODEBUG: of two\n", "three": ""} {
		if got := since(log, mistake); got != want {
			t.Errorf("of %s: %q", mistake, got)
		}
	}
}
