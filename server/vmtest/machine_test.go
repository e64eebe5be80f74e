// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/server/guest"
	"kchat/server/vm"
)

// machine boots with the module that is wrong on purpose, and returns what its kernel says.
func machine(t *testing.T) (*vm.VM, *KernelLog) {
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
	log := &KernelLog{}
	v, err := vm.Start(t.Context(), vm.Config{
		Parts: parts, Dir: t.TempDir(), Console: log, Kmsg: log.Add,
		Files: map[string]string{"/lib/broken.ko": filepath.Join(root, ".cache", "kmod", "broken", kernelName(), "broken.ko")},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(v.Kill)
	return v, log
}

func load(t *testing.T, v *vm.VM, params string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return v.Call(ctx, guest.OpLoad, guest.Load{Path: "/lib/broken.ko", Params: params}, nil)
}

func TestAMachineBootsLoadsUnloadsAndEndsWithACleanLog(t *testing.T) {
	v, log := machine(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := load(t, v, ""); err != nil {
		t.Fatal(err)
	}
	if err := v.Call(ctx, guest.OpUnload, guest.Unload{Name: "broken"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := v.PowerOff(ctx); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "Linux version "+v.Release) {
		t.Errorf("the log does not begin with the boot:\n%s", log)
	}
	if found := Reports(log.String()); len(found) != 0 {
		t.Errorf("a healthy machine is reported: %q", found)
	}
}

func TestAWarningIsFoundInTheLog(t *testing.T) {
	v, log := machine(t)
	if err := load(t, v, "warn=1"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := v.PowerOff(ctx); err != nil {
		t.Fatal(err)
	}
	if found := Reports(log.String()); len(found) == 0 {
		t.Errorf("the warning went unnoticed:\n%s", log)
	}
}

func TestACrashEndsTheMachineAndIsFoundInTheLog(t *testing.T) {
	v, log := machine(t)
	if err := load(t, v, "crash=1"); err == nil {
		t.Error("the crash let the load succeed")
	}
	select {
	case <-v.Exited():
	case <-time.After(time.Minute):
		t.Fatalf("the machine goes on after a crash:\n%s", log)
	}
	if found := Reports(log.String()); len(found) == 0 {
		t.Errorf("the crash went unnoticed:\n%s", log)
	}
}
