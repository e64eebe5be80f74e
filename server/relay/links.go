// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/mdlayher/netlink"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"kchat/wire"
)

// openEar opens a socket for questions that shares its port.
func openEar(at netip.AddrPort) (*ear, error) {
	network := "udp6"
	if at.Addr().Is4() {
		network = "udp4"
	}
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var shared error
		err := raw.Control(func(fd uintptr) { shared = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) })
		return errors.Join(err, shared)
	}}
	conn, err := config.ListenPacket(context.Background(), network, at.String())
	if err != nil {
		return nil, err
	}
	e := &ear{conn: conn.(*net.UDPConn)}
	if at.Addr().Is4() {
		e.v4 = ipv4.NewPacketConn(conn)
		err = e.v4.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true)
	} else {
		e.v6 = ipv6.NewPacketConn(conn)
		err = e.v6.SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return e, nil
}

// links tells of interfaces that come and go (rtnetlink(7)).
type links struct{ conn *netlink.Conn }

func followLinks() (*links, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{Groups: unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR})
	if err != nil {
		return nil, fmt.Errorf("follow the interfaces: %w", err)
	}
	return &links{conn}, nil
}

func (l *links) close() { _ = l.conn.Close() }

// follow keeps the sockets in the groups of discovery on all interfaces, until it is closed.
func (l *links) follow(ears []*ear) {
	for {
		joinGroups(ears)
		// An overflow of the queue says as much as a message: something has changed.
		if _, err := l.conn.Receive(); err != nil && !errors.Is(err, unix.ENOBUFS) {
			return
		}
	}
}

// joinGroups joins where we are not in yet. That one is in already, or that an interface cannot, is as good.
func joinGroups(ears []*ear) {
	all, err := net.Interfaces()
	if err != nil {
		return // at the next change again
	}
	for _, link := range all {
		if link.Flags&net.FlagUp == 0 || link.Flags&net.FlagMulticast == 0 {
			continue
		}
		for _, e := range ears {
			if e.v4 != nil {
				_ = e.v4.JoinGroup(&link, &net.UDPAddr{IP: net.ParseIP(wire.DiscoverGroup4)})
			} else {
				_ = e.v6.JoinGroup(&link, &net.UDPAddr{IP: net.ParseIP(wire.DiscoverGroup6)})
			}
		}
	}
}
