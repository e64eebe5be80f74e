// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Stopwatch tells how long something in the machine takes that must be done in time, however much else this host has to do:
// what the machine's threads, and those of the test that talks to it, wait for a processor of the host does not count.
type Stopwatch struct {
	s     *Server
	began time.Time
	// What each thread waited so far.
	machine, test map[string]time.Duration
}

// Stopwatch starts one.
func (s *Server) Stopwatch(t testing.TB) Stopwatch {
	t.Helper()
	return Stopwatch{s: s, began: time.Now(), machine: waited(t, s.Runner.MicroVM()), test: waited(t, os.Getpid())}
}

// Took is how long it has run, less what in each of the two that thread had to wait that waited most: the guest's processors
// take turns on one, and all that is done in it waits with them, as the test waits for the machine.
func (w Stopwatch) Took(t testing.TB) time.Duration {
	t.Helper()
	took := time.Since(w.began)
	return took - longest(waited(t, w.s.Runner.MicroVM()), w.machine) - longest(waited(t, os.Getpid()), w.test)
}

// longest is what that thread waited most of all since before.
func longest(now, before map[string]time.Duration) (most time.Duration) {
	for thread, waited := range now {
		most = max(most, waited-before[thread])
	}
	return most
}

// waited is how long each thread of a process was ready to run without a processor so far: the second number of its
// schedstat file (Documentation/scheduler/sched-stats.rst).
func waited(t testing.TB, pid int) map[string]time.Duration {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("find the threads of process %d: %d, %v", pid, len(files), err)
	}
	threads := map[string]time.Duration{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a thread that has just ended
		}
		var ran, waited uint64
		if _, err := fmt.Sscan(string(text), &ran, &waited); err != nil {
			t.Fatalf("%s: %q: %v", file, text, err)
		}
		threads[file] = time.Duration(waited)
	}
	return threads
}

// HostWatch tells how long something takes on this host that is done by more than one process, in time: what anybody here
// waited for a processor does not count.
type HostWatch struct {
	began  time.Time
	waited time.Duration
}

// WatchHost starts one.
func WatchHost(t testing.TB) HostWatch {
	t.Helper()
	return HostWatch{time.Now(), pressure(t)}
}

// Took is how long it has run, less the time in which somebody had to wait.
func (w HostWatch) Took(t testing.TB) time.Duration {
	t.Helper()
	return time.Since(w.began) - (pressure(t) - w.waited)
}

// pressure is for how long at least one thread of this host was ready to run without a processor so far
// (Documentation/accounting/psi.rst); 0 where the kernel does not count it.
func pressure(t testing.TB) time.Duration {
	t.Helper()
	text, err := os.ReadFile("/proc/pressure/cpu")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) {
		return 0
	}
	_, total, found := strings.Cut(string(text), " total=")
	var microseconds uint64
	if _, scanned := fmt.Sscan(total, &microseconds); err != nil || !found || scanned != nil {
		t.Fatalf("/proc/pressure/cpu: %q, %v", text, errors.Join(err, scanned))
	}
	return time.Duration(microseconds) * time.Microsecond
}
