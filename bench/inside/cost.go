// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"kchat/bench/job"
	"kchat/e2e/schedstat"
)

// processorsRan is what all threads have run on all processors: the seventh number after each processor's name.
func processorsRan() (sum uint64, err error) {
	text, err := os.ReadFile("/proc/schedstat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 8 || !strings.HasPrefix(fields[0], "cpu") {
			continue
		}
		n, err := strconv.ParseUint(fields[7], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read /proc/schedstat: %w", err)
		}
		sum += n
	}
	return sum, nil
}

// began is when the program did; only differences of what is counted from it are used.
var began = time.Now()

// cost is what the server, the load (which may not run yet) and all have used so far.
func (s *server) cost(l *load) (c job.Cost, err error) {
	if c.Server, err = schedstat.Ran(s.pids); err != nil {
		return c, err
	}
	if l != nil {
		if c.Load, err = schedstat.Ran([]int{l.cmd.Process.Pid}); err != nil {
			return c, err
		}
	}
	if c.Busy, err = processorsRan(); err != nil {
		return c, err
	}
	us, err := schedstat.Ran([]int{os.Getpid()}) // to look costs too
	if err != nil {
		return c, err
	}
	c.Busy -= us
	c.Elapsed = uint64(time.Since(began))
	return c, nil
}

// numbers reads "NAME: VALUE" or "NAME VALUE" lines.
func numbers(path string) (map[string]uint64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := map[string]uint64{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if n, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
			values[strings.TrimSuffix(fields[0], ":")] = n
		}
	}
	return values, nil
}

const kib = 1024

func (s *server) memory() (m job.Memory, err error) {
	all, err := numbers("/proc/meminfo")
	if err != nil {
		return m, err
	}
	m.Vmalloc, m.Percpu = all["VmallocUsed"]*kib, all["Percpu"]*kib
	if m.Sockets, m.Others, err = objects(); err != nil {
		return m, err
	}
	if s.process == nil {
		return m, nil
	}
	own, err := numbers(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return m, err
	}
	m.Server = own["RssAnon"] * kib
	return m, nil
}

// socketCaches are the caches of what an open connection of a program consists of: the socket at both ends, the file and
// its name, the place in an epoll, what came while it was set up, and buffers.
func socketCaches() []string {
	return []string{
		"TCP", "TCPv6", "sock_inode_cache", "filp", "dentry", "eventpoll_epi", "eventpoll_pwq", "request_sock_TCP", "tw_sock_TCP",
		"request_sock_TCPv6", "tw_sock_TCPv6",
		"tcp_bind_bucket", "tcp_bind2_bucket", "skbuff_head_cache", "skbuff_fclone_cache", "skbuff_small_head",
	}
}

// objects are the bytes of the kernel's objects that are in use, by /proc/slabinfo: name, objects in use, in all, size.
func objects() (sockets, others uint64, err error) {
	text, err := os.ReadFile("/proc/slabinfo")
	if err != nil {
		return 0, 0, err
	}
	ofSockets := socketCaches()
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] == "#" || fields[0] == "slabinfo" {
			continue
		}
		count, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("read /proc/slabinfo: %w", err)
		}
		size, err := strconv.ParseUint(fields[3], 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("read /proc/slabinfo: %w", err)
		}
		if slices.Contains(ofSockets, fields[0]) {
			sockets += count * size
		} else {
			others += count * size
		}
	}
	return sockets, others, nil
}

// tcp is how many pages TCP holds, and how often it has come to its limit.
func tcp() (pages, pressures uint64, err error) {
	text, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		for i := range fields {
			if fields[0] == "TCP:" && fields[i] == "mem" && i+1 < len(fields) {
				pages, err = strconv.ParseUint(fields[i+1], 10, 64)
			}
		}
	}
	if err != nil {
		return 0, 0, fmt.Errorf("read /proc/net/sockstat: %w", err)
	}
	pressures, err = extended("TCPMemoryPressures")
	return pages, pressures, err
}

// extended is one number of /proc/net/netstat, where a line of names goes before the line of their values.
func extended(name string) (uint64, error) {
	text, err := os.ReadFile("/proc/net/netstat")
	if err != nil {
		return 0, err
	}
	lines := strings.Split(string(text), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
		for at, n := range names {
			if n == name && at < len(values) {
				return strconv.ParseUint(values[at], 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("/proc/net/netstat has no %s", name)
}
