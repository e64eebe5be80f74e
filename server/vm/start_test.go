// SPDX-License-Identifier: GPL-2.0-only

package vm

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestAMissingQEMUIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Start(t.Context(), Config{}); !errors.Is(err, ErrNoQEMU) {
		t.Errorf("error: %v", err)
	}
}

// fakeQEMU puts a program that must not be run in QEMU's place.
func fakeQEMU(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "qemu-system-x86_64"), []byte("#!/bin/false\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

func TestMissingPartsAreNamed(t *testing.T) {
	fakeQEMU(t)
	if _, err := Start(t.Context(), Config{Parts: Parts{Kernel: "/nowhere"}}); !errors.Is(err, ErrIncomplete) {
		t.Errorf("error: %v", err)
	}
	if _, err := Kernel(t.TempDir()); !errors.Is(err, ErrIncomplete) {
		t.Errorf("error: %v", err)
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	fakeQEMU(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Start(t.Context(), Config{
		Parts:    Parts{Kernel: file, Init: file},
		Forwards: []Forward{{Host: netip.MustParseAddrPort(taken.Addr().String()), Guest: 1}},
	})
	if !errors.Is(err, ErrPortTaken) {
		t.Errorf("error: %v", err)
	}
}

func TestAKernelWithoutACPIHasAPackageForEachProcessor(t *testing.T) {
	if args := arguments(Config{Parts: Parts{MPTable: true}, CPUs: 2}, ""); !slices.Contains(args, "cpus=2,sockets=2") {
		t.Errorf("arguments: %q", args)
	}
}
