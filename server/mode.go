// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"net/netip"
	"os"
)

// ChooseMode is what auto means: the running kernel if the module was installed for it, else a microVM. So nobody's
// own kernel gets a module by surprise.
func ChooseMode() Mode {
	release, err := runningKernel()
	if err != nil {
		return ModeVM
	}
	if _, err := os.Stat(installedModule(release)); err != nil {
		return ModeVM
	}
	return ModeNative
}

// EveryAddress is what a server listens on to let other machines in. QEMU's user network forwards IPv4 only.
func EveryAddress(m Mode) netip.Addr {
	if m == ModeVM {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
