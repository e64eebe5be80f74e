// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"kchat/wire"
)

// broken reports whether a connection has ended, rather than said something wrong.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// gather brings all clients into the room.
func gather(p plan) ([]*client, error) {
	clients := make([]*client, p.clients)
	for i := range clients {
		share := p.messages / p.clients
		if i < p.messages%p.clients {
			share++
		}
		clients[i] = newClient(p, i, share)
	}
	// One first: the kernel's own first time of connecting is not ours to race with.
	if err := each(clients[:1], 1, (*client).connect); err != nil {
		return nil, err
	}
	return clients, each(clients[1:], 8, (*client).connect)
}

// relay has everybody talk, breaks connections meanwhile, and checks that all have heard the same.
func relay(ctx context.Context, p plan) error {
	clients, err := gather(p)
	if err != nil {
		return err
	}
	began := time.Now()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	for _, c := range clients {
		for _, part := range []func(context.Context) error{c.listen, c.say} {
			group.Go(func() {
				if err := part(ctx); err != nil {
					stop(err)
				}
			})
		}
	}
	breaks := make(chan int, 1)
	go func() { breaks <- breakSome(ctx, clients, p.breaks) }()
	all := make(chan struct{})
	go func() { group.Wait(); close(all) }()
	select {
	case <-all:
	case <-ctx.Done():
		for _, c := range clients {
			_ = c.conn.Load().Close()
		}
		return context.Cause(ctx)
	}
	took := time.Since(began)
	stop(nil)
	resent := 0
	for _, c := range clients {
		resent += c.resent
		if c.digest.Sum64() != clients[0].digest.Sum64() {
			return fmt.Errorf("%s and %s have heard different logs", clients[0].login, c.login)
		}
	}
	if err := nothingMore(clients[0]); err != nil {
		return err
	}
	for _, c := range clients {
		_ = c.conn.Load().Close()
	}
	fmt.Printf("%d clients, %d messages each, %d connections broken, %d said again, %v\n", len(clients), p.messages, <-breaks, resent, took.Round(time.Millisecond))
	return nil
}

// nothingMore asks the room for its last number: what was said twice must not have become two.
func nothingMore(c *client) error {
	conn := c.conn.Load()
	if _, err := conn.Part(c.room); err != nil {
		return err
	}
	f, err := conn.Ask(wire.TypeJoin, 0, wire.Join{Name: c.plan.room}, wire.TypeJoined)
	if err != nil {
		return err
	}
	if f.Seq != c.total {
		return fmt.Errorf("the room has %d messages, want %d", f.Seq, c.total)
	}
	return nil
}

// breakSome breaks connections, half of them by RST, and says how many.
func breakSome(ctx context.Context, clients []*client, count int) int {
	for i := range count {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return i
		}
		conn := clients[rand.IntN(len(clients))].conn.Load()
		if i%2 == 0 {
			_ = conn.Close()
		} else {
			_ = conn.Reset()
		}
	}
	return count
}

// talk keeps talking until the server is gone, and prints "talking" once everybody is there.
func talk(ctx context.Context, p plan) error {
	p.messages = 1 << 40
	clients, err := gather(p)
	if err != nil {
		return err
	}
	fmt.Println("talking")
	return each(clients, len(clients), func(c *client) error {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		var saying sync.WaitGroup
		saying.Go(func() { _ = c.say(ctx) })
		err := c.conn.Load().Stream(c.hearUntilShutdown)
		stop()
		saying.Wait()
		_ = c.conn.Load().Close()
		if errors.Is(err, errDone) || broken(err) {
			return nil
		}
		return err
	})
}

// hearUntilShutdown is hear, but for the words by which a server that stops says goodbye.
func (c *client) hearUntilShutdown(f wire.Frame) error {
	switch f.Type {
	case wire.TypeError:
		e, err := wire.ParseError(f.Body)
		if err != nil {
			return err
		}
		if e.Number == wire.ErrShutdown {
			return errDone
		}
		return fmt.Errorf("ERROR %s", e.Number.Name())
	case wire.TypeParted, wire.TypeGap:
		return nil
	}
	return c.hear(f)
}
