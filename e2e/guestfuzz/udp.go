// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"kchat/e2e/fuzz/guided"
	"kchat/server/genl"
	"kchat/wire"
)

// The lines of UDP.
const (
	udpPeer     = iota // another server, whose datagrams are signed
	udpStranger        // somebody
	udpSix             // somebody over IPv6
	udpLines
)

// Of a datagram between servers, docs/protocol.md, section 14: where its parts are.
const (
	peerSender   = 8
	peerReceiver = 24
	peerBoot     = 40
	peerCounter  = 48
	peerTheirs   = 56
	peerBody     = 72
)

// udp is what comes to the port of discovery, where other servers talk too.
type udp struct {
	place   *place
	sockets [udpLines]net.Conn
	asker   net.Conn // asks whether the others were heard
	counter uint64   // of datagrams of the peer
	theirs  uint64   // the server's generation, as it says
}

func newUDP(p *place) (guided.Target, error) {
	t := &udp{place: p}
	dial := func(network, host string) (c net.Conn, err error) {
		if c, err = net.Dial(network, net.JoinHostPort(host, fmt.Sprint(wire.DiscoverPort))); err != nil {
			err = fmt.Errorf("open a socket: %w", err)
		}
		return c, err
	}
	var err [4]error
	t.sockets[udpPeer], err[0] = dial("udp4", "127.0.0.1")
	t.sockets[udpStranger], err[1] = dial("udp4", "127.0.0.1")
	t.sockets[udpSix], err[2] = dial("udp6", "::1")
	t.asker, err[3] = dial("udp4", "127.0.0.1")
	if err := errors.Join(err[:]...); err != nil {
		return nil, err
	}
	return t, t.become()
}

// become makes a peer of the server of the first socket, and hears which generation it is talking to.
func (t *udp) become() error {
	local, err := netip.ParseAddrPort(t.sockets[udpPeer].LocalAddr().String())
	if err != nil {
		return err
	}
	peer := genl.Peer{Server: peerUUID, Name: "peer", Addr: local.Addr(), UDPPort: local.Port(), Host: "localhost", Port: 9}
	if err := t.place.kernel.SetPeer(context.Background(), peer); err != nil {
		return err
	}
	_ = t.sockets[udpPeer].SetReadDeadline(time.Now().Add(patience))
	heard := make([]byte, 1500)
	n, err := t.sockets[udpPeer].Read(heard)
	if err != nil || n < peerBody {
		return fmt.Errorf("the server does not say how busy it is to a new peer: %d bytes, %w", n, err)
	}
	t.theirs = binary.LittleEndian.Uint64(heard[peerBoot:])
	return nil
}

// Settle takes the peer away, and with it what it said that it has.
func (t *udp) Settle() error { return t.place.kernel.DeletePeer(context.Background(), peerUUID) }

// signed makes of a packet that looks like a datagram of the peer one that is.
func (t *udp) signed(data []byte) []byte {
	if len(data) < peerBody || !bytes.HasPrefix(data, []byte("kchd")) {
		return data
	}
	t.counter++
	data = slices.Clone(data)
	copy(data[peerSender:], peerUUID[:])
	copy(data[peerReceiver:], serverUUID[:])
	binary.LittleEndian.PutUint64(data[peerBoot:], 7)
	binary.LittleEndian.PutUint64(data[peerCounter:], t.counter)
	binary.LittleEndian.PutUint64(data[peerTheirs:], t.theirs)
	mac := hmac.New(sha256.New, communitySecret[:])
	mac.Write(data)
	return mac.Sum(data)
}

func (t *udp) Lines() int { return udpLines }

func (t *udp) Mend(guided.Input, *mathrand.Rand) {}

// Seeds are a question, and a datagram of each kind: how busy one is, where a room is or is to be, and how it moves.
func (t *udp) Seeds() ([]guided.Input, error) {
	seeds := []guided.Input{{{Line: udpStranger, Data: wire.Question{Mark: [8]byte{1}}.Append(nil)}}}
	mark := make([]byte, 8)
	name := append(append(slices.Clone(mark), 0, 0, 0, 0, byte(len(room)), 0, 0, 0), room...)
	for kind := byte(16); kind <= 24; kind++ {
		for _, body := range [][]byte{make([]byte, 16), name, append(slices.Clone(mark), make([]byte, 40)...)} {
			head := append([]byte("kchd\x01"), kind)
			data := append(append(head, make([]byte, peerBody-len(head))...), body...)
			seeds = append(seeds, guided.Input{{Line: udpPeer, Data: data}})
		}
	}
	return seeds, nil
}

// Run sends datagrams, and a question behind them: it is answered when they were dealt with.
func (t *udp) Run(in guided.Input) error {
	for _, p := range in {
		line, data := p.Line%udpLines, p.Data
		if line == udpPeer {
			data = t.signed(data)
		}
		_, _ = t.sockets[line].Write(data) // one that is too long does not leave
	}
	q := wire.Question{}
	buffer := make([]byte, 1500)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		_, _ = rand.Read(q.Mark[:]) // never fails
		if _, err := t.asker.Write(q.Append(nil)); err != nil {
			return fmt.Errorf("ask the server: %w", err)
		}
		_ = t.asker.SetReadDeadline(time.Now().Add(time.Second))
		n, err := t.asker.Read(buffer)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue // a server takes only so much at once
		}
		if err != nil {
			return fmt.Errorf("hear the server: %w", err)
		}
		answer, err := wire.ParseAnswer(slices.Clone(buffer[:n]))
		if err != nil {
			return fmt.Errorf("a good question gets the answer %x: %w", buffer[:n], err)
		}
		if answer.Mark == q.Mark {
			return nil
		}
	}
	return errors.New("a good question is not answered")
}
