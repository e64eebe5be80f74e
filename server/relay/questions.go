// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"kchat/wire"
)

// How much of discovery is led, so that a flood costs no more than a little: what is over it is dropped, as networks do.
const (
	askedPerSecond = 20  // questions of one address, as the module counts by itself (docs/limits.md, "answers_address")
	askedInAll     = 200 // a second, of everybody
	mostAsking     = 256 // questions that wait for the module's answer
	answerWait     = 2 * time.Second
)

// Questions leads the questions of discovery that come to a host on into its microVM, and the answers back (section 12
// of the protocol). It shares the port with others of its kind, so that all servers of a host hear what goes to
// everybody.
type Questions struct {
	ears  []*ear
	links *links       // nil: only this host is listened to
	guest *net.UDPConn // to the microVM; answers come here
	busy  sync.WaitGroup

	mu        sync.Mutex // protects what follows
	target    netip.AddrPort
	community Community
	said      map[[uuidLen]byte]*bucket // by each peer
	passed    bucket                    // to other servers of this host
	asking    map[[8]byte]asking        // by the mark under which the microVM was asked
	limits    limits
}

// asking is a question on its way.
type asking struct {
	mark [8]byte // the asker's
	to   netip.AddrPort
	ear  *ear
	from netip.Addr // the address that was asked; invalid: any of ours
	link int        // the interface by which the question came
	at   time.Time
}

// Ask opens the port of discovery for a server that listens on addr: for others if addr is unspecified, else for this
// host, or for who asks that one address. Where nobody is told of the microVM (Open), nothing is answered.
func Ask(addr netip.Addr, port uint16) (*Questions, error) {
	guest, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("open a socket towards the microVM: %w", err)
	}
	q := &Questions{guest: guest, asking: map[[8]byte]asking{}, limits: limits{perAddress: map[netip.Addr]*bucket{}}}
	for _, at := range listenAt(addr) {
		e, err := openEar(netip.AddrPortFrom(at, port))
		if err != nil {
			q.Close()
			return nil, fmt.Errorf("listen for questions on %s: %w", netip.AddrPortFrom(at, port), err)
		}
		q.ears = append(q.ears, e)
	}
	if addr.IsUnspecified() {
		if q.links, err = followLinks(); err != nil {
			q.Close()
			return nil, err
		}
		q.busy.Go(func() { q.links.follow(q.ears) })
	}
	q.busy.Go(q.back)
	for _, e := range q.ears {
		q.busy.Go(func() { q.hear(e) })
	}
	return q, nil
}

// listenAt says at which addresses questions come to a server that listens on one.
func listenAt(addr netip.Addr) []netip.Addr {
	switch {
	case addr.IsUnspecified() && addr.Is6():
		return []netip.Addr{netip.IPv4Unspecified(), addr}
	case addr.IsLoopback() && addr.Is4():
		// What is sent to the second goes to all servers of this host that listen for this host alone.
		return []netip.Addr{addr, everyServer}
	default:
		return []netip.Addr{addr}
	}
}

// Open says where the microVM is asked.
func (q *Questions) Open(target netip.AddrPort) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.target = target
}

// Shut says that nothing answers any more.
func (q *Questions) Shut() { q.Open(netip.AddrPort{}) }

// Close closes the port.
func (q *Questions) Close() {
	for _, e := range q.ears {
		_ = e.conn.Close()
	}
	if q.links != nil {
		q.links.close()
	}
	_ = q.guest.Close()
	q.busy.Wait()
}

// hear takes the questions of one socket until it is closed.
func (q *Questions) hear(e *ear) {
	data := make([]byte, peerLongest+1) // what is longer is cut, and nothing of ours
	for {
		n, a, err := e.read(data)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(acceptPause) // an error that a sent answer has left here
			continue
		}
		if isPeers(data[:n]) {
			q.leadIn(a, data[:n], time.Now())
			continue
		}
		if n == wire.DiscoverLen && a.to.Port() != 0 && !a.to.Addr().IsUnspecified() {
			q.lead(a, data[:n])
		}
	}
}

// The place of the mark in a question and in an answer.
const (
	markAt  = 8
	markEnd = 16
)

// lead asks the microVM under a mark of ours: two who ask may have chosen the same.
func (q *Questions) lead(a asking, question []byte) {
	a.at, a.mark = time.Now(), [8]byte(question[markAt:markEnd])
	var mark [8]byte
	_, _ = rand.Read(mark[:]) // never fails
	q.mu.Lock()
	target := q.target
	if !target.IsValid() || !q.room(a.at) || !q.limits.take(a.to.Addr(), a.at) {
		q.mu.Unlock()
		return
	}
	q.asking[mark] = a
	q.mu.Unlock()
	copy(question[markAt:], mark[:])
	_, _ = q.guest.WriteToUDPAddrPort(question, target)
}

// room forgets what was never answered, and says whether one more may wait. Under the lock.
func (q *Questions) room(now time.Time) bool {
	if len(q.asking) < mostAsking {
		return true
	}
	for mark, a := range q.asking {
		if now.Sub(a.at) > answerWait {
			delete(q.asking, mark)
		}
	}
	return len(q.asking) < mostAsking
}

// back leads the answers of the microVM to who asked, until the socket is closed.
func (q *Questions) back() {
	data := make([]byte, peerLongest+1)
	for {
		n, from, err := q.guest.ReadFromUDPAddrPort(data)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < markEnd {
			continue
		}
		if isPeers(data[:n]) {
			q.leadOut(data[:n])
			continue
		}
		q.mu.Lock()
		mark := [8]byte(data[markAt:markEnd])
		a, known := q.asking[mark]
		if known = known && from == q.target; known {
			delete(q.asking, mark)
		}
		q.mu.Unlock()
		if known && n < wire.DiscoverLen {
			copy(data[markAt:], a.mark[:])
			a.ear.answer(a, data[:n])
		}
	}
}

// ear is a socket to which questions come.
type ear struct {
	conn *net.UDPConn
	v4   *ipv4.PacketConn // the one or the other
	v6   *ipv6.PacketConn
}

// read waits for a datagram, and says who sent it to which address of ours.
func (e *ear) read(data []byte) (n int, a asking, err error) {
	a.ear = e
	var from net.Addr
	var asked net.IP
	if e.v4 != nil {
		var head *ipv4.ControlMessage
		if n, head, from, err = e.v4.ReadFrom(data); head != nil {
			asked, a.link = head.Dst, head.IfIndex
		}
	} else {
		var head *ipv6.ControlMessage
		if n, head, from, err = e.v6.ReadFrom(data); head != nil {
			asked, a.link = head.Dst, head.IfIndex
		}
	}
	if err != nil {
		return 0, a, err
	}
	to := from.(*net.UDPAddr).AddrPort()
	a.to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if addr, ok := netip.AddrFromSlice(asked); ok {
		a.from = addr.Unmap()
	}
	return n, a, nil
}

// answer sends an answer from the address that was asked. What was asked by broadcast or as a group is no address of
// ours: then the system chooses one.
func (e *ear) answer(a asking, data []byte) {
	to := net.UDPAddrFromAddrPort(a.to)
	own := a.from.IsValid() && !a.from.IsMulticast() && ownAddress(a.from)
	// Lost or not sent is the same to who asks: they ask again.
	if e.v4 != nil {
		var head *ipv4.ControlMessage
		if own {
			head = &ipv4.ControlMessage{Src: a.from.AsSlice()}
		}
		_, _ = e.v4.WriteTo(data, head, to)
		return
	}
	var head *ipv6.ControlMessage
	if own {
		head = &ipv6.ControlMessage{Src: a.from.AsSlice()}
		if a.from.IsLinkLocalUnicast() {
			head.IfIndex = a.link
		}
	}
	_, _ = e.v6.WriteTo(data, head, to)
}

// ownAddress says whether an address is one of this host.
func ownAddress(addr netip.Addr) bool {
	if addr.IsLoopback() {
		return addr != everyServer
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Unmap() == addr {
			return true
		}
	}
	return false
}
