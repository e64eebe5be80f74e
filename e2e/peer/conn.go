// SPDX-License-Identifier: GPL-2.0-only

// Package peer is a client for tests: it speaks the protocol frame by frame, well or badly, as a test tells it to. It
// knows nothing but package wire, so what it expects is a second reading of docs/protocol.md.
package peer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"kchat/wire"
)

// ErrNothing means that no frame came in time.
var ErrNothing = errors.New("nothing came in time")

// Frame is a frame with a body of its own.
type Frame = wire.Frame

// Conn is one connection. One goroutine may read and any number may write.
type Conn struct {
	Welcome wire.Welcome // after Hello
	Me      wire.AuthOK  // after Login or Resume
	Key     [wire.KeyLen]byte

	net    net.Conn
	reader *wire.Reader
	stash  []Frame // read, but passed over by Find

	writing sync.Mutex // held while bytes are written
	alive   chan struct{}
	stop    sync.Once
	pinger  sync.WaitGroup
}

// aliveMark is the id of the pings of KeepAlive, whose answers Next does not show.
var aliveMark = wire.ID{'a', 'l', 'i', 'v', 'e'}

// Dial connects, without a word.
func Dial(address string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", address, Limit)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return New(c), nil
}

// DialNarrow connects with a receive buffer of a few kilobytes, so that who does not read is soon noticed.
func DialNarrow(address string) (*Conn, error) {
	narrow := net.Dialer{Timeout: Limit, Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if controlErr := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
		}); controlErr != nil {
			return controlErr
		}
		return err
	}}
	c, err := narrow.Dial("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return New(c), nil
}

// New speaks over a connection that is there already.
func New(c net.Conn) *Conn {
	return &Conn{net: c, reader: wire.NewReader(c), alive: make(chan struct{})}
}

// KeepAlive sends a PING each time the interval is over, until Close.
func (c *Conn) KeepAlive(interval time.Duration) {
	c.pinger.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if c.Send(wire.Header{Type: wire.TypePing, ID: aliveMark}, wire.Empty{}) != nil {
					return
				}
			case <-c.alive:
				return
			}
		}
	})
}

// StopAlive ends KeepAlive: the connection falls silent.
func (c *Conn) StopAlive() {
	c.stop.Do(func() { close(c.alive) })
	c.pinger.Wait()
}

// Close closes the connection in the ordinary way, without BYE.
func (c *Conn) Close() error {
	err := c.net.Close()
	c.StopAlive()
	return err
}

// Reset closes the connection with a RST.
func (c *Conn) Reset() error {
	if tcp, ok := c.net.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return c.Close()
}

// CloseWrite says that nothing more comes, and goes on reading.
func (c *Conn) CloseWrite() error {
	tcp, ok := c.net.(*net.TCPConn)
	if !ok {
		return errors.New("closing one half: not a TCP connection")
	}
	return tcp.CloseWrite()
}

// Bytes writes bytes as they are.
func (c *Conn) Bytes(b []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if _, err := c.net.Write(b); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}

// BytesWithin writes bytes, and gives up when they are not taken in time. It returns how many were.
func (c *Conn) BytesWithin(limit time.Duration, b []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.net.SetWriteDeadline(time.Now().Add(limit))
	defer func() { _ = c.net.SetWriteDeadline(time.Time{}) }()
	return c.net.Write(b)
}

// Send writes one frame.
func (c *Conn) Send(h wire.Header, body wire.Body) error {
	return c.Bytes(wire.AppendFrame(nil, h, body))
}

// NewID makes an id that nobody used before: a UUIDv7 (RFC 9562, 5.7).
func NewID() wire.ID {
	var id wire.ID
	_, _ = rand.Read(id[:]) // never fails
	ms := uint64(time.Now().UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Request sends a frame under a new id, which it returns.
func (c *Conn) Request(kind wire.Type, room uint32, body wire.Body) (wire.ID, error) {
	id := NewID()
	return id, c.Send(wire.Header{Type: kind, Room: room, ID: id}, body)
}

// Next is the next frame. PINGs of the server are answered and not shown.
func (c *Conn) Next(limit time.Duration) (Frame, error) {
	if len(c.stash) > 0 {
		f := c.stash[0]
		c.stash = c.stash[1:]
		return f, nil
	}
	return c.read(time.Now().Add(limit))
}

// Find is the next frame of which match says yes. Those before it stay for Next.
func (c *Conn) Find(limit time.Duration, match func(Frame) bool) (Frame, error) {
	for i, f := range c.stash {
		if match(f) {
			c.stash = slices.Delete(c.stash, i, i+1)
			return f, nil
		}
	}
	end := time.Now().Add(limit)
	for {
		f, err := c.read(end)
		if err != nil || match(f) {
			return f, err
		}
		c.stash = append(c.stash, f)
	}
}

// Drop forgets those of the frames that Find has passed over.
func (c *Conn) Drop(match func(Frame) bool) { c.stash = slices.DeleteFunc(c.stash, match) }

// Passed are the frames that Find has passed over so far.
func (c *Conn) Passed() []Frame { return c.stash }

func (c *Conn) read(end time.Time) (Frame, error) {
	for {
		_ = c.net.SetReadDeadline(end)
		f, err := c.reader.Next()
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return Frame{}, ErrNothing
		}
		if err != nil {
			return Frame{}, err
		}
		switch {
		case f.Type == wire.TypePing:
			if err := c.Send(wire.Header{Type: wire.TypePong, ID: f.ID}, wire.Raw(f.Body)); err != nil {
				return Frame{}, err
			}
		case f.Type == wire.TypePong && f.ID == aliveMark:
		default:
			f.Body = slices.Clone(f.Body)
			return f, nil
		}
	}
}

// Stream hands out one frame after the other, those that Find has passed over first, until handle or the connection
// fails. Bodies are valid during the call only: this is for tests that read a lot.
func (c *Conn) Stream(handle func(Frame) error) error {
	for _, f := range c.stash {
		if err := handle(f); err != nil {
			return err
		}
	}
	c.stash = nil
	_ = c.net.SetReadDeadline(time.Time{})
	for {
		f, err := c.reader.Next()
		if err != nil {
			return err
		}
		if err := handle(f); err != nil {
			return err
		}
	}
}
