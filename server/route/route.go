// SPDX-License-Identifier: GPL-2.0-only

// Package route sets up network interfaces over rtnetlink (rtnetlink(7)): in a machine of ours there is no other
// program that would.
package route

import (
	"encoding/binary"
	"fmt"
	"net"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Conn is a socket to the kernel's networking, in the network namespace in which it was opened.
type Conn struct{ conn *netlink.Conn }

// Dial opens a socket.
func Dial() (*Conn, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, fmt.Errorf("open a route netlink socket: %w", err)
	}
	return &Conn{conn}, nil
}

// WithLink hands an interface of the caller's network namespace to do.
func WithLink(name string, do func(*Conn, *net.Interface) error) error {
	conn, err := Dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	link, err := net.InterfaceByName(name)
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	if err := do(conn, link); err != nil {
		return fmt.Errorf("change %s: %w", name, err)
	}
	return nil
}

// Close releases the socket.
func (c *Conn) Close() error { return c.conn.Close() }

// Up brings the interface of that number up.
func (c *Conn) Up(index int) error {
	return c.request(unix.RTM_NEWLINK, 0, linkHead(index, unix.IFF_UP), nil)
}

// Down takes the interface of that number down.
func (c *Conn) Down(index int) error {
	head := linkHead(index, unix.IFF_UP)
	binary.NativeEndian.PutUint32(head[8:], 0) // the flags; those of IFF_UP change
	return c.request(unix.RTM_NEWLINK, 0, head, nil)
}

// Delete takes the interface of that number away. A veth pair goes as a whole.
func (c *Conn) Delete(index int) error {
	return c.request(unix.RTM_DELLINK, 0, linkHead(index, 0), nil)
}

// AddAddress gives an interface an IPv4 address.
func (c *Conn) AddAddress(index int, addr [4]byte, prefix uint8) error {
	body := make([]byte, unix.SizeofIfAddrmsg) // struct ifaddrmsg
	body[0], body[1] = unix.AF_INET, prefix
	binary.NativeEndian.PutUint32(body[4:], uint32(index))
	return c.request(unix.RTM_NEWADDR, netlink.Create|netlink.Replace, body, func(e *netlink.AttributeEncoder) {
		e.Bytes(unix.IFA_LOCAL, addr[:])
		e.Bytes(unix.IFA_ADDRESS, addr[:])
	})
}

// AddDefault makes a gateway the default route of IPv4.
func (c *Conn) AddDefault(via [4]byte) error {
	body := make([]byte, unix.SizeofRtMsg) // struct rtmsg
	body[0] = unix.AF_INET
	body[4], body[5], body[6], body[7] = unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST
	return c.request(unix.RTM_NEWROUTE, netlink.Create|netlink.Replace, body, func(e *netlink.AttributeEncoder) {
		e.Bytes(unix.RTA_GATEWAY, via[:])
	})
}

// AddVeth makes a pair of Ethernet interfaces, veth(4): one here, and its peer in the network namespace of the open
// file netns.
func (c *Conn) AddVeth(name, peer string, netns int) error {
	const vethInfoPeer = 1 // linux/veth.h
	return c.request(unix.RTM_NEWLINK, netlink.Create|netlink.Excl, linkHead(0, 0), func(e *netlink.AttributeEncoder) {
		e.String(unix.IFLA_IFNAME, name)
		e.Nested(unix.IFLA_LINKINFO, func(e *netlink.AttributeEncoder) error {
			e.String(unix.IFLA_INFO_KIND, "veth")
			e.Nested(unix.IFLA_INFO_DATA, func(e *netlink.AttributeEncoder) error {
				e.Do(vethInfoPeer, func() ([]byte, error) {
					other := netlink.NewAttributeEncoder()
					other.String(unix.IFLA_IFNAME, peer)
					other.Uint32(unix.IFLA_NET_NS_FD, uint32(netns))
					attrs, err := other.Encode()
					return append(linkHead(0, 0), attrs...), err
				})
				return nil
			})
			return nil
		})
	})
}

// linkHead is struct ifinfomsg, with flags to be set.
func linkHead(index int, flags uint32) []byte {
	head := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(head[4:], uint32(index))
	binary.NativeEndian.PutUint32(head[8:], flags)
	binary.NativeEndian.PutUint32(head[12:], flags)
	return head
}

func (c *Conn) request(kind uint16, flags netlink.HeaderFlags, body []byte, fill func(*netlink.AttributeEncoder)) error {
	if fill != nil {
		attrs := netlink.NewAttributeEncoder()
		fill(attrs)
		data, err := attrs.Encode()
		if err != nil {
			return err
		}
		body = append(body, data...)
	}
	_, err := c.conn.Execute(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(kind), Flags: netlink.Request | netlink.Acknowledge | flags},
		Data:   body,
	})
	return err
}
