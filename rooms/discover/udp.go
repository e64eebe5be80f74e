// SPDX-License-Identifier: GPL-2.0-only

package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"

	"kchat/wire"
)

// udpEar asks over one family of addresses.
type udpEar struct {
	conn  *net.UDPConn
	v6    bool
	port  uint16
	hosts []netip.Addr // nil: everybody
}

func openUDP(ctx context.Context, v6 bool, port uint16, hosts []netip.Addr) (*udpEar, error) {
	network := "udp4"
	if v6 {
		network = "udp6"
	}
	var config net.ListenConfig
	conn, err := config.ListenPacket(ctx, network, ":0")
	if err != nil {
		return nil, fmt.Errorf("open a socket to ask with: %w", err)
	}
	return &udpEar{conn: conn.(*net.UDPConn), v6: v6, port: port, hosts: hosts}, nil
}

func (e *udpEar) close() { _ = e.conn.Close() }

// listenPause is how long a socket that fails is left alone.
const listenPause = 100 * time.Millisecond

// listen hands on what comes until the socket is closed.
func (e *udpEar) listen(out chan<- heard, done <-chan struct{}) {
	for {
		data := make([]byte, longestAnswer)
		n, from, err := e.conn.ReadFromUDPAddrPort(data)
		h := heard{data: data[:n], from: from.Addr().Unmap(), at: time.Now()}
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // Windows says that a question was refused, or that something was too long
			select {
			case <-time.After(listenPause):
			case <-done:
				return
			}
		default:
			select {
			case out <- h:
			case <-done:
				return
			}
		}
	}
}

// ask fails only if not one question could be sent: each way may be closed by itself.
func (e *udpEar) ask(mark func(netip.Addr) []byte) error {
	sent, errs := false, []error{ErrNothingAsked}
	note := func(err error) {
		sent = sent || err == nil
		errs = append(errs, err)
	}
	if e.hosts != nil {
		for _, host := range e.hosts {
			if host.Is6() == e.v6 {
				note(e.send(mark(host), host))
			}
		}
	} else if err := e.askEverybody(mark, note); err != nil {
		return err
	}
	if sent {
		return nil
	}
	return errors.Join(errs...)
}

func (e *udpEar) askEverybody(mark func(netip.Addr) []byte, note func(error)) error {
	links, err := net.Interfaces()
	if err != nil {
		return fmt.Errorf("list the interfaces: %w", err)
	}
	if e.v6 {
		note(e.send(mark(netip.IPv6Loopback()), netip.IPv6Loopback()))
	} else {
		note(e.send(mark(netip.AddrFrom4(localhost)), netip.AddrFrom4(localhost)))
		// Several servers of this host share the port; this one reaches them all.
		note(e.send(mark(netip.Addr{}), netip.AddrFrom4(localBroadcast)))
	}
	for _, link := range links {
		if link.Flags&net.FlagUp == 0 || link.Flags&net.FlagLoopback != 0 {
			continue
		}
		if !e.v6 {
			e.askBroadcast(&link, mark, note)
		}
		if link.Flags&net.FlagMulticast != 0 {
			note(e.askGroup(&link, mark))
		}
	}
	return nil
}

// This host, by the addresses of its loopback.
var (
	localhost      = [4]byte{127, 0, 0, 1}
	localBroadcast = [4]byte{127, 255, 255, 255}
)

// askBroadcast asks the networks of an interface, each by its own broadcast address.
func (e *udpEar) askBroadcast(link *net.Interface, mark func(netip.Addr) []byte, note func(error)) {
	addrs, err := link.Addrs()
	if err != nil || link.Flags&net.FlagBroadcast == 0 {
		return
	}
	for _, addr := range addrs {
		prefix, err := netip.ParsePrefix(addr.String())
		if err != nil || !prefix.Addr().Is4() {
			continue
		}
		if to, ok := broadcast(prefix); ok {
			note(e.send(mark(netip.Addr{}), to))
		}
	}
}

// broadcast is the last address of a network. A network of one or two has none (RFC 3021).
func broadcast(p netip.Prefix) (netip.Addr, bool) {
	if p.Bits() >= 31 {
		return netip.Addr{}, false
	}
	b := p.Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(b), true
}

// askGroup asks the group of those who answer, on one interface.
func (e *udpEar) askGroup(link *net.Interface, mark func(netip.Addr) []byte) error {
	if e.v6 {
		return e.send(mark(netip.Addr{}), netip.MustParseAddr(wire.DiscoverGroup6).WithZone(link.Name))
	}
	if err := ipv4.NewPacketConn(e.conn).SetMulticastInterface(link); err != nil {
		return fmt.Errorf("choose %s for multicast: %w", link.Name, err)
	}
	return e.send(mark(netip.Addr{}), netip.MustParseAddr(wire.DiscoverGroup4))
}

func (e *udpEar) send(data []byte, to netip.Addr) error {
	if _, err := e.conn.WriteToUDPAddrPort(data, netip.AddrPortFrom(to, e.port)); err != nil {
		return fmt.Errorf("ask %s: %w", to, err)
	}
	return nil
}
