// SPDX-License-Identifier: GPL-2.0-only

package server_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"kchat/server/vmtest"
)

// brokenKVM puts a QEMU in front of the real one that does something else when it is to use KVM.
func brokenKVM(t *testing.T, instead string) {
	t.Helper()
	real, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\ncase \"$*\" in *'-accel kvm'*) %s ;; esac\nexec %s \"$@\"\n", instead, real)
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(real)), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestVirtualisationThatDoesNotWorkGivesWayToEmulation(t *testing.T) {
	for name, instead := range map[string]string{"it hangs": "exec sleep 1000", "it is refused": "exit 1"} {
		t.Run(name, func(t *testing.T) {
			brokenKVM(t, instead)
			s := vmtest.Start(t, vmtest.WithAccel("kvm"))
			status, err := s.Runner.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if status.Accel != "tcg" {
				t.Errorf("it runs by %s", status.Accel)
			}
		})
	}
}
