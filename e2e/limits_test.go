// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// The tests that change limits, which are the server's, run alone, before the parallel ones. Those of one group run side
// by side.

// full connects until the server has no place left.
func full(t *testing.T, most int, enter func() (*peer.Conn, error)) {
	t.Helper()
	for range most + 1 {
		c, err := enter()
		if err == nil {
			continue
		}
		var wrong *peer.Unexpected
		if c == nil || !errors.As(err, &wrong) {
			t.Fatalf("want ERROR FULL, got %v", err)
		}
		if !isError(err, wire.ErrFull) || wrong.Got.Flags&wire.FlagLast == 0 {
			t.Fatalf("want ERROR FULL with LAST, got %v", err)
		}
		return
	}
	t.Errorf("%d connections, and the limit is %d", most+1, most)
}

// greeted connects and waits for the answer to HELLO, or for an ERROR that comes unasked.
func greeted(t *testing.T) func() (*peer.Conn, error) {
	return func() (*peer.Conn, error) { return greetedAt(t, world.server(t).Addr) }
}

func greetedAt(t *testing.T, address string) (*peer.Conn, error) {
	c, err := peer.Dial(address)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = c.Close() })
	// A server that is full may close before it has read HELLO.
	_ = c.Send(wire.Header{Type: wire.TypeHello}, wire.Hello{Version: wire.Version})
	f, err := c.Next(world.slow(patience))
	if err == nil && f.Type != wire.TypeWelcome {
		err = &peer.Unexpected{Want: wire.TypeWelcome, Got: f}
	}
	return c, err
}

func TestTooManyConnectionsFromOneAddress(t *testing.T) {
	world.set(t, "per_address", 8)
	full(t, 8, greeted(t))
}

func TestPlacesAreGivenBack(t *testing.T) {
	world.set(t, "connections", 10)
	for range 60 {
		c, err := greeted(t)()
		for wait := 0; err != nil && wait < 50; wait++ { // the one before may not be gone yet
			time.Sleep(20 * time.Millisecond)
			c, err = greeted(t)()
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTooManyPeopleInARoom(t *testing.T) {
	world.set(t, "members", 3)
	name := room()
	a, b, c, d := enter(t), enter(t), enter(t), enter(t)
	for _, w := range []*who{a, b, c} {
		w.join(name)
	}
	d.refused(d.send(wire.TypeJoin, 0, wire.Join{Name: name}), wire.ErrRoomFull)
	_, err := c.Part(a.joinElsewhere(t, b, name))
	c.ok(err)
	d.join(name)
}

// joinElsewhere gives the number of a room that both are in.
func (w *who) joinElsewhere(t *testing.T, other *who, name string) uint32 {
	t.Helper()
	for _, e := range roomList(other) {
		if e.Name == name {
			return e.Number
		}
	}
	t.Fatalf("%s is not on the list", name)
	return 0
}

func TestTooManyRooms(t *testing.T) {
	a, b := enter(t), enter(t)
	name := room()
	a.join(name)
	world.set(t, "rooms", 1)
	a.refused(a.send(wire.TypeJoin, 0, wire.Join{Name: room()}), wire.ErrRooms)
	b.join(name)
}

func TestTooManyStreams(t *testing.T) {
	world.set(t, "streams", 2)
	a, b, r := pair(t)
	a.opened(r.Number, begin(wire.StreamFile, blob(10)))
	b.opened(r.Number, begin(wire.StreamFile, blob(10)))
	a.refused(a.send(wire.TypeStreamBegin, r.Number, begin(wire.StreamFile, blob(10))), wire.ErrStreams)
}

// TestFewerStreamsThanThereAre: those that are there go on, whatever the limits have become.
func TestFewerStreamsThanThereAre(t *testing.T) {
	a, b, r := pair(t)
	data := blob(100_000)
	id, credit := a.opensFor(b, r.Number, begin(wire.StreamFile, data))
	a.opened(r.Number, begin(wire.StreamFile, blob(10)))
	world.set(t, "streams", 1)
	world.set(t, "streams_per_person", 1)
	world.set(t, "takers", 1)
	for _, w := range []*who{a, b} {
		w.refused(w.send(wire.TypeStreamBegin, r.Number, begin(wire.StreamFile, blob(10))), wire.ErrStreams)
	}
	a.ok(a.pour(id, data, 0, credit.Limit))
	got, _ := b.drink(id, 0, a.Me.Account)
	if !bytes.Equal(got, data) {
		t.Errorf("%d bytes came, want %d", len(got), len(data))
	}
}

func TestTheLimitsInWelcomeAreThoseThatHold(t *testing.T) {
	for number, name := range map[uint16]string{
		wire.LimitRooms: "rooms_per_connection", wire.LimitMembers: "members", wire.LimitStreams: "streams_per_person", wire.LimitWindow: "window",
		wire.LimitPingMS: "ping_ms", wire.LimitSilenceMS: "silence_ms", wire.LimitLostMS: "lost_ms", wire.LimitSessionMS: "session_ms",
		wire.LimitLoginMS: "login_ms", wire.LimitStoredMS: "stored_ms",
	} {
		params, err := world.kernel(t).Params(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range params {
			if p.Name == name && uint64(greet(t).Welcome.Limit(number, 0)) != p.Value {
				t.Errorf("%s is %d, WELCOME says %d", name, p.Value, greet(t).Welcome.Limit(number, 0))
			}
		}
	}
}

func TestLoginTakesTooLong(t *testing.T) {
	world.set(t, "login_ms", uint64(world.slow(2000)))
	t.Run("group", func(t *testing.T) {
		for name, begin := range map[string]func(t *testing.T) *who{
			"says nothing": func(t *testing.T) *who { return dial(t) },
			"half a HELLO": func(t *testing.T) *who {
				w := dial(t)
				w.ok(w.Bytes(wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello}, wire.Hello{Version: 1, Agent: "half"})[:70]))
				return w
			},
			"half a header": func(t *testing.T) *who {
				w := dial(t)
				w.ok(w.Bytes(make([]byte, 3)))
				return w
			},
			"greeted and silent": func(t *testing.T) *who { return greet(t) },
			"greeted and pinging": func(t *testing.T) *who {
				w := greet(t)
				w.KeepAlive(100 * time.Millisecond)
				return w
			},
			"challenged": func(t *testing.T) *who { return states["CHALLENGED"](t) },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				begin(t).ends(wire.ErrTimeout)
			})
		}
		t.Run("who is in stays", func(t *testing.T) {
			t.Parallel()
			a := enter(t)
			m := media(t, a)
			late := dial(t)
			late.ends(wire.ErrTimeout)
			a.alive()
			m.alive()
		})
	})
}
