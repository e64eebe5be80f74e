// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"io"
	"net"
	"sync"
	"testing"
)

// cable leads to the server, and can be cut or made narrow.
type cable struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	cut   bool
	ends  map[net.Conn]bool // both ends of what goes through it
	most  int64             // bytes that each connection may have sent while it is narrow
	wide  chan struct{}     // closed when it is not narrow any more; nil: it is not
	lines sync.WaitGroup
}

// newCable leads from a port of this machine to an address, until the test ends.
func newCable(t testing.TB, server string) *cable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: listener, server: server, ends: map[net.Conn]bool{}}
	c.lines.Go(c.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		c.Widen()
		c.Cut()
		c.lines.Wait()
	})
	return c
}

// address is where one connects to go through it.
func (c *cable) address() string { return c.listener.Addr().String() }

// Cut ends all that goes through it. Nothing gets through any more.
func (c *cable) Cut() { c.set(true) }

// Mend lets new connections through.
func (c *cable) Mend() { c.set(false) }

// Narrow lets no more than so many bytes of each connection through to the server. The rest waits for Widen.
func (c *cable) Narrow(most int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most, c.wide = most, make(chan struct{})
}

// Widen lets everything through.
func (c *cable) Widen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wide != nil {
		close(c.wide)
		c.wide = nil
	}
}

// pass is what one connection sends through a cable.
type pass struct {
	cable *cable
	from  io.Reader
	sent  int64
}

func (p *pass) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.sent += int64(n)
	p.cable.mu.Lock()
	wide, waits := p.cable.wide, p.cable.wide != nil && p.sent > p.cable.most
	p.cable.mu.Unlock()
	if waits {
		<-wide
	}
	return n, err
}

func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for end := range c.ends {
		if cut {
			_ = end.Close()
		}
	}
}

func (c *cable) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.lines.Go(func() { c.lead(near) })
	}
}

// lead leads one connection.
func (c *cable) lead(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer far.Close()
	if !c.hold(near, far) {
		return
	}
	defer c.release(near, far)
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(near, far)
		_ = near.Close()
	})
	_, _ = io.Copy(far, &pass{cable: c, from: near})
	_ = far.Close()
	back.Wait()
}

func (c *cable) hold(ends ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, end := range ends {
		c.ends[end] = true
	}
	return !c.cut
}

func (c *cable) release(ends ...net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, end := range ends {
		delete(c.ends, end)
	}
}
