// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"errors"
	"unicode/utf8"
)

// Discovery: how servers are found (section 12 of the protocol).
const (
	DiscoverPort      = 2325   // UDP
	DiscoverEtherType = 0x88B5 // IEEE 802: local experimental Ethertype 1
	DiscoverLen       = 256    // bytes of a question; an answer has fewer
	DiscoverGroup4    = "239.255.23.25"
	DiscoverGroup6    = "ff12::6b63:6864"

	discoverMagic      = "kchd"
	discoverVersion    = 1
	discoverQuestion   = 1
	discoverAnswer     = 2
	discoverVersionMax = 32
)

// What an answer says of registering.
const (
	DiscoverOpen   uint16 = 0x0001 // anybody may
	DiscoverInvite uint16 = 0x0002 // with an invite code
)

// ErrNoAnswer says that a datagram is none of ours, or is malformed.
var ErrNoAnswer = errors.New("not an answer of a kchat server")

// Question asks which servers are here.
type Question struct {
	Mark   [8]byte  // random; the answer carries it
	Server [16]byte // UUID of the server that is asked; zero: all
}

// Append appends the DiscoverLen bytes of the question.
func (q Question) Append(dst []byte) []byte {
	at := len(dst)
	dst = appendDiscoverHead(dst, discoverQuestion, q.Mark, q.Server)
	return append(dst, make([]byte, DiscoverLen-(len(dst)-at))...)
}

// Answer is what a server says of itself. It proves nothing: anybody on the network can send one.
type Answer struct {
	Mark        [8]byte
	Server      [16]byte // UUID
	Community   [16]byte // UUID
	Port        uint16   // TCP
	Flags       uint16   // DiscoverOpen, DiscoverInvite
	Load        uint16   // open connections in thousandths of what there may be
	People      uint32
	Rooms       uint32
	Connections uint32
	MAC         [6]byte  // over Ethernet, else zero
	LinkLocal   [16]byte // over Ethernet: IPv6 address; zero: none
	Name        string
	Version     string // of the module
}

// Append appends the bytes of the answer. Name and version must be within their limits.
func (a Answer) Append(dst []byte) []byte {
	dst = appendDiscoverHead(dst, discoverAnswer, a.Mark, a.Server)
	dst = append(dst, a.Community[:]...)
	dst = u16(dst, a.Port)
	dst = u16(dst, a.Flags)
	dst = u16(dst, a.Load)
	dst = append(dst, byte(len(a.Name)), byte(len(a.Version)))
	dst = u32(dst, a.People)
	dst = u32(dst, a.Rooms)
	dst = u32(dst, a.Connections)
	dst = append(dst, a.MAC[:]...)
	dst = zeros(dst, 2)
	dst = append(dst, a.LinkLocal[:]...)
	dst = append(dst, a.Name...)
	return append(dst, a.Version...)
}

// ParseAnswer reads what came. Bytes after the answer are read over: Ethernet pads, and later versions say more.
func ParseAnswer(data []byte) (Answer, error) {
	c := cursor{rest: data}
	var a Answer
	magic, version, kind := string(c.take(len(discoverMagic))), c.u8(), c.u8()
	c.zeros(2)
	copy(a.Mark[:], c.take(len(a.Mark)))
	a.Server = c.id()
	a.Community = c.id()
	a.Port, a.Flags, a.Load = c.u16(), c.u16(), c.u16()
	nameLen, versionLen := uint16(c.u8()), uint16(c.u8())
	a.People, a.Rooms, a.Connections = c.u32(), c.u32(), c.u32()
	copy(a.MAC[:], c.take(len(a.MAC)))
	c.zeros(2)
	a.LinkLocal = c.id()
	a.Name = c.text(nameLen, ServerNameMax)
	a.Version = c.text(versionLen, discoverVersionMax)
	if c.bad || magic != discoverMagic || version != discoverVersion || kind != discoverAnswer || a.Port == 0 ||
		!utf8.ValidString(a.Name) || !utf8.ValidString(a.Version) {
		return Answer{}, ErrNoAnswer
	}
	return a, nil
}

func appendDiscoverHead(dst []byte, kind byte, mark [8]byte, server [16]byte) []byte {
	dst = append(dst, discoverMagic...)
	dst = append(dst, discoverVersion, kind, 0, 0)
	dst = append(dst, mark[:]...)
	return append(dst, server[:]...)
}
