// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// RunningPorts are the ports at which servers of this user run, lowest first. Root's are the system's, too.
func RunningPorts(ctx context.Context) ([]uint16, error) {
	dir, err := runtimeDir()
	if err != nil {
		return nil, err
	}
	dirs := []string{dir}
	if os.Geteuid() == 0 && dir != systemRuntime {
		dirs = append(dirs, systemRuntime)
	}
	var ports []uint16
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(dir, serverFolder+"*"))
		if err != nil {
			return nil, err
		}
		for _, folder := range found {
			port, err := strconv.ParseUint(strings.TrimPrefix(filepath.Base(folder), serverFolder), 10, 16)
			if err == nil && answers(ctx, Paths{Runtime: folder}.control()) {
				ports = append(ports, uint16(port))
			}
		}
	}
	slices.Sort(ports)
	return ports, nil
}

// answers says whether somebody serves a control socket; what a server that died has left does not count.
func answers(ctx context.Context, socket string) bool {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
