// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"net"
	"net/netip"
	"time"
)

// What the servers of a community say to each other (section 14 of the protocol), as far as the relay has to know it.
const (
	peerLongest  = 1200 // bytes of a datagram
	peerShortest = peerHead + sha256.Size
	peerHead     = 72
	peerKind     = 16 // the first of theirs; below are those of discovery
	kindAt       = 5
	senderAt     = 8
	receiverAt   = 24
	uuidLen      = 16
)

// perPeer is how many datagrams a second of one server are led. A room that moves needs some for each kilobyte.
const perPeer = 2000

// peerMagic begins them, with the version.
var peerMagic = []byte{'k', 'c', 'h', 'd', 1}

// everyServer is where all servers of this host hear, but those that listen at one address of it that is not its own.
var everyServer = netip.AddrFrom4([4]byte{127, 255, 255, 255})

// Community is what servers that know each other have in common, and where they are.
type Community struct {
	Server [uuidLen]byte // we
	Secret []byte        // proves who is one of us
	Peers  map[[uuidLen]byte]netip.AddrPort
}

// Join makes the relay lead what the servers of a community say to each other, both ways.
func (q *Questions) Join(c Community) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.community, q.said = c, map[[uuidLen]byte]*bucket{}
}

// GuestPort is where the microVM, seen from which this host is its gateway, sends what is for its peers.
func (q *Questions) GuestPort() uint16 { return q.guest.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// isPeers says whether a datagram is one of servers to each other.
func isPeers(data []byte) bool {
	return len(data) >= peerShortest && len(data) <= peerLongest && bytes.HasPrefix(data, peerMagic) && data[kindAt] >= peerKind
}

func uuidAt(data []byte, at int) [uuidLen]byte { return [uuidLen]byte(data[at : at+uuidLen]) }

// proven says whether somebody wrote this who knows the secret: a flood of forgeries ends here.
func (c *Community) proven(data []byte) bool {
	if len(c.Secret) == 0 {
		return false
	}
	end := len(data) - sha256.Size
	mac := hmac.New(sha256.New, c.Secret)
	_, _ = mac.Write(data[:end]) // never fails
	return hmac.Equal(mac.Sum(nil), data[end:])
}

// leadIn hands what a peer says to the microVM. What it says to another server of this host is passed on to that.
func (q *Questions) leadIn(a asking, data []byte, now time.Time) {
	q.mu.Lock()
	c, target := q.community, q.target
	from := uuidAt(data, senderAt)
	_, known := c.Peers[from]
	if uuidAt(data, receiverAt) != c.Server && a.from != everyServer && a.from.Is4() && q.passed.take(perPeer, now) {
		q.mu.Unlock()
		q.passOn(a.ear, data)
		return
	}
	q.mu.Unlock()
	if !known || !target.IsValid() || uuidAt(data, receiverAt) != c.Server || !c.proven(data) || !q.mayPass(from, now) {
		return
	}
	_, _ = q.guest.WriteToUDPAddrPort(data, target) // what is lost is said again
}

// passOn sends a datagram to all servers of this host: several may listen at one address, and only one of them gets what
// comes there.
func (q *Questions) passOn(e *ear, data []byte) {
	port := e.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	_, _ = e.conn.WriteToUDPAddrPort(data, netip.AddrPortFrom(everyServer, port)) // what is lost is said again
}

// mayPass counts what a peer has said: somebody may send again what it has once said.
func (q *Questions) mayPass(from [uuidLen]byte, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.said[from]
	if b == nil {
		b = &bucket{}
		q.said[from] = b
	}
	return b.take(perPeer, now)
}

// leadOut sends what the microVM says to a peer. It goes from the port at which peers reach us.
func (q *Questions) leadOut(data []byte) {
	q.mu.Lock()
	c := q.community
	to, known := c.Peers[uuidAt(data, receiverAt)]
	q.mu.Unlock()
	if !known || uuidAt(data, senderAt) != c.Server || !c.proven(data) {
		return
	}
	for _, e := range q.ears {
		if (e.v4 != nil) == to.Addr().Is4() {
			_, _ = e.conn.WriteToUDPAddrPort(data, to) // what is lost is said again
			return
		}
	}
}
