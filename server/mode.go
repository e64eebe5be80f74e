// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// ChooseMode is what auto means: the running kernel if the module was installed for it, else a microVM. So nobody's
// own kernel gets a module by surprise.
func ChooseMode() Mode {
	release, err := runningKernel()
	if err != nil {
		return ModeVM
	}
	if installedModule(release) == "" {
		return ModeVM
	}
	return ModeNative
}

// EveryAddress is what a server listens on to let other machines in: IPv6 and IPv4, or IPv4 alone where the kernel knows
// no other.
func EveryAddress() netip.Addr {
	socket, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	_ = unix.Close(socket)
	return netip.IPv6Unspecified()
}
