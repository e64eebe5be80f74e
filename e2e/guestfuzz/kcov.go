// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// From include/uapi/linux/kcov.h.
const (
	kcovInitTrace    = 0x80086301 // _IOR('c', 1, unsigned long)
	kcovEnable       = 0x6364     // _IO('c', 100)
	kcovDisable      = 0x6365     // _IO('c', 101)
	kcovRemoteEnable = 0x40186366 // _IOW('c', 102, struct kcov_remote_arg)
	kcovTracePC      = 0

	kcovWords  = 1 << 20 // of the area, of 8 bytes
	kcovRemote = 1 << 16 // of each remote section
	// kcovHandle is KCHAT_KCOV of kmod/kcov.h: what the module runs for others, in threads and work of its own.
	kcovHandle = 0x6b63
)

// kcovRemoteArg is struct kcov_remote_arg with no handles but the common one.
type kcovRemoteArg struct {
	mode, areaSize, handles, _ uint32
	common                     uint64
}

// kcov is the coverage of the module, KCOV (Documentation/dev-tools/kcov.rst): what the caller's thread runs in the kernel,
// and what the module runs for others meanwhile.
type kcov struct {
	own, remote area
	over        chan struct{}
	closed      chan error
}

// newKcov begins with the calling thread, which has to be locked. os.ErrNotExist: the kernel has no KCOV.
func newKcov() (k *kcov, err error) {
	k = &kcov{over: make(chan struct{}), closed: make(chan error, 1)}
	if k.own, err = openArea(); err != nil {
		return nil, err
	}
	if err := k.own.control(kcovEnable, kcovTracePC); err != nil {
		return nil, fmt.Errorf("count what this thread runs: %w", err)
	}
	// A thread has one of both; what is remote needs another one.
	begun := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		var err error
		if k.remote, err = openArea(); err == nil {
			arg := kcovRemoteArg{mode: kcovTracePC, areaSize: kcovRemote, common: kcovHandle}
			err = k.remote.control(kcovRemoteEnable, uintptr(unsafe.Pointer(&arg)))
		}
		begun <- err
		if err != nil {
			return
		}
		<-k.over
		k.closed <- k.remote.close()
	}()
	if err := <-begun; err != nil {
		return nil, fmt.Errorf("count what the module runs for others: %w", err)
	}
	return k, nil
}

// Places are the places in the module that were reached since the last call.
func (k *kcov) Places() []uint64 {
	places := append(k.own.take(), k.remote.take()...)
	slices.Sort(places)
	return slices.Compact(places)
}

func (k *kcov) close() {
	close(k.over)
	<-k.closed
	_ = k.own.close()
}

// area is one instance of KCOV: how many places, and then the places.
type area struct {
	file  *os.File
	bytes []byte
}

func openArea() (area, error) {
	file, err := os.OpenFile("/sys/kernel/debug/kcov", os.O_RDWR, 0)
	if err != nil {
		return area{}, err
	}
	a := area{file: file}
	if err := a.control(kcovInitTrace, kcovWords); err != nil {
		return area{}, fmt.Errorf("begin with KCOV: %w", err)
	}
	a.bytes, err = unix.Mmap(int(file.Fd()), 0, kcovWords*8, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return area{}, fmt.Errorf("map the area of KCOV: %w", err)
	}
	return a, nil
}

func (a area) control(request, arg uintptr) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, a.file.Fd(), request, arg); e != 0 {
		return e
	}
	return nil
}

// take empties it. The kernel adds while we read: what comes in between is lost, or counted the next time.
func (a area) take() []uint64 {
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&a.bytes[0])), kcovWords)
	n := atomic.SwapUint64(&words[0], 0)
	return slices.Clone(words[1 : 1+min(n, kcovWords-1)])
}

func (a area) close() error {
	if err := a.control(kcovDisable, 0); err != nil {
		return err
	}
	if err := unix.Munmap(a.bytes); err != nil {
		return err
	}
	return a.file.Close()
}
