// SPDX-License-Identifier: GPL-2.0-only

// Command tour walks through everything the server does, by the commands that a user or an operator types, and prints
// them with what they answer. It boots a microVM in which the module is loaded by "kchat-tui server start", with
// the shell and a few programs of this host, and runs tour.sh there. Its exit code is that of the script. "make build"
// comes before.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"kchat/server/guest"
	"kchat/server/vm"
	"kchat/server/vmtest"
)

// tourTime is how long all of it may take; it takes about one and a half minutes on two emulated processors.
const tourTime = 20 * time.Minute

// errSteps says that a step did not do what it should; the script has said which.
var errSteps = errors.New("the tour has ended early")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, tourTime)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "tour:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "kchat-tour-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	parts, err := vmtest.Parts()
	if err != nil {
		return err
	}
	files, err := luggage(parts)
	if err != nil {
		return err
	}
	parts.Module = "" // the first step of the tour loads it
	var log vmtest.KernelLog
	machine, err := vm.Start(ctx, vm.Config{
		Parts: parts, Dir: dir, Files: files, CPUs: 2, MemoryMB: 768, Console: &log, Kmsg: log.Add,
	})
	if err != nil {
		return fmt.Errorf("start the microVM: %w\n%s", err, &log)
	}
	defer machine.Kill()
	exit, err := machine.Exec(ctx, guest.Exec{
		Path: "/bin/sh", Args: []string{"/tour/tour.sh"}, Env: []string{"LC_CTYPE=C.UTF-8", "TERM=screen-256color"},
	}, os.Stdout, os.Stderr)
	if err != nil {
		return fmt.Errorf("run the script: %w", err)
	}
	if reports := vmtest.Reports(log.String()); len(reports) > 0 {
		return fmt.Errorf("the kernel reports %q\n%s", reports, &log)
	}
	if exit.Code != 0 {
		return errSteps
	}
	return nil
}

// luggage is what the machine has besides its kernel, by its place there.
func luggage(parts vm.Parts) (map[string]string, error) {
	root, err := vmtest.Root()
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		"/bin/kchat-tui": filepath.Join(root, "bin", "kchat-tui"),
		"/opt/kchat.ko":  parts.Module,
	}
	scripts, err := filepath.Glob(filepath.Join(root, "e2e", "tour", "*.sh"))
	if err != nil {
		return nil, err
	}
	for _, script := range scripts {
		files["/tour/"+filepath.Base(script)] = script
	}
	for _, name := range []string{"veth", "bridge"} {
		driver := filepath.Join(filepath.Dir(parts.Kernel), "testing", name+".ko")
		if _, err := os.Stat(driver); err == nil {
			files["/opt/"+name+".ko"] = driver
		}
	}
	return files, borrow(files)
}
