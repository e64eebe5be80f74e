// SPDX-License-Identifier: GPL-2.0-only

// Package driver loads drivers of the kernel inside the machine under test, where vmtest.WithDriver has put them.
package driver

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Load loads the drivers in their order, from /lib/NAME.ko. One that is not there is built in; one that is loaded already stays.
func Load(names ...string) error {
	for _, name := range names {
		if err := load("/lib/" + name + ".ko"); err != nil {
			return fmt.Errorf("load %s: %w", name, err)
		}
	}
	return nil
}

func load(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := unix.FinitModule(int(file.Fd()), "", 0); !errors.Is(err, unix.EEXIST) {
		return err
	}
	return nil
}
