// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// The ports of tests lie below those that the kernel gives to connections going out (ip_local_port_range): a server
// that is started again must find its port free.
const (
	firstPort = 15000
	endPort   = 32000
	portTries = 100
)

// FreePort returns a port of 127.0.0.1 that nobody listens on, and that no other test on this host gets before this process has
// ended.
func FreePort() (uint16, error) {
	for range portTries {
		port := firstPort + rand.IntN(endPort-firstPort)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			return 0, err
		}
		if reserve(port) == nil {
			return uint16(port), nil
		}
	}
	return 0, errors.New("there is no free port")
}

// reserve takes the name of a port among the abstract ones of sockets (unix(7)), which one process on a host can have. It goes
// with the process.
func reserve(port int) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@kchat-test-port-%d", port)}); err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	return nil
}
