// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ownersOfMine opens a port and looks for its owners, of whom there is one.
func ownersOfMine() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("open a port: %w", err)
	}
	defer l.Close()
	return owners(strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

// owners finds the listener of a port and the processes that have it open, as "ss -ltnp" does, and prints one line:
// "listeners N, processes M".
func owners(port string) error {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("the port: %w", err)
	}
	inodes := map[string]bool{}
	listeners := 0
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			// The columns of Documentation/networking/proc_net_tcp.rst; 0A is LISTEN.
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == "0A" && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) {
				listeners++
				inodes["socket:["+f[9]+"]"] = true
			}
		}
	}
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return err
	}
	processes := 0
	for _, link := range links {
		// A process may end while its files are looked at.
		if target, err := os.Readlink(link); err == nil && inodes[target] {
			processes++
		}
	}
	fmt.Printf("listeners %d, processes %d\n", listeners, processes)
	return nil
}
