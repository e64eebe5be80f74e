// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"fmt"
	"os"
	"path/filepath"

	"kchat/server/vm"
)

// kernelSeries is the kernel that the module is built and tuned for.
const kernelSeries = "6.12"

// FindParts looks for what a microVM is made of: the kernel in the cache; /init and the module beside this program, as
// "make build" leaves them, or in the user's data folder, where "make install-client" puts them.
func FindParts() (vm.Parts, error) {
	cache, err := CacheDir()
	if err != nil {
		return vm.Parts{}, err
	}
	exe, err := os.Executable()
	if err != nil {
		return vm.Parts{}, fmt.Errorf("find this program: %w", err)
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		exe = real
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return vm.Parts{}, fmt.Errorf("find the home folder: %w", err)
	}
	beside := filepath.Dir(exe)
	installed := filepath.Join(xdg("XDG_DATA_HOME", home, ".local/share"), "kchat", "microvm")
	parts, err := vm.Kernel(filepath.Join(cache, "kernels", kernelSeries))
	if err != nil {
		return vm.Parts{}, err
	}
	parts.Init = firstFile(filepath.Join(beside, "kchat-init"), filepath.Join(installed, "kchat-init"))
	parts.Module = firstFile(filepath.Join(beside, "..", "kmod", "kchat.ko"), filepath.Join(installed, "kchat.ko"))
	return parts, nil
}

// firstFile is the first of paths that exists, else the first of all, whose absence can then be told.
func firstFile(paths ...string) string {
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return paths[0]
}
