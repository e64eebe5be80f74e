// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"kchat/server/genl"
	"kchat/wire"
)

// The kinds of datagrams between servers, docs/protocol.md, section 14.
const (
	kindLoad = 16 + iota
	kindWhere
	kindHere
	kindClaim
	kindGive
	kindMove
	kindDone
	kindTaken
)

// liar is a server that is none: it knows the secret of the community and says what the test wants.
type liar struct {
	*town
	conn    *net.UDPConn
	secret  []byte
	server  *town // whom it lies to
	at      netip.AddrPort
	boot    uint64
	counter uint64
	theirs  uint64 // generation of the server, as it said last
}

// datagram is what a liar has heard.
type datagram struct {
	kind          byte
	boot, toBoot  uint64
	epoch         uint64
	body          []byte
	sender, other [16]byte
}

// newLiar makes a server, and a liar that it takes for a peer.
func newLiar(ctx context.Context) (*community, *liar, error) {
	c, secret, err := newTowns(ctx, "ann", "dan")
	if err != nil {
		return c, nil, err
	}
	l := &liar{town: c.towns[1], secret: secret, server: c.towns[0], boot: 7}
	l.at = netip.AddrPortFrom(l.server.heard[l.town], wire.DiscoverPort)
	err = l.do(func() (err error) {
		l.conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4zero, Port: wire.DiscoverPort})
		return err
	})
	if err != nil {
		return c, nil, err
	}
	if err := l.server.kernel.Start(ctx, l.server.start); err != nil {
		return c, nil, err
	}
	if err := l.server.kernel.SetPeer(ctx, l.peer(l.server)); err != nil {
		return c, nil, err
	}
	_, err = l.hear(kindLoad)
	return c, l, err
}

// build makes a datagram; change is made before it is signed.
func (l *liar) build(kind byte, body []byte, change func([]byte)) []byte {
	l.counter++
	b := append([]byte("kchd\x01"), kind, 0, 0)
	b = append(b, l.uuid[:]...)
	b = append(b, l.server.uuid[:]...)
	for _, n := range []uint64{l.boot, l.counter, l.theirs, 0} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = append(b, body...)
	if change != nil {
		change(b)
	}
	return append(b, l.sign(b)...)
}

func (l *liar) sign(b []byte) []byte {
	mac := hmac.New(sha256.New, l.secret)
	mac.Write(b)
	return mac.Sum(nil)
}

func (l *liar) send(b []byte) error {
	_, err := l.conn.WriteToUDPAddrPort(b, l.at)
	return err
}

func (l *liar) say(kind byte, body []byte) error { return l.send(l.build(kind, body, nil)) }

func load(load, rooms uint32) []byte {
	var b []byte
	for _, n := range []uint32{load, 0, rooms, 0} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

func marked(mark uint64, rest ...byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, mark), rest...)
}

func named(mark uint64, name string) []byte {
	b := append(marked(mark), 0, 0, 0, 0, byte(len(name)), 0, 0, 0)
	return append(b, name...)
}

// next is the next datagram of the server.
func (l *liar) next(wait time.Duration) (datagram, error) {
	if err := l.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return datagram{}, err
	}
	b := make([]byte, 2048)
	n, _, err := l.conn.ReadFromUDPAddrPort(b)
	if err != nil {
		return datagram{}, err
	}
	b = b[:n]
	const head, proof = 72, 32
	if n < head+proof || n > 1200 || !bytes.Equal(b[:5], []byte("kchd\x01")) || !hmac.Equal(b[n-proof:], l.sign(b[:n-proof])) {
		return datagram{}, fmt.Errorf("the server says %x", b)
	}
	d := datagram{
		kind: b[5], boot: binary.LittleEndian.Uint64(b[40:]), toBoot: binary.LittleEndian.Uint64(b[56:]),
		epoch: binary.LittleEndian.Uint64(b[64:]), body: b[head : n-proof],
		sender: [16]byte(b[8:24]), other: [16]byte(b[24:40]),
	}
	if d.boot < uint64(l.server.start.Generation) {
		return l.next(wait) // said before the server was started anew
	}
	if d.sender != l.server.uuid || d.other != l.uuid || d.boot != uint64(l.server.start.Generation) {
		return d, fmt.Errorf("the server says %+v", d)
	}
	l.theirs = d.boot
	return d, nil
}

// hear waits for a datagram of a kind; LOADs in between are answered, so that the liar stays live.
func (l *liar) hear(kind byte) (datagram, error) {
	for deadline := time.Now().Add(4 * patience); time.Now().Before(deadline); {
		d, err := l.next(time.Second)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue
		case err != nil || d.kind == kind:
			return d, err
		}
	}
	return datagram{}, fmt.Errorf("the server does not say %d", kind)
}

// silent fails if the server says something of a kind in a while.
func (l *liar) silent(what string, kind byte) error {
	for deadline := time.Now().Add(quiet); time.Now().Before(deadline); {
		d, err := l.next(quiet)
		if err == nil && d.kind == kind {
			return fmt.Errorf("%s is answered with %+v", what, d)
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return nil
}

// seen is what the server says of the liar.
func (l *liar) seen(ctx context.Context) (genl.PeerStatus, error) {
	list, err := l.server.kernel.Peers(ctx)
	if err != nil || len(list) != 1 {
		return genl.PeerStatus{}, fmt.Errorf("the server lists %v: %w", list, err)
	}
	return list[0], nil
}
