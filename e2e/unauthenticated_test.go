// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// Silence keeps nobody out: docs/protocol.md, section 2. These tests change limits, so they run alone.

// connections waits until the server has this many.
func connections(t *testing.T, count uint64) {
	t.Helper()
	eventually(t, "the number of connections", func() bool {
		return status(t, world.server(t)).Counters[wire.CounterConnections] == count
	})
}

// strangers connect and do not log in. The first three are greeted, one after the other: these are the oldest, in their
// order. The others say nothing.
func strangers(t *testing.T, count int) []*who {
	t.Helper()
	list := []*who{greet(t), greet(t), greet(t)}
	for len(list) < count {
		list = append(list, dial(t))
	}
	return list
}

// known logs a new person in, or says why not.
func known(t *testing.T) (*peer.Conn, error) {
	t.Helper()
	a := world.account(t, 0)
	c, err := greeted(t)()
	if err == nil {
		err = c.Login(a.login, a.password)
	}
	return c, err
}

func TestTooManyConnectionsThatHaveNotLoggedIn(t *testing.T) {
	const most = 512
	world.set(t, "unauthenticated", most)
	world.set(t, "login_ms", 600_000)
	connections(t, 0)
	a := enter(t)
	silent := strangers(t, most)
	connections(t, most+1)

	b := enter(t)
	silent[0].ends(wire.ErrFull)
	connections(t, most+1)
	for _, w := range silent[1:3] {
		w.alive()
	}
	// The newcomer is no stranger any more, so one more has a place, and the next one takes that of the oldest.
	dial(t)
	connections(t, most+2)
	last := greet(t)
	silent[1].ends(wire.ErrFull)
	connections(t, most+2)
	for _, w := range []*who{a, b, silent[2], last} {
		w.alive()
	}
}

// TestTheLimitOfStrangersIsNeverPassed: who has made place is gone, whether it closes its end or not.
func TestTheLimitOfStrangersIsNeverPassed(t *testing.T) {
	const most, rounds = 8, 5
	world.set(t, "unauthenticated", most)
	connections(t, 0)
	a := enter(t)
	for range rounds {
		strangers(t, most)
		if n := status(t, world.server(t)).Counters[wire.CounterConnections]; n > most+2 { // a dead one is counted for a moment
			t.Errorf("%d connections, and the limit is %d", n, most)
		}
	}
	connections(t, most+1)
	a.alive()
}

// TestTooManyConnections: strangers make place as long as somebody has not logged in; then it is the new one that goes.
func TestTooManyConnections(t *testing.T) {
	const most, in = 12, 4
	world.set(t, "connections", most)
	connections(t, 0)
	var people []*who
	for range in {
		people = append(people, enter(t))
	}
	silent := strangers(t, most-in)
	connections(t, most)
	people = append(people, enter(t))
	silent[0].ends(wire.ErrFull)
	for range most - in - 1 {
		people = append(people, enter(t))
	}
	for _, w := range silent[1:] {
		w.ends(wire.ErrFull)
	}
	connections(t, most)
	full(t, 0, func() (*peer.Conn, error) { return known(t) })
	for _, w := range people {
		w.alive()
	}
}
