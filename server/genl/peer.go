// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"context"
	"net/netip"
	"time"

	"github.com/mdlayher/netlink"
)

// SetPeer adds a server of the community, or replaces what the module knows of it; also before Start. ENOSPC: there are
// as many as there may be. EINVAL: it is the server itself.
func (c *Client) SetPeer(ctx context.Context, p Peer) error {
	return c.do(ctx, "give a peer to the module", cmdPeerSet, func(e *netlink.AttributeEncoder) {
		addr := p.Addr.As16()
		e.Bytes(attrServerUUID, p.Server[:])
		e.String(attrServerName, p.Name)
		e.Bytes(attrAddr, addr[:])
		e.Uint16(attrUDPPort, p.UDPPort)
		e.String(attrHost, p.Host)
		e.Uint16(attrPort, p.Port)
	})
}

// DeletePeer takes a peer away. ENOENT: there is none with this UUID.
func (c *Client) DeletePeer(ctx context.Context, server [UUIDLen]byte) error {
	return c.do(ctx, "take a peer from the module", cmdPeerDel, func(e *netlink.AttributeEncoder) {
		e.Bytes(attrServerUUID, server[:])
	})
}

// Peers lists the peers and what was heard of them.
func (c *Client) Peers(ctx context.Context) ([]PeerStatus, error) {
	return dump(ctx, c.to, "peers", cmdPeerGet, decodePeer)
}

// Drain makes all rooms move to a peer, and no more be made here; without a successor rooms are taken again. ENOENT:
// there is no such peer. EHOSTUNREACH: it is silent. Status says how many rooms are left.
func (c *Client) Drain(ctx context.Context, successor *[UUIDLen]byte) error {
	return c.do(ctx, "drain the server", cmdDrain, func(e *netlink.AttributeEncoder) {
		if successor != nil {
			e.Bytes(attrServerUUID, successor[:])
		}
	})
}

func decodePeer(data []byte) (PeerStatus, error) {
	var p PeerStatus
	err := walk(data, func(d *netlink.AttributeDecoder) {
		switch d.Type() {
		case attrServerUUID:
			copy(p.Server[:], d.Bytes())
		case attrServerName:
			p.Name = d.String()
		case attrAddr:
			addr, _ := netip.AddrFromSlice(d.Bytes())
			p.Addr = addr.Unmap()
		case attrUDPPort:
			p.UDPPort = d.Uint16()
		case attrHost:
			p.Host = d.String()
		case attrPort:
			p.Port = d.Uint16()
		case attrPeerState:
			p.State = PeerState(d.Uint8())
		case attrHeardMS:
			p.Known, p.Heard = true, time.Duration(d.Uint64())*time.Millisecond
		case attrPeople:
			p.People = d.Uint32()
		case attrRoomCount:
			p.Rooms = d.Uint32()
		case attrLoad:
			p.Load = d.Uint32()
		}
	})
	return p, err
}
