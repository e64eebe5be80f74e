// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"slices"
	"strings"
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// TestTheLogForgetsItsBeginning: with a small log, what is gone is said to be gone.
func TestTheLogForgetsItsBeginning(t *testing.T) {
	world.set(t, "log_bytes", 65536)
	a, b, r := pair(t)
	const count = 300
	text := strings.Repeat("t", 1000)
	ids := make([]wire.ID, count)
	for i := range ids {
		ids[i] = a.say(r.Number, text)
		b.gets(ids[i], wire.TypeMsg)
	}
	_, err := b.Part(r.Number)
	b.ok(err)
	for _, j := range []wire.Join{{Name: r.Name, Epoch: r.Epoch, Seq: 1}, {Name: r.Name, Epoch: r.Epoch - 1, Seq: 9}} {
		got := b.joinAs(j)
		past := lasting(got.Past)
		if got.First < 2 || got.Start+1 < got.First || got.Seq != count || len(past) != int(count-got.Start) || len(past) < 20 {
			t.Errorf("first %d, start %d, %d messages", got.First, got.Start, len(past))
		}
		for i, f := range past {
			if f.Seq != got.Start+1+uint64(i) || f.ID != ids[f.Seq-1] {
				t.Fatalf("message %d has the sequence %d", i, f.Seq)
			}
		}
		_, err := b.Part(r.Number)
		b.ok(err)
	}
	// A repeat of what is still in the log is one, with the table as large as the log.
	b.join(r.Name)
	a.sees(r.Number, b, wire.PersonPresent)
	a.ok(a.Say(r.Number, ids[count-1], text))
	if ack := a.find("ACK", func(f peer.Frame) bool { return f.ID == ids[count-1] && f.Type == wire.TypeAck }); ack.Seq != count {
		t.Errorf("ACK has the sequence %d", ack.Seq)
	}
}

// TestARoomIsForgotten: after some time without people, and what comes back has a larger epoch.
func TestARoomIsForgottenAndItsEpochGrows(t *testing.T) {
	world.set(t, "room_idle_ms", 300)
	a, b, r := pair(t)
	id := a.say(r.Number, "to be forgotten")
	b.gets(id, wire.TypeMsg)
	for _, w := range []*who{a, b} {
		_, err := w.Part(r.Number)
		w.ok(err)
	}
	eventually(t, "the end of the room", func() bool {
		return !slices.ContainsFunc(roomList(a), func(e wire.RoomEntry) bool { return e.Name == r.Name })
	})
	a.refused(a.send(wire.TypeJoin, 0, wire.Join{Name: r.Name, Flags: wire.JoinExisting}), wire.ErrNoRoom)
	again := a.joinAs(wire.Join{Name: r.Name, Epoch: r.Epoch, Seq: 1})
	if again.Epoch <= r.Epoch || again.Seq != 0 || len(lasting(again.Past)) != 0 {
		t.Errorf("epoch %d after %d, sequence %d, %d messages", again.Epoch, r.Epoch, again.Seq, len(again.Past))
	}
}

// TestMemoryIsBounded: many rooms, each with a full log, and less memory than that.
func TestMemoryIsBounded(t *testing.T) {
	const limit = 4 << 20
	world.set(t, "memory", limit)
	a, b := enter(t), enter(t)
	text := strings.Repeat("t", wire.TextMax)
	for range 12 {
		name := room()
		ra, err := a.Join(wire.Join{Name: name})
		if isError(err, wire.ErrBusy) {
			continue
		}
		a.ok(err)
		b.join(name)
		for range 50 {
			id := a.say(ra.Number, text)
			f := a.find("an answer", func(f peer.Frame) bool { return f.ID == id })
			if f.Type == wire.TypeError && a.error(f).Number != wire.ErrBusy {
				t.Fatalf("ERROR %s", a.error(f).Number.Name())
			}
			if f.Type == wire.TypeMsg {
				b.gets(id, wire.TypeMsg)
			}
		}
		if held := status(t, world.server(t)).Counters[wire.CounterLogBytes]; held > limit+limit/4 {
			t.Fatalf("the logs hold %d bytes, the limit is %d", held, limit)
		}
	}
	// Who comes now is not shut out for ever by what was said before.
	c, d := enter(t), enter(t)
	name := room()
	eventually(t, "a room for somebody else", func() bool {
		_, err := c.Join(wire.Join{Name: name})
		if !isError(err, wire.ErrBusy) {
			c.ok(err)
		}
		return err == nil
	})
	r := d.join(name)
	eventually(t, "a message that goes through", func() bool {
		id := c.say(r.Number, "room for me?")
		return c.find("an answer", func(f peer.Frame) bool { return f.ID == id }).Type == wire.TypeMsg
	})
	d.typed(wire.TypeMsg)
}
