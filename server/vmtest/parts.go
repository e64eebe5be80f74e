// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kchat/server"
	"kchat/server/vm"
)

// debugSlow is how much slower the debug kernel is, generously.
const debugSlow = 5

// kernelName is the kernel that tests run on: the stock one, or the one that looks for bugs.
func kernelName() string {
	if os.Getenv("KCHAT_TEST_KERNEL") == "debug" {
		return "debug"
	}
	return "6.12"
}

// slowness is by how much time limits are stretched; 0: not at all.
func slowness() int {
	if kernelName() == "debug" {
		return debugSlow
	}
	return 0
}

// Parts are what "make build" left, or with KCHAT_TEST_KERNEL=debug what "make kmod-debug" did.
func Parts() (vm.Parts, error) {
	root, err := Root()
	if err != nil {
		return vm.Parts{}, err
	}
	cache, err := server.CacheDir()
	if err != nil {
		return vm.Parts{}, err
	}
	kernel, module := filepath.Join(cache, "kernels", "6.12"), filepath.Join(root, "kmod", "kchat.ko")
	if kernelName() == "debug" {
		module = filepath.Join(root, ".cache", "kmod", "kchat", "debug", "kchat.ko")
		dir, err := os.ReadFile(filepath.Join(root, ".cache", "debug-kernel"))
		if err != nil {
			return vm.Parts{}, fmt.Errorf("find the debug kernel (run \"make kmod-debug\"): %w", err)
		}
		kernel = strings.TrimSpace(string(dir))
	}
	parts, err := vm.Kernel(kernel)
	parts.Init, parts.Module = filepath.Join(root, "bin", "kchat-init"), module
	return parts, err
}

// Root is the folder of go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the repository: no go.mod above the working folder")
		}
		dir = parent
	}
}
