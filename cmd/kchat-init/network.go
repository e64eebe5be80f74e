// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"net"
	"time"

	"kchat/server/route"
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
	conn, err := route.Dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, link := range []*net.Interface{lo, eth} {
		if err := conn.Up(link.Index); err != nil {
			return fmt.Errorf("bring %s up: %w", link.Name, err)
		}
	}
	if err := conn.AddAddress(eth.Index, guestAddress(), guestPrefix); err != nil {
		return fmt.Errorf("set the address of %s: %w", eth.Name, err)
	}
	if err := conn.AddDefault(gateway()); err != nil {
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
