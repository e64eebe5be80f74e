// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// client is one person of the load.
type client struct {
	plan  plan
	login string
	share int // messages this one has to say
	total uint64

	conn    atomic.Pointer[peer.Conn] // the connection of now; broken from outside
	session uint64
	key     [wire.KeyLen]byte

	room   uint32
	epoch  uint64
	seq    uint64 // of the last message that came
	digest hash.Hash64
	head   [wire.HeaderLen]byte
	echoes chan wire.ID  // one's own messages that came back or were acknowledged
	back   chan struct{} // the connection is a new one
	resent int
}

func newClient(p plan, i, share int) *client {
	return &client{
		plan: p, login: fmt.Sprintf("%s%d", p.prefix, i), share: share, total: uint64(p.messages),
		digest: fnv.New64a(), echoes: make(chan wire.ID, 64), back: make(chan struct{}, 1),
	}
}

// connect logs in, by the session if there is one, and joins with what it has.
func (c *client) connect() error {
	conn, err := peer.Dial(c.plan.addr)
	if err != nil {
		return err
	}
	if err := c.enter(conn); err != nil {
		_ = conn.Close()
		return err
	}
	conn.KeepAlive(2 * time.Second)
	c.conn.Store(conn)
	return nil
}

func (c *client) enter(conn *peer.Conn) error {
	if err := conn.Hello(); err != nil {
		return err
	}
	var err error
	if c.session != 0 {
		err = conn.Resume(c.session, c.key, wire.ResumeSession)
	} else {
		err = conn.Login(c.login, c.plan.password)
	}
	if err != nil {
		return fmt.Errorf("logging in: %w", err)
	}
	c.session, c.key = conn.Me.Session, conn.Key
	id, err := conn.Request(wire.TypeJoin, 0, wire.Join{Epoch: c.epoch, Seq: c.seq, Name: c.plan.room, Flags: wire.JoinBacklog})
	if err != nil {
		return err
	}
	f, err := conn.Reply(id, wire.TypeJoined)
	if err != nil {
		return err
	}
	joined, err := wire.ParseJoined(f.Body)
	if err != nil {
		return err
	}
	if c.epoch != 0 && (f.Room != c.room || f.Epoch != c.epoch || joined.Start != c.seq) {
		return fmt.Errorf("joined at %d of epoch %d with %d of %d", joined.Start, f.Epoch, c.seq, c.epoch)
	}
	if c.epoch == 0 {
		c.room, c.epoch, c.seq = f.Room, f.Epoch, joined.Start
	}
	return nil
}

// echo tells say about a message that came back. When nobody listens for it, it is said again, which does no harm.
func (c *client) echo(id wire.ID) {
	select {
	case c.echoes <- id:
	default:
	}
}

// errDone ends reading when all has come.
var errDone = errors.New("all has come")

// hear checks one frame after the other until everything was said.
func (c *client) hear(f wire.Frame) error {
	switch {
	case f.Type == wire.TypeAck:
		c.echo(f.ID)
	case f.Type == wire.TypeError:
		e, err := wire.ParseError(f.Body)
		if err != nil {
			return err
		}
		return fmt.Errorf("after %d: ERROR %s to %v", c.seq, e.Number.Name(), e.Cause)
	case f.Type == wire.TypeGap:
		return fmt.Errorf("GAP after %d", c.seq)
	case f.Type.Lasting():
		if f.Seq != c.seq+1 || f.Epoch != c.epoch || f.Room != c.room {
			return fmt.Errorf("sequence %d of epoch %d after %d of %d", f.Seq, f.Epoch, c.seq, c.epoch)
		}
		c.seq++
		c.digest.Write(f.Append(c.head[:0], len(f.Body)))
		c.digest.Write(f.Body)
		if f.Sender == c.conn.Load().Me.Account {
			c.echo(f.ID)
		}
		if c.seq == c.total {
			return errDone
		}
	}
	return nil
}

// listen hears until all has come, through connections that break.
func (c *client) listen(ctx context.Context) error {
	for {
		err := c.conn.Load().Stream(c.hear)
		if errors.Is(err, errDone) {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: stopped at %d: %w", c.login, c.seq, ctx.Err())
		}
		if !broken(err) {
			return fmt.Errorf("%s: %w", c.login, err)
		}
		_ = c.conn.Load().Close()
		if err := c.comeBack(ctx); err != nil {
			return fmt.Errorf("%s: coming back: %w", c.login, err)
		}
		select {
		case c.back <- struct{}{}:
		default:
		}
	}
}

// comeBack connects until it succeeds: where all processors are busy, a connection may take its time.
func (c *client) comeBack(ctx context.Context) error {
	for {
		err := c.connect()
		var slow net.Error
		if err == nil || ctx.Err() != nil || !errors.As(err, &slow) || !slow.Timeout() {
			return err
		}
	}
}

// say says its share, each word again until it is acknowledged.
func (c *client) say(ctx context.Context) error {
	for i := range c.share {
		id := peer.NewID()
		text := fmt.Sprintf("%s says %d", c.login, i)
		if err := c.sayOne(ctx, id, text); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) sayOne(ctx context.Context, id wire.ID, text string) error {
	for first := true; ; first = false {
		conn := c.conn.Load()
		if !first {
			c.resent++
		}
		// A connection that is broken is the listener's to mend; the id makes saying it twice harmless.
		_ = conn.Say(c.room, id, text)
		again := time.NewTimer(30 * time.Second)
		for waiting := true; waiting; {
			select {
			case echo := <-c.echoes:
				if echo == id {
					again.Stop()
					return nil
				}
			case <-again.C:
				waiting = false
			case <-c.back:
				again.Stop()
				waiting = false
			case <-ctx.Done():
				again.Stop()
				return fmt.Errorf("%s: saying %q: %w", c.login, text, ctx.Err())
			}
		}
	}
}

// each does something for all clients, a few at a time, and returns the first error.
func each(clients []*client, atOnce int, do func(*client) error) error {
	var group sync.WaitGroup
	places := make(chan struct{}, atOnce)
	errs := make(chan error, len(clients))
	for _, c := range clients {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			if err := do(c); err != nil {
				errs <- fmt.Errorf("%s: %w", c.login, err)
			}
		})
	}
	group.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}
