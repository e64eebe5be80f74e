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

// The kinds of them.
const (
	peerLoad   = 16
	peerWhere  = 17
	peerHere   = 18
	peerClaim  = 19
	peerGive   = 20
	peerMove   = 21
	peerDone   = 22
	peerTaken  = 23
	peerInvite = 24
)

// udp is what comes to the port of discovery, where other servers talk too.
type udp struct {
	place   *place
	sockets [udpLines]net.Conn
	asker   net.Conn // asks whether the others were heard
	boot    uint64   // generation of the peer: one for each input, so that none is heard in the light of another
	counter uint64   // of its datagrams
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
	binary.LittleEndian.PutUint64(data[peerBoot:], t.boot)
	binary.LittleEndian.PutUint64(data[peerCounter:], t.counter)
	binary.LittleEndian.PutUint64(data[peerTheirs:], t.theirs)
	mac := hmac.New(sha256.New, communitySecret[:])
	mac.Write(data)
	return mac.Sum(data)
}

func (t *udp) Lines() int { return udpLines }

func (t *udp) Mend(guided.Input, *mathrand.Rand) {}

// Seeds are a question, a datagram of each kind, and rooms that move here.
func (t *udp) Seeds() ([]guided.Input, error) {
	seeds := []guided.Input{{{Line: udpStranger, Data: wire.Question{Mark: [8]byte{1}}.Append(nil)}}}
	named := func(flags uint32, rest ...byte) []byte {
		body := binary.LittleEndian.AppendUint32(mark(1), flags)
		body = append(append(body, byte(len(room)), 0, 0, 0), room...)
		return append(body, rest...)
	}
	home := append(append(mark(1), peerUUID[:]...), make([]byte, 16)...)
	bodies := []struct {
		kind byte
		body []byte
	}{
		{peerLoad, make([]byte, 16)},
		{peerLoad, []byte{15: 0, 12: 2}}, // it leaves
		{peerWhere, named(0)},
		{peerHere, home},
		{peerClaim, named(0)},
		{peerClaim, named(1)},
		{peerGive, home},
		{peerInvite, named(0, mark(2)...)},
		{peerDone, mark(1)},
	}
	for state := byte(0); state <= 3; state++ {
		bodies = append(bodies, struct {
			kind byte
			body []byte
		}{peerTaken, append(mark(1), 0, 0, 0, 0, 0, 0, state, 0)})
	}
	for _, b := range bodies {
		seeds = append(seeds, guided.Input{peerSays(b.kind, b.body)})
	}
	whole := movedRoom()
	half := len(whole) / 2
	return append(seeds,
		guided.Input{moves(whole, 0, len(whole)), peerSays(peerDone, mark(1))},
		guided.Input{moves(whole, 0, half), moves(whole, half, len(whole)), peerSays(peerWhere, named(0)), peerSays(peerDone, mark(1))},
		guided.Input{moves(whole, 0, half), moves(whole, 0, half), peerSays(peerDone, mark(1))},
	), nil
}

// mark is what a datagram is about, or the number of an account.
func mark(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

// peerSays is a datagram of the peer, but for what signed fills in.
func peerSays(kind byte, body []byte) guided.Packet {
	data := append([]byte("kchd\x01"), kind)
	data = append(data, make([]byte, peerBody-len(data))...)
	return guided.Packet{Line: udpPeer, Data: append(data, body...)}
}

// moves is a part of a room that comes.
func moves(whole []byte, from, to int) guided.Packet {
	body := binary.LittleEndian.AppendUint32(mark(1), uint32(len(whole)))
	body = binary.LittleEndian.AppendUint32(body, uint32(from))
	return peerSays(peerMove, append(body, whole[from:to]...))
}

// movedRoom is a room with a topic and an operator, as it moves.
func movedRoom() []byte {
	const name, topic = "moved", "of a moved room"
	data := make([]byte, 6, 160)
	data = binary.LittleEndian.AppendUint16(data, uint16(len(name)))
	data = binary.LittleEndian.AppendUint32(data, uint32(len(topic)))
	data = binary.LittleEndian.AppendUint32(data, 1) // entries
	data = append(data, make([]byte, 24)...)         // epoch, time, owner
	data = append(data, mark(2)...)                  // who made it
	data = append(data, make([]byte, 32)...)         // no password
	data = append(append(data, name...), topic...)
	data = binary.LittleEndian.AppendUint32(append(data, mark(2)...), 8)
	return append(data, make([]byte, 28)...)
}

// Run sends datagrams, and a question behind them: it is answered when they were dealt with.
func (t *udp) Run(in guided.Input) error {
	t.boot++
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
