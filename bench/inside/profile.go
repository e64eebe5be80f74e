// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"kchat/bench/job"
)

// profiler takes samples of what the first processor does, each time its clock has gone on by so much. Where the clock
// counts instructions they are spread evenly over instructions, but for those that run with interrupts off: what comes
// due there is taken when they are on again.
type profiler struct {
	fd  int
	mem []byte // a page of perf_event_open(2), and the samples behind it
}

// samplesBytes is how much room the samples have, a power of two of pages: some 200,000 with their stacks.
const samplesBytes = 64 << 20

// enoughBytes are enough samples to tell one function from another.
const enoughBytes = samplesBytes / 8

func startProfile(period int) (*profiler, error) {
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Sample: uint64(period),
		Sample_type: unix.PERF_SAMPLE_IP | unix.PERF_SAMPLE_TID | unix.PERF_SAMPLE_CALLCHAIN,
		Bits:        unix.PerfBitExcludeCallchainUser,
	}
	attr.Size = uint32(unsafe.Sizeof(attr))
	fd, err := unix.PerfEventOpen(&attr, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("begin to take samples: %w", err)
	}
	mem, err := unix.Mmap(fd, 0, os.Getpagesize()+samplesBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make room for samples: %w", err), unix.Close(fd))
	}
	return &profiler{fd: fd, mem: mem}, nil
}

// head is how many bytes of samples there are.
func (p *profiler) head() uint64 {
	return atomic.LoadUint64(&(*unix.PerfEventMmapPage)(unsafe.Pointer(&p.mem[0])).Data_head)
}

// end gives what was sampled; of the server's processes and of the load generator's it says whose it is.
func (p *profiler) end(period int, servers []int, load int) (r *job.Profile, err error) {
	defer func() { err = errors.Join(err, unix.Munmap(p.mem), unix.Close(p.fd)) }()
	if err := unix.IoctlSetInt(p.fd, unix.PERF_EVENT_IOC_DISABLE, 0); err != nil {
		return nil, fmt.Errorf("end taking samples: %w", err)
	}
	symbols, err := readSymbols()
	if err != nil {
		return nil, err
	}
	head := p.head()
	r = &job.Profile{Period: period}
	counts := map[string]int{}
	err = records(p.mem[os.Getpagesize():][:head], func(kind uint32, body []byte) error {
		switch kind {
		case unix.PERF_RECORD_SAMPLE:
			s, err := readSample(body)
			if err != nil {
				return err
			}
			counts[owner(s.pid, servers, load)+s.stack(symbols)]++
		case unix.PERF_RECORD_LOST:
			r.Full = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for stack, n := range counts {
		r.Stacks = append(r.Stacks, job.Stack{Frames: stack, Samples: n})
	}
	r.Full = r.Full || head > samplesBytes*99/100
	return r, nil
}

func owner(pid int, servers []int, load int) string {
	switch {
	case slices.Contains(servers, pid):
		return job.OfServer
	case pid == load:
		return job.OfLoad
	case pid == 0:
		return job.OfIdle
	}
	return job.OfOthers
}

// records goes through the samples: u32 type, u16 of flags, u16 length with this header, and a body.
func records(data []byte, each func(kind uint32, body []byte) error) error {
	const header = 8
	for len(data) >= header {
		size := int(binary.NativeEndian.Uint16(data[6:]))
		if size < header || size > len(data) {
			return errors.New("the samples are broken")
		}
		if err := each(binary.NativeEndian.Uint32(data), data[header:size]); err != nil {
			return err
		}
		data = data[size:]
	}
	return nil
}

type sample struct {
	pid   int
	calls []uint64 // where it was, who called that, and so on
}

// readSample reads u64 address, u32 process, u32 thread, u64 number of calls, their addresses.
func readSample(body []byte) (s sample, err error) {
	if len(body) < 24 {
		return s, errors.New("a sample is too short")
	}
	s.pid = int(binary.NativeEndian.Uint32(body[8:]))
	count := binary.NativeEndian.Uint64(body[16:])
	if uint64(len(body)-24) < count*8 {
		return s, errors.New("a sample is too short")
	}
	for i := range count {
		address := binary.NativeEndian.Uint64(body[24+8*i:])
		// Values like -128 say in what context the addresses after them are.
		if int64(address) >= -4095 && int64(address) < 0 {
			continue
		}
		s.calls = append(s.calls, address)
	}
	if len(s.calls) == 0 {
		s.calls = []uint64{binary.NativeEndian.Uint64(body)}
	}
	return s, nil
}

// stack is who called whom, the innermost last, each with a semicolon before it. What is not the kernel's is "user".
func (s sample) stack(symbols []symbol) string {
	var text strings.Builder
	for _, address := range slices.Backward(s.calls) {
		text.WriteByte(';')
		text.WriteString(nameOf(symbols, address))
	}
	return text.String()
}

type symbol struct {
	address uint64
	name    string
}

// readSymbols reads /proc/kallsyms: address, kind, name and module of everything in the kernel. Data is left out.
func readSymbols() (symbols []symbol, err error) {
	text, err := os.ReadFile("/proc/kallsyms")
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) < 3 || !strings.Contains("tTwW", fields[1]) {
			continue
		}
		address, err := strconv.ParseUint(fields[0], 16, 64)
		if err != nil {
			return nil, fmt.Errorf("read /proc/kallsyms: %w", err)
		}
		name := fields[2]
		if len(fields) > 3 && fields[3] == "[kchat]" && !strings.HasPrefix(name, "kchat_") {
			name = "kchat:" + name
		}
		symbols = append(symbols, symbol{address: address, name: name})
	}
	slices.SortStableFunc(symbols, func(a, b symbol) int {
		switch {
		case a.address < b.address:
			return -1
		case a.address > b.address:
			return 1
		}
		return 0
	})
	return symbols, nil
}

func nameOf(symbols []symbol, address uint64) string {
	if int64(address) >= 0 {
		return "user"
	}
	after, _ := slices.BinarySearchFunc(symbols, address+1, func(s symbol, a uint64) int {
		switch {
		case s.address < a:
			return -1
		case s.address > a:
			return 1
		}
		return 0
	})
	if after == 0 {
		return "unknown"
	}
	return symbols[after-1].name
}
