// SPDX-License-Identifier: GPL-2.0-only

// Package relay leads the connections that come to a port of the host on into a microVM. It begins each with the header of
// the PROXY protocol, so that the module knows whose it is.
//
// QEMU can listen for itself, but with a queue of one (libslirp, tcpx_listen): of many who connect at once, most wait
// for seconds. So this package listens, on IPv4 and IPv6 and with the queue that the system allows, and goes to QEMU
// on everybody's behalf, one after the other.
package relay

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// most is how many connections are led at once; more wait to be accepted. It lies above what the module admits
// (docs/limits.md, "connections"), so that whoever is too many hears so from the module.
const most = 10240

// acceptPause is how long nobody is accepted after the system had no file descriptor left.
const acceptPause = 100 * time.Millisecond

// Relay is a listening port. Close ends it and all that it leads.
type Relay struct {
	listener net.Listener
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	slots    chan struct{} // one in it for each connection led
	dialing  chan struct{} // holds one while somebody dials
	busy     sync.WaitGroup

	mu     sync.Mutex // protects what follows
	target netip.AddrPort
	open   chan struct{} // closed while target answers
	conns  map[*net.TCPConn]struct{}
	ended  bool
}

// Listen opens the port. Whoever connects waits until Open says where the way leads.
func Listen(addr netip.AddrPort) (*Relay, error) { return listen(addr, most) }

func listen(addr netip.AddrPort, most int) (*Relay, error) {
	listener, err := net.Listen("tcp", addr.String())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Relay{
		listener: listener, ctx: ctx, cancel: cancel, slots: make(chan struct{}, most), dialing: make(chan struct{}, 1),
		open: make(chan struct{}), conns: map[*net.TCPConn]struct{}{},
	}
	r.busy.Go(r.accept)
	return r, nil
}

// Addr is where the relay listens.
func (r *Relay) Addr() netip.AddrPort { return r.listener.Addr().(*net.TCPAddr).AddrPort() }

// Open says that target answers. Those who wait are led there.
func (r *Relay) Open(target netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
	select {
	case <-r.open:
	default:
		close(r.open)
	}
}

// Shut says that nothing answers any more. Who comes waits for Open; connections that are led end by themselves.
func (r *Relay) Shut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.open:
		r.open = make(chan struct{})
	default:
	}
}

// Refuse closes the port: nobody comes any more. What is led goes on.
func (r *Relay) Refuse() { _ = r.listener.Close() }

// Close closes the port and cuts what is still led.
func (r *Relay) Close() {
	r.Refuse()
	r.cancel()
	r.mu.Lock()
	r.ended = true
	for conn := range r.conns {
		_ = conn.Close()
	}
	r.mu.Unlock()
	r.busy.Wait()
}

func (r *Relay) accept() {
	for {
		select {
		case r.slots <- struct{}{}:
		case <-r.ctx.Done():
			return
		}
		conn, err := r.listener.Accept()
		if err != nil {
			<-r.slots
			if !r.pause(err) {
				return
			}
			continue
		}
		client := conn.(*net.TCPConn)
		r.busy.Go(func() {
			defer func() { <-r.slots }()
			r.lead(client)
		})
	}
}

// pause waits after a failed accept and says whether to go on.
func (r *Relay) pause(err error) bool {
	if isClosed(err) {
		return false
	}
	select {
	case <-time.After(acceptPause):
		return true
	case <-r.ctx.Done():
		return false
	}
}

// hold notes a connection, so that Close can cut it. False: Close was quicker.
func (r *Relay) hold(conn *net.TCPConn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	r.conns[conn] = struct{}{}
	return true
}

func (r *Relay) drop(conn *net.TCPConn) {
	_ = conn.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, conn)
}

// lead brings one client to the microVM and stays until both have ended.
func (r *Relay) lead(client *net.TCPConn) {
	if !r.hold(client) {
		_ = client.Close()
		return
	}
	defer r.drop(client)
	guest, err := r.dial()
	if err != nil {
		return // the client sees the end, and comes again
	}
	if !r.hold(guest) {
		_ = guest.Close()
		return
	}
	defer r.drop(guest)
	_, _ = guest.Write(proxyHeader(client)) // whom the module has refused already hears its last word all the same
	join(client, guest)
}

// way is where the microVM is, once it answers. It may have moved while we waited.
func (r *Relay) way(ctx context.Context) (netip.AddrPort, error) {
	for {
		r.mu.Lock()
		open := r.open
		r.mu.Unlock()
		select {
		case <-open:
		case <-ctx.Done():
			return netip.AddrPort{}, fmt.Errorf("wait for the microVM: %w", ctx.Err())
		}
		r.mu.Lock()
		target, still := r.target, r.open == open
		r.mu.Unlock()
		if still {
			return target, nil
		}
	}
}
