// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"encoding/binary"
	"net"
)

// The PROXY protocol, version 2, section 2.2 of haproxy's doc/proxy-protocol.txt.
const (
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n"
	proxyCommand   = 0x21 // version 2, PROXY
	proxyTCP4      = 0x11
	proxyTCP6      = 0x21
)

// proxyHeader says to the module whom a connection belongs to. IPv4 is IPv4, also where an IPv6 socket shows it mapped.
func proxyHeader(client *net.TCPConn) []byte {
	from, to := client.RemoteAddr().(*net.TCPAddr).AddrPort(), client.LocalAddr().(*net.TCPAddr).AddrPort()
	source, target := from.Addr().Unmap(), to.Addr().Unmap()
	family := byte(proxyTCP4)
	if source.Is6() {
		family = proxyTCP6
	}
	addresses := append(source.AsSlice(), target.AsSlice()...)
	addresses = binary.BigEndian.AppendUint16(addresses, from.Port())
	addresses = binary.BigEndian.AppendUint16(addresses, to.Port())
	header := append([]byte(proxySignature), proxyCommand, family)
	header = binary.BigEndian.AppendUint16(header, uint16(len(addresses)))
	return append(header, addresses...)
}
