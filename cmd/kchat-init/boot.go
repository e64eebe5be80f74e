// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"golang.org/x/sys/unix"
)

// driversDir holds the drivers that this kernel has as modules, named so that their order is the order to load them.
const driversDir = "/lib/drivers"

// maxFiles is for tests that open thousands of connections from inside the guest.
const maxFiles = 1 << 20

func mountAll() error {
	for _, m := range []struct {
		fs, dir  string
		optional bool
	}{
		{fs: "devtmpfs", dir: "/dev"},
		{fs: "proc", dir: "/proc"},
		{fs: "sysfs", dir: "/sys"},
		{fs: "tmpfs", dir: "/tmp"},
		{fs: "debugfs", dir: "/sys/kernel/debug", optional: true},
		{fs: "tracefs", dir: "/sys/kernel/tracing", optional: true},
	} {
		if err := os.MkdirAll(m.dir, 0o755); err != nil && !m.optional {
			return fmt.Errorf("make %s: %w", m.dir, err)
		}
		err := unix.Mount(m.fs, m.dir, m.fs, 0, "")
		if err != nil && !errors.Is(err, unix.EBUSY) && !m.optional {
			return fmt.Errorf("mount %s: %w", m.dir, err)
		}
	}
	return nil
}

func raiseLimits() error {
	limit := unix.Rlimit{Cur: maxFiles, Max: maxFiles}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files: %w", err)
	}
	return nil
}

func loadDrivers() error {
	drivers, err := filepath.Glob(driversDir + "/*.ko")
	if err != nil {
		return fmt.Errorf("list %s: %w", driversDir, err)
	}
	sort.Strings(drivers)
	for _, driver := range drivers {
		if err := loadModule(driver, ""); err != nil {
			return err
		}
	}
	return nil
}

func loadModule(path, params string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("load a module: %w", err)
	}
	defer file.Close()
	if err := unix.FinitModule(int(file.Fd()), params, 0); err != nil {
		return fmt.Errorf("load %s: %w", filepath.Base(path), err)
	}
	return nil
}

// powerOff ends the machine. A kernel without ACPI cannot switch it off; its restart ends QEMU as well
// (-no-reboot).
func powerOff() {
	unix.Sync()
	how := unix.LINUX_REBOOT_CMD_POWER_OFF
	if _, err := os.Stat("/sys/firmware/acpi"); err != nil {
		how = unix.LINUX_REBOOT_CMD_RESTART
	}
	_ = unix.Reboot(how)
}
