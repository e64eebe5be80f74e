// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"kchat/server/genl"
	"kchat/wire"
)

// successorDies: a drain whose successor stops in the middle of it. The rooms that are left are as they were, people
// come into them, and all go when the successor is back. A silent one is refused from the beginning.
func successorDies(ctx context.Context) error {
	c, err := newCommunity(ctx)
	defer c.close()
	if err != nil {
		return err
	}
	from, to := c.towns[0], c.towns[1]
	for _, t := range c.towns {
		for name, value := range map[string]uint64{"peer_ms": 2000, "move_ms": 500, "home_ms": 2000} {
			if err := t.kernel.SetParam(ctx, name, value); err != nil {
				return err
			}
		}
	}
	if _, err := c.homesAt(from, 30); err != nil {
		return err
	}
	if err := from.kernel.Drain(ctx, &to.uuid); err != nil {
		return err
	}
	if err := from.begun(ctx, 30); err != nil {
		return err
	}
	if err := to.kernel.Stop(ctx); err != nil {
		return err
	}
	if err := from.sees(ctx, to, genl.PeerSilent); err != nil {
		return err
	}
	status, err := from.kernel.Status(ctx)
	if err != nil || status.Successor == nil {
		return fmt.Errorf("without its successor: %+v: %w", status, err)
	}
	fmt.Printf("the successor has gone, and %d rooms are left\n", status.RoomsLeft)
	if err := c.goOn(ctx, from, int(status.RoomsLeft)); err != nil {
		return err
	}
	if err := errors.Join(c.open(ctx, to), from.sees(ctx, to, genl.PeerLive), from.empty(ctx)); err != nil {
		return err
	}
	fmt.Println("it is back, and has all rooms")
	if err := from.kernel.Drain(ctx, nil); err != nil {
		return err
	}
	if err := errors.Join(to.kernel.Stop(ctx), from.sees(ctx, to, genl.PeerSilent)); err != nil {
		return err
	}
	if err := from.kernel.Drain(ctx, &to.uuid); !errors.Is(err, unix.EHOSTUNREACH) {
		return fmt.Errorf("a drain to a silent peer: %w", err)
	}
	return comesBackDrained(ctx, c, from)
}

// begun waits until some of a server's rooms have moved.
func (t *town) begun(ctx context.Context, rooms uint32) error {
	for deadline := time.Now().Add(10 * patience); time.Now().Before(deadline); {
		if status, err := t.kernel.Status(ctx); err != nil || status.RoomsLeft < rooms {
			return err
		}
	}
	return fmt.Errorf("no room of %s moves", t.name)
}

// goOn: people come into the rooms that are left, and into a new one elsewhere.
func (c *community) goOn(ctx context.Context, from *town, left int) error {
	rooms, err := from.rooms(ctx)
	if err != nil || len(rooms) != left {
		return fmt.Errorf("%d rooms of %d are here: %w", len(rooms), left, err)
	}
	g := c.guest(1)
	defer g.close()
	for name := range rooms {
		if at, _, err := g.join(from, wire.Join{Name: name}); err != nil || at != from {
			return fmt.Errorf("a room that is left: %w", err)
		}
	}
	if at, _, err := g.join(from, wire.Join{Name: "new"}); err != nil || at != c.towns[2] {
		return fmt.Errorf("a new room is at %v: %w", at, err)
	}
	return nil
}

// comesBackDrained: a server that starts with a successor makes no rooms, though that one is silent.
func comesBackDrained(ctx context.Context, c *community, t *town) error {
	if err := t.kernel.Stop(ctx); err != nil {
		return err
	}
	stranger := [16]byte{9}
	t.start.Generation++
	t.start.Successor = &stranger
	if err := t.kernel.Start(ctx, t.start); !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("a start with a successor that is no peer: %w", err)
	}
	t.start.Successor = &c.towns[1].uuid
	if err := errors.Join(t.kernel.Start(ctx, t.start), t.sees(ctx, c.towns[2], genl.PeerLive)); err != nil {
		return err
	}
	g := c.guest(2)
	defer g.close()
	at, _, err := g.join(t, wire.Join{Name: "after"})
	if err != nil || at != c.towns[2] {
		return fmt.Errorf("a room made at a drained server: %w", err)
	}
	if err := errors.Join(c.towns[2].kernel.Stop(ctx), t.sees(ctx, c.towns[2], genl.PeerSilent)); err != nil {
		return err
	}
	// Nobody else is there: better here than not at all.
	began := time.Now()
	at, _, err = c.guest(3).join(t, wire.Join{Name: "last"})
	if err != nil || at != t {
		return fmt.Errorf("a room when nobody else is there: %w", err)
	}
	fmt.Printf("alone it makes rooms again, in %v\n", time.Since(began).Round(time.Millisecond))
	return nil
}
