// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// everybody logs all in, has somebody say a word in each room, and hears it everywhere. Then they leave, and the server
// has to know it.
func everybody(ctx context.Context, p plan) error {
	watcher, err := p.crowd(ctx, p.people, 1, func(int) string { return "watch" })
	if err != nil {
		return err
	}
	defer leave(watcher)
	watch := watcher[0]
	watch.KeepAlive(time.Second)

	began := time.Now()
	people, err := p.crowd(ctx, 0, p.people, func(i int) string { return fmt.Sprintf("room%d", i%p.rooms) })
	defer func() { leave(people) }()
	if err != nil {
		return err
	}
	entered := since(began)
	if err := watch.counts(wire.CounterSessions, uint64(p.people)+1); err != nil {
		return err
	}

	began = time.Now()
	err = several(ctx, p.rooms, func(r int) error {
		id := peer.NewID()
		if err := people[r].Say(people[r].room.Number, id, "a word"); err != nil {
			return err
		}
		for i := r; i < p.people; i += p.rooms {
			if err := people[i].hears(id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	heard := since(began)
	logs, err := watch.counter(wire.CounterLogBytes)
	if err != nil {
		return err
	}
	fmt.Printf("%d people in %d rooms logged in within %v, heard a word within %v; the logs hold %d bytes\n",
		p.people, p.rooms, entered, heard, logs)

	for _, who := range people {
		if err := who.bye(); err != nil {
			return fmt.Errorf("%s: leaving: %w", who.login, err)
		}
	}
	return watch.counts(wire.CounterSessions, 1)
}
