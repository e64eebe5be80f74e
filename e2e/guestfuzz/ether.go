// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/driver"
	"kchat/e2e/fuzz/guided"
	"kchat/e2e/netns"
	"kchat/server/route"
	"kchat/wire"
)

// The lines of Ethernet: to whom a frame goes. What follows the addresses and the type is the packet's.
const (
	etherToAll = iota
	etherToUs
	etherToSome  // a multicast address
	etherToOther // the packet is a whole frame
	etherLines
)

const nearEnd, farEnd = "near", "far"

// ether is what comes over a cable on which the server answers.
type ether struct {
	fd        int
	near, far net.HardwareAddr
}

func newEther(p *place) (guided.Target, error) {
	if err := driver.Load("veth"); err != nil {
		return nil, err
	}
	here, err := netns.Open()
	if err != nil {
		return nil, err
	}
	defer unix.Close(here)
	conn, err := route.Dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.AddVeth(nearEnd, farEnd, here); err != nil {
		return nil, fmt.Errorf("lay a cable: %w", err)
	}
	t := &ether{}
	far := 0
	for name, mac := range map[string]*net.HardwareAddr{nearEnd: &t.near, farEnd: &t.far} {
		if err := route.WithLink(name, func(conn *route.Conn, link *net.Interface) error {
			*mac = link.HardwareAddr
			if name == farEnd {
				far = link.Index
			}
			return conn.Up(link.Index)
		}); err != nil {
			return nil, err
		}
	}
	if err := p.kernel.SetEther(context.Background(), nearEnd, true); err != nil {
		return nil, err
	}
	protocol := uint16(wire.DiscoverEtherType&0xff<<8 | wire.DiscoverEtherType>>8) // network byte order
	if t.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(protocol)); err != nil {
		return nil, fmt.Errorf("open a packet socket: %w", err)
	}
	if err := unix.Bind(t.fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: far}); err != nil {
		return nil, fmt.Errorf("bind a packet socket: %w", err)
	}
	wait := unix.NsecToTimeval(int64(time.Second))
	if err := unix.SetsockoptTimeval(t.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		return nil, fmt.Errorf("bound how long a packet socket waits: %w", err)
	}
	return t, nil
}

func (t *ether) Lines() int { return etherLines }

func (t *ether) Mend(guided.Input, *mathrand.Rand) {}

func (t *ether) Seeds() ([]guided.Input, error) {
	return []guided.Input{{{Line: etherToAll, Data: wire.Question{Mark: [8]byte{1}}.Append(nil)}}}, nil
}

// frame is what a packet is on the cable.
func (t *ether) frame(p guided.Packet) []byte {
	to := net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	switch p.Line % etherLines {
	case etherToUs:
		to = t.near
	case etherToSome:
		to = net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}
	case etherToOther:
		return p.Data
	}
	head := append(append([]byte{}, to...), t.far...)
	return append(binary.BigEndian.AppendUint16(head, wire.DiscoverEtherType), p.Data...)
}

// Run sends frames, and a question behind them: it is answered when they were dealt with.
func (t *ether) Run(in guided.Input) error {
	for _, p := range in {
		_, _ = unix.Write(t.fd, t.frame(p)) // one that is too short or too long does not leave
	}
	q := wire.Question{}
	buffer := make([]byte, 2000)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		_, _ = rand.Read(q.Mark[:]) // never fails
		if _, err := unix.Write(t.fd, t.frame(guided.Packet{Line: etherToAll, Data: q.Append(nil)})); err != nil {
			return fmt.Errorf("ask the server: %w", err)
		}
		for {
			n, from, err := unix.Recvfrom(t.fd, buffer, 0)
			if errors.Is(err, unix.EAGAIN) {
				break // a server takes only so much at once
			}
			if err != nil && !errors.Is(err, unix.EINTR) {
				return fmt.Errorf("hear the server: %w", err)
			}
			if link, ok := from.(*unix.SockaddrLinklayer); err != nil || !ok || link.Pkttype == unix.PACKET_OUTGOING || n < 14 {
				continue
			}
			answer, err := wire.ParseAnswer(buffer[14:n])
			if err != nil {
				return fmt.Errorf("a good question gets the answer %x: %w", buffer[14:n], err)
			}
			if answer.Mark == q.Mark {
				return nil
			}
		}
	}
	return errors.New("a good question is not answered")
}
