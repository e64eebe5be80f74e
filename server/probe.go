// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"kchat/wire"
)

// ErrNotKchat says that something answers on a port, but not a kchat server.
var ErrNotKchat = errors.New("what listens there is no kchat server")

// probeWait is how long a server may take to greet.
const probeWait = 5 * time.Second

// Probe greets the server at addr and returns what it says of itself.
func Probe(ctx context.Context, addr netip.AddrPort) (wire.Welcome, error) {
	return probe(ctx, addr, probeWait)
}

// probe is Probe for a server that may take so long.
func probe(ctx context.Context, addr netip.AddrPort, wait time.Duration) (wire.Welcome, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return wire.Welcome{}, fmt.Errorf("connect to %s: %w", addr, err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	hello := wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello}, wire.Hello{Version: wire.Version, Agent: "kchat-tui server"})
	if _, err := conn.Write(hello); err != nil {
		return wire.Welcome{}, fmt.Errorf("%w: %s: %w", ErrNotKchat, addr, err)
	}
	frame, err := wire.NewReader(conn).Next()
	if err != nil {
		return wire.Welcome{}, fmt.Errorf("%w: %s: %w", ErrNotKchat, addr, err)
	}
	if frame.Type == wire.TypeError {
		said, err := wire.ParseError(frame.Body)
		if err == nil {
			return wire.Welcome{}, fmt.Errorf("greet %s: %w", addr, &said)
		}
	}
	if frame.Type != wire.TypeWelcome {
		return wire.Welcome{}, fmt.Errorf("%w: %s", ErrNotKchat, addr)
	}
	welcome, err := wire.ParseWelcome(frame.Body)
	if err != nil {
		return wire.Welcome{}, fmt.Errorf("%w: %s: %w", ErrNotKchat, addr, err)
	}
	return welcome, nil
}

// reachable is an address that leads to a listener on addr from this host.
func reachable(addr netip.Addr) netip.Addr {
	if !addr.IsUnspecified() {
		return addr
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
