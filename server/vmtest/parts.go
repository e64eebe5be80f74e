// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kchat/server"
	"kchat/server/guest"
	"kchat/server/vm"
)

// stockKernel is the series that the module is tuned for.
const stockKernel = "6.12"

// kernelName is the kernel that tests run on, as KCHAT_TEST_KERNEL says: the stock one, an older series, "debug", which
// looks for bugs, "coverage", on which the module counts the lines it runs, or "kcsan", which looks for data races.
func kernelName() string {
	if name := os.Getenv("KCHAT_TEST_KERNEL"); name != "" {
		return name
	}
	return stockKernel
}

// Slowness is by how much time limits are stretched, generously; 0 on kernels of every day: not at all.
func Slowness() int {
	switch kernelName() {
	case "debug":
		return 5
	case "kcsan":
		return 10
	}
	return 0
}

// patience is by how much limits are stretched that only end what would never end by itself: this host may have ten times
// more to do than it can.
func patience() int { return 10 * max(1, Slowness()) }

// parallel says that the guest's processors have a thread each. Those that take turns on one do so a few times a second,
// and hardly ever while KCSAN waits for another to touch what it watches. Its kernel has no static branches to patch.
func parallel() bool { return kernelName() == "kcsan" }

// watchRaces is what is written where so that KCSAN begins its work, which it does not by itself: the races of a boot are
// not ours.
func watchRaces() (on guest.Write, wanted bool) {
	return guest.Write{Path: "/sys/kernel/debug/kcsan", Data: []byte("on")}, kernelName() == "kcsan"
}

// hasWatched fails if KCSAN has not watched anything (kernel/kcsan/debugfs.c): then it has found nothing, whatever raced.
func hasWatched(ctx context.Context, g *guest.Client) error {
	var data []byte
	if err := g.Call(ctx, guest.OpRead, guest.Path{Path: "/sys/kernel/debug/kcsan"}, &data); err != nil {
		return err
	}
	watched := 0
	for line := range strings.Lines(string(data)) {
		if n, err := fmt.Sscanf(line, "setup_watchpoints: %d", &watched); n == 1 && err == nil && watched > 0 {
			return nil
		}
	}
	return fmt.Errorf("KCSAN has watched nothing:\n%s", data)
}

// findsLeaks says that the kernel has kmemleak.
func findsLeaks() bool { return kernelName() == "debug" }

// Parts are what "make build" left, or with KCHAT_TEST_KERNEL what "scripts/kmod-build" did for that kernel.
func Parts() (vm.Parts, error) {
	root, err := Root()
	if err != nil {
		return vm.Parts{}, err
	}
	cache, err := server.CacheDir()
	if err != nil {
		return vm.Parts{}, err
	}
	name := kernelName()
	kernel := filepath.Join(cache, "kernels", name)
	module := filepath.Join(root, ".cache", "kmod", "kchat", name, "kchat.ko")
	switch name {
	case stockKernel:
		module = filepath.Join(root, "kmod", "kchat.ko")
	case "debug", "coverage", "kcsan":
		dir, err := os.ReadFile(filepath.Join(root, ".cache", "kernel-"+name))
		if err != nil {
			return vm.Parts{}, fmt.Errorf("find the kernel (run \"scripts/kmod-build %s\"): %w", name, err)
		}
		kernel = strings.TrimSpace(string(dir))
	}
	if _, err := os.Stat(module); err != nil {
		return vm.Parts{}, fmt.Errorf("find the module for the kernel %s (run \"make build\", or \"scripts/kmod-build %[1]s\"): %w", name, err)
	}
	parts, err := vm.Kernel(kernel)
	parts.MPTable = name == "debug" || name == "coverage" || name == "kcsan" // scripts/debug.config
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
