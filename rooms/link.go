// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"kchat/wire"
)

// linkBacklog is how many bytes may wait to be written before a link counts as broken: the server takes nothing any
// more, or somebody writes without limit.
const linkBacklog = 16 << 20

// link is one connection to a server after its login: a goroutine that reads and one that writes.
type link struct {
	home   *home
	conn   net.Conn
	reader *wire.Reader
	media  bool

	mu      sync.Mutex
	pending []byte // frames to be written
	spare   []byte
	last    bool  // the link ends when all is written
	err     error // why it ended
	wake    chan struct{}
	closed  chan struct{}
	heard   atomic.Int64  // when the last frame came, in nanoseconds since 1970
	ahead   chan struct{} // a token for each frame that was read and is not handled yet
	done    sync.WaitGroup
}

// readAhead is how many frames may be read before they are handled.
const readAhead = 1024

func newLink(h *home, conn net.Conn, reader *wire.Reader, media bool) *link {
	return &link{
		home: h, conn: conn, reader: reader, media: media,
		wake: make(chan struct{}, 1), closed: make(chan struct{}), ahead: make(chan struct{}, readAhead),
	}
}

// start begins to write what is sent and to give what is read to receive, which must not keep the body. Both goroutines
// defer caught.
func (l *link) start(caught func(), receive func(wire.Frame)) {
	l.heard.Store(time.Now().UnixNano())
	l.done.Go(func() {
		defer caught()
		l.write()
	})
	l.done.Go(func() {
		defer caught()
		l.read(receive)
	})
}

func (l *link) read(receive func(wire.Frame)) {
	for {
		f, err := l.reader.Next()
		if err != nil {
			l.fail(fmt.Errorf("reading from the server: %w: %w", ErrNoServer, err))
			return
		}
		l.heard.Store(time.Now().UnixNano())
		receive(f)
	}
}

func (l *link) write() {
	for {
		select {
		case <-l.closed:
			return
		case <-l.wake:
		}
		l.mu.Lock()
		out := l.pending
		l.pending, l.spare = l.spare[:0], nil
		l.mu.Unlock()
		if _, err := l.conn.Write(out); err != nil {
			// The server's last words may still wait to be read: they say why.
			if l.conn.SetReadDeadline(time.Now().Add(time.Second)) != nil {
				l.fail(fmt.Errorf("writing to the server: %w: %w", ErrNoServer, err))
			}
			return
		}
		l.mu.Lock()
		l.spare = out
		over := l.last && len(l.pending) == 0
		l.mu.Unlock()
		if over {
			l.fail(ErrClosed)
			return
		}
	}
}

// send puts a frame behind those that wait to be written. It never waits. On a link that has ended it does nothing.
func (l *link) send(h wire.Header, body wire.Body) {
	l.mu.Lock()
	l.pending = wire.AppendFrame(l.pending, h, body)
	full := len(l.pending) > linkBacklog
	l.mu.Unlock()
	if full {
		l.fail(errors.New("the server takes nothing any more"))
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// fail ends the link; the first reason counts.
func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err = err
	close(l.closed)
	l.conn.Close()
}

// silence is how long nothing has come.
func (l *link) silence() time.Duration { return time.Since(time.Unix(0, l.heard.Load())) }

func (l *link) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// goodbye writes what waits and BYE, within a second, and ends the link.
func (l *link) goodbye() {
	_ = l.conn.SetWriteDeadline(time.Now().Add(time.Second)) // without a deadline the writer may only take longer
	l.mu.Lock()
	l.last = true
	l.mu.Unlock()
	l.send(wire.Header{Type: wire.TypeBye}, wire.Empty{})
	l.done.Wait()
}

// handshake is a connection before its login is done: requests and answers strictly in turn.
type handshake struct {
	conn    net.Conn
	reader  *wire.Reader
	welcome wire.Welcome
}

const (
	greetTime = 5 * time.Second  // for connecting, and again for WELCOME, which costs a server nothing
	loginTime = 15 * time.Second // for logging in, with a slow derivation of the key in between
)

// dial connects and says hello. The connection is closed when ctx ends before the handshake is done.
func (c *Config) dial(ctx context.Context) (*handshake, error) {
	dial := c.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: greetTime}).DialContext
	}
	conn, err := dial(ctx, "tcp", c.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w: %w", c.Address, ErrNoServer, err)
	}
	h := &handshake{conn: conn, reader: wire.NewReader(conn)}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(greetTime)); err != nil {
		conn.Close()
		return nil, fmt.Errorf("connecting to %s: %w: %w", c.Address, ErrNoServer, err)
	}
	agent := c.Agent
	if agent == "" {
		agent = "kchat"
	}
	hello := wire.Hello{Version: wire.Version, Agent: agent[:min(len(agent), wire.AgentMax)]}
	f, err := h.ask(wire.Header{Type: wire.TypeHello}, hello, wire.TypeWelcome)
	if err == nil {
		h.welcome, err = wire.ParseWelcome(f.Body)
	}
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(loginTime))
	}
	if err != nil {
		conn.Close()
		if _, refused := errors.AsType[*ServerError](err); refused {
			return nil, fmt.Errorf("greeting %s: %w", c.Address, err)
		}
		return nil, fmt.Errorf("%s does not answer like a kchat server: %w: %w", c.Address, ErrNoServer, err)
	}
	return h, nil
}

// ask sends a request and waits for its answer, which must have the given type.
func (h *handshake) ask(head wire.Header, body wire.Body, want wire.Type) (wire.Frame, error) {
	head.ID = newMark()
	if _, err := h.conn.Write(wire.AppendFrame(nil, head, body)); err != nil {
		return wire.Frame{}, fmt.Errorf("sending %v: %w: %w", head.Type, ErrNoServer, err)
	}
	for {
		f, err := h.reader.Next()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		switch {
		case err != nil:
			return f, fmt.Errorf("waiting for %v: %w: %w", want, ErrNoServer, err)
		case f.Type == want && f.ID == head.ID:
			return f, nil
		case f.Type == wire.TypeError:
			return f, serverError(f.Body)
		case f.Type == wire.TypePing:
			pong := wire.AppendFrame(nil, wire.Header{Type: wire.TypePong, ID: f.ID}, wire.Raw(f.Body))
			if _, err := h.conn.Write(pong); err != nil {
				return f, fmt.Errorf("answering a ping: %w: %w", ErrNoServer, err)
			}
		case f.Type.Critical():
			return f, fmt.Errorf("waiting for %v: %v came: %w", want, f.Type, wire.ErrBadFrame)
		}
	}
}

// newMark is a mark of a request that nobody else uses.
func newMark() (mark wire.ID) {
	_, _ = rand.Read(mark[:]) // never fails: crypto/rand ends the program instead
	return mark
}

// copyFrame is a frame whose body may be kept.
func copyFrame(f wire.Frame) wire.Frame {
	f.Body = slices.Clone(f.Body)
	return f
}
