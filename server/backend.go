// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"net/netip"

	"kchat/server/genl"
	"kchat/server/guest"
)

// backend is a kernel that the module runs in.
type backend interface {
	genl.Transport

	// load puts the module into the kernel. If it is there already, that is fine.
	load(ctx context.Context) error
	// serve makes us the accounts service; requests come to the function given when the backend was made.
	serve(ctx context.Context) error
	decide(ctx context.Context, d genl.Decision) error
	// watch makes the kernel tell what happens, to the function given when the backend was made, or not any more.
	watch(ctx context.Context, on bool) error
	// check fails if the kernel does not react any more.
	check(ctx context.Context) error
	// kill ends a kernel of ours that does not react.
	kill()
	// stop takes the module out of the kernel, and ends the kernel if it is ours.
	stop(ctx context.Context) error
	// gone is closed when the kernel has ended by itself.
	gone() <-chan struct{}
	about() about
}

// about says what a backend is.
type about struct {
	mode    Mode
	release string // of the kernel
	accel   string // of the microVM
	// listen is what the module is told, which in a microVM is not what the host listens on.
	listen netip.Addr
	port   uint16
	inner  netip.AddrPort // of this host, which leads into the microVM
	outer  netip.Addr     // this host, as the microVM sees it; invalid: the module is in this kernel
	// proxies are the networks from which the module sees our relay come.
	proxies []netip.Prefix
}

// hooks are what a backend calls. They must not wait.
type hooks struct {
	kmsg    func(guest.Kmsg)
	request func(genl.Request)
	event   func(genl.Event)
}
