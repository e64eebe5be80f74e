// SPDX-License-Identifier: GPL-2.0-only

// Package schedstat tells what threads have run. In a machine whose clock counts instructions, those are instructions.
package schedstat

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ran is the first number of a schedstat file: the nanoseconds that a thread has run
// (Documentation/scheduler/sched-stats.rst). What interrupts and softirqs did meanwhile is in it, with kernels that do
// not count these apart, such as Debian's.
func ran(path string) (uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), " ")
	return strconv.ParseUint(first, 10, 64)
}

// Ran is what the threads of these processes have run together.
func Ran(pids []int) (sum uint64, err error) {
	for _, pid := range pids {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		if err != nil {
			return 0, err
		}
		if len(files) == 0 {
			return 0, fmt.Errorf("process %d has ended", pid)
		}
		for _, file := range files {
			n, err := ran(file)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
				continue // a thread that has just ended
			}
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}

// KernelThreads are the threads of the kernel with names that begin so.
func KernelThreads(prefix string) (pids []int, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		comm, err := os.ReadFile("/proc/" + e.Name() + "/comm")
		if err == nil && strings.HasPrefix(string(comm), prefix) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
