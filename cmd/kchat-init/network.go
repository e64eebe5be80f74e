// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// The addresses are those of QEMU's user network. They are set by hand, which takes no time; DHCP would.
const (
	guestPrefix = 24
	linkWait    = 10 * time.Second // for the network card to appear
)

func guestAddress() [4]byte { return [4]byte{10, 0, 2, 15} }
func gateway() [4]byte      { return [4]byte{10, 0, 2, 2} }

func setUpNetwork() error {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return fmt.Errorf("find the loopback interface: %w", err)
	}
	eth, err := waitForLink("eth0")
	if err != nil {
		return err
	}
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return fmt.Errorf("open a route netlink socket: %w", err)
	}
	defer conn.Close()
	for _, link := range []*net.Interface{lo, eth} {
		if err := bringUp(conn, link.Index); err != nil {
			return fmt.Errorf("bring %s up: %w", link.Name, err)
		}
	}
	if err := addAddress(conn, eth.Index, guestAddress(), guestPrefix); err != nil {
		return fmt.Errorf("set the address of %s: %w", eth.Name, err)
	}
	if err := addDefaultRoute(conn, gateway()); err != nil {
		return fmt.Errorf("set the default route: %w", err)
	}
	return nil
}

// waitForLink waits until the driver has made the interface, which it does beside us.
func waitForLink(name string) (*net.Interface, error) {
	for deadline := time.Now().Add(linkWait); ; time.Sleep(5 * time.Millisecond) {
		link, err := net.InterfaceByName(name)
		if err == nil {
			return link, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("no network card after %v: %w", linkWait, err)
		}
	}
}

// bringUp sends RTM_NEWLINK with the flag IFF_UP; the header is struct ifinfomsg.
func bringUp(conn *netlink.Conn, index int) error {
	body := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(body[4:], uint32(index))
	binary.NativeEndian.PutUint32(body[8:], unix.IFF_UP)
	binary.NativeEndian.PutUint32(body[12:], unix.IFF_UP)
	return routeRequest(conn, unix.RTM_NEWLINK, 0, body, nil)
}

// addAddress sends RTM_NEWADDR; the header is struct ifaddrmsg.
func addAddress(conn *netlink.Conn, index int, addr [4]byte, prefix uint8) error {
	body := make([]byte, unix.SizeofIfAddrmsg)
	body[0], body[1] = unix.AF_INET, prefix
	binary.NativeEndian.PutUint32(body[4:], uint32(index))
	return routeRequest(conn, unix.RTM_NEWADDR, netlink.Create|netlink.Replace, body, func(e *netlink.AttributeEncoder) {
		e.Bytes(unix.IFA_LOCAL, addr[:])
		e.Bytes(unix.IFA_ADDRESS, addr[:])
	})
}

// addDefaultRoute sends RTM_NEWROUTE; the header is struct rtmsg.
func addDefaultRoute(conn *netlink.Conn, via [4]byte) error {
	body := make([]byte, unix.SizeofRtMsg)
	body[0] = unix.AF_INET
	body[4], body[5], body[6], body[7] = unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST
	return routeRequest(conn, unix.RTM_NEWROUTE, netlink.Create|netlink.Replace, body, func(e *netlink.AttributeEncoder) {
		e.Bytes(unix.RTA_GATEWAY, via[:])
	})
}

func routeRequest(conn *netlink.Conn, kind uint16, flags netlink.HeaderFlags, body []byte, fill func(*netlink.AttributeEncoder)) error {
	if fill != nil {
		attrs := netlink.NewAttributeEncoder()
		fill(attrs)
		data, err := attrs.Encode()
		if err != nil {
			return err
		}
		body = append(body, data...)
	}
	_, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(kind), Flags: netlink.Request | netlink.Acknowledge | flags},
		Data:   body,
	})
	return err
}
