// SPDX-License-Identifier: GPL-2.0-only

package vm

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Parts are the files a microVM is made of.
type Parts struct {
	Kernel  string   // the kernel image
	Release string   // its release, as uname -r says it
	Drivers []string // the kernel's own modules that the guest needs, in the order to load them
	MPTable bool     // the kernel finds its processors in the MP table: it has no ACPI
	Init    string   // /init, linked statically
	Module  string   // kchat.ko; empty for a guest that loads modules by itself
}

// ErrIncomplete says that something a microVM is made of is missing or does not fit.
var ErrIncomplete = errors.New("the microVM is not complete")

// Kernel reads what scripts/kernel-fetch or scripts/debug-kernel left in dir.
func Kernel(dir string) (Parts, error) {
	release, err := os.ReadFile(filepath.Join(dir, "rel"))
	if err != nil {
		return Parts{}, fmt.Errorf("%w: no kernel in %s (run \"make kmod\"): %w", ErrIncomplete, dir, err)
	}
	drivers, err := filepath.Glob(filepath.Join(dir, "drivers", "*.ko"))
	if err != nil {
		return Parts{}, fmt.Errorf("list the drivers in %s: %w", dir, err)
	}
	sort.Strings(drivers)
	return Parts{
		Kernel:  filepath.Join(dir, "vmlinuz"),
		Release: strings.TrimSpace(string(release)),
		Drivers: drivers,
	}, nil
}

// Check finds what is missing, and a module that was built for another kernel, before a machine is started.
func (p Parts) Check() error {
	for _, part := range []struct{ what, path string }{{"the kernel", p.Kernel}, {"/init", p.Init}, {"the module", p.Module}} {
		if part.path == "" && part.what == "the module" {
			continue
		}
		if _, err := os.Stat(part.path); err != nil {
			return fmt.Errorf("%w: %s is missing (run \"make build\"): %w", ErrIncomplete, part.what, err)
		}
	}
	if p.Module == "" {
		return nil
	}
	built, err := moduleRelease(p.Module)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrIncomplete, err)
	}
	if built != p.Release {
		return fmt.Errorf("%w: %s was built for kernel %s, not for %s (run \"make kmod\")", ErrIncomplete, p.Module, built, p.Release)
	}
	return nil
}

// moduleRelease is the kernel release that a module was built for: the first word of its "vermagic".
func moduleRelease(path string) (string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the module %s: %w", path, err)
	}
	defer file.Close()
	section := file.Section(".modinfo")
	if section == nil {
		return "", fmt.Errorf("read the module %s: it is no kernel module", path)
	}
	info, err := section.Data()
	if err != nil {
		return "", fmt.Errorf("read the module %s: %w", path, err)
	}
	for entry := range bytes.SplitSeq(info, []byte{0}) {
		if magic, ok := bytes.CutPrefix(entry, []byte("vermagic=")); ok {
			release, _, _ := strings.Cut(string(magic), " ")
			return release, nil
		}
	}
	return "", fmt.Errorf("read the module %s: it does not say its kernel", path)
}
