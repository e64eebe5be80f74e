// SPDX-License-Identifier: GPL-2.0-only

package vmtest

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports of tests lie below those that the kernel gives to connections going out (ip_local_port_range): a server
// that is started again must find its port free.
const (
	firstPort = 15000
	endPort   = 32000
	portTries = 100
)

// FreePort returns a port of 127.0.0.1 that nobody listens on.
func FreePort() (uint16, error) {
	for range portTries {
		port := firstPort + rand.IntN(endPort-firstPort)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return uint16(port), listener.Close()
	}
	return 0, errors.New("there is no free port")
}
