// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

const (
	floods    = 8   // that make a flood, each without a pause
	floodLike = 500 // how many times a flood has hit before the others are measured
)

// logins measures what talk takes beside logins that fail without end.
func logins(ctx context.Context, p plan) error { return p.beside(ctx, p.failToLogIn) }

// questions measures what talk takes beside questions of discovery without end.
func questions(ctx context.Context, p plan) error { return p.beside(ctx, p.ask) }

// failToLogIn tries a wrong password once, of an account of nobody who talks, and reports whether the server looked at it.
func (p plan) failToLogIn(ctx context.Context) (bool, error) {
	conn, err := peer.Dial(p.addr)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := conn.Hello(); err != nil {
		return false, err
	}
	err = conn.LoginSalted(fmt.Sprint(p.prefix, p.people), func(wire.Challenge) ([]byte, error) { return make([]byte, wire.KeyLen), nil })
	switch {
	case errors.Is(err, wire.ErrAuth):
		return true, nil
	case errors.Is(err, wire.ErrAuthLimit):
		return false, nil
	case err == nil:
		return false, errors.New("a wrong password was let in")
	default:
		return false, err
	}
}

// ask asks who is there, and waits for no answer.
func (p plan) ask(context.Context) (bool, error) {
	host, _, err := net.SplitHostPort(p.addr)
	if err != nil {
		return false, err
	}
	conn, err := net.Dial("udp", net.JoinHostPort(host, fmt.Sprint(wire.DiscoverPort)))
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if _, err = conn.Write(wire.Question{Mark: [8]byte{1}}.Append(nil)); err != nil {
		return false, err
	}
	// An answer is there at once, or never: over the loopback the module has seen the question already.
	if err = conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return false, err
	}
	_, err = conn.Read(make([]byte, wire.DiscoverLen))
	return err == nil, nil
}

// beside measures how long a message takes to all in a room, without a flood and beside one. It prints the median and the
// longest of both, what the flood was, how many of it the server took up, and how long it lasted.
func (p plan) beside(ctx context.Context, hit func(context.Context) (bool, error)) error {
	people, without, err := p.undisturbed(ctx, p.people)
	defer func() { leave(people) }()
	if err != nil {
		return err
	}
	f := newFlood(ctx, hit)
	defer f.end()
	if err := f.rises(); err != nil {
		return err
	}
	beside, err := p.rounds(people)
	if err != nil {
		return err
	}
	if err := f.end(); err != nil {
		return fmt.Errorf("the flood: %w", err)
	}
	fmt.Printf("without %s beside %s hits %d taken %d within %d\n", without, beside, f.hits.Load(), f.taken.Load(), time.Since(f.began))
	return nil
}

// flood hits the server without a pause until it is ended.
type flood struct {
	began       time.Time
	hits, taken atomic.Int64
	enough      chan struct{} // closed when it has hit floodLike times
	stop        context.CancelCauseFunc
	ctx         context.Context
	group       sync.WaitGroup
}

func newFlood(ctx context.Context, hit func(context.Context) (bool, error)) *flood {
	f := &flood{began: time.Now(), enough: make(chan struct{})}
	f.ctx, f.stop = context.WithCancelCause(ctx)
	for range floods {
		f.group.Go(func() {
			for f.ctx.Err() == nil {
				taken, err := hit(f.ctx)
				if err != nil {
					f.stop(err)
					return
				}
				if taken {
					f.taken.Add(1)
				}
				if f.hits.Add(1) == floodLike {
					close(f.enough)
				}
			}
		})
	}
	return f
}

// rises waits until the flood is one.
func (f *flood) rises() error {
	select {
	case <-f.enough:
		return nil
	case <-f.ctx.Done():
		return fmt.Errorf("the flood ended before it hit %d times: %w", floodLike, context.Cause(f.ctx))
	}
}

var errOver = errors.New("the flood is over")

// end ends the flood, and says what was wrong with it.
func (f *flood) end() error {
	f.stop(errOver)
	f.group.Wait()
	if err := context.Cause(f.ctx); !errors.Is(err, errOver) {
		return err
	}
	return nil
}
