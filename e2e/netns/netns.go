// SPDX-License-Identifier: GPL-2.0-only

// Package netns runs functions in network namespaces, on threads that do nothing else: network_namespaces(7).
package netns

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

func init() {
	// The thread with which a process begins lives as long as the process, and so would the network namespace that
	// somebody went into on it. It stays with main.
	runtime.LockOSThread()
}

// New runs a function in a network namespace of its own. The namespace goes with it, unless something else keeps it.
func New(run func() error) error {
	return onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		return run()
	})
}

// In runs a function in the network namespace of a file that Open has opened.
func In(namespace int, run func() error) error {
	return onThread(func() error {
		if err := unix.Setns(namespace, unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return run()
	})
}

// Open opens the network namespace of the calling thread. The file keeps it until the caller closes it.
func Open() (int, error) {
	namespace, err := unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open the network namespace: %w", err)
	}
	return namespace, nil
}

// onThread runs a function on a thread of its own.
func onThread(run func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
		done <- run()
	}()
	return <-done
}
