// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// Sentences of docs/protocol.md that somebody who wrote a client from it alone had to ask about.

// TestInputThatWaitedIsTakenUp: what was not read while answers waited is answered when they have been read. Nothing else
// comes from this client that could wake the server.
func TestInputThatWaitedIsTakenUp(t *testing.T) {
	t.Parallel()
	const count = 1000 // 64,000 bytes of answers: twice what may wait
	w := silent(t, world.account(t, 0))
	var all []byte
	for i := range uint64(count) {
		all = wire.AppendFrame(all, wire.Header{Type: wire.TypePing, ID: number(i)}, wire.Empty{})
	}
	w.ok(w.Bytes(all))
	steady(t, func() uint64 { return bytesIn(t, w) })
	for i := range uint64(count) {
		w.gets(number(i), wire.TypePong)
	}
}

// TestARepeatIsARepeat whatever its type and text, and though nobody else is present any more.
func TestARepeatIsARepeat(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	id := a.say(r.Number, "said once")
	first := a.gets(id, wire.TypeMsg)
	b.gets(id, wire.TypeMsg)
	_, err := b.Part(r.Number)
	b.ok(err)
	a.sees(r.Number, b, wire.PersonLeft)
	for _, c := range []request{{wire.TypeMsg, talk("said once")}, {wire.TypeTopic, talk("something else")}} {
		a.ok(a.Send(wire.Header{Type: c.kind, Room: r.Number, ID: id}, c.body))
		if ack := a.gets(id, wire.TypeAck); ack.Seq != first.Seq || ack.Time != first.Time {
			t.Errorf("ACK of a %v: %+v, first %+v", c.kind, ack.Header, first.Header)
		}
	}
	a.refused(a.say(r.Number, "said now"), wire.ErrAlone)
	// The same id in another room is another message.
	other := a.join(room())
	b.join(other.Name)
	a.sees(other.Number, b, wire.PersonPresent)
	a.ok(a.Say(other.Number, id, "said there"))
	a.gets(id, wire.TypeMsg)
}

// TestBetweenPartAndParted: one has left, and cannot come back before PARTED.
func TestBetweenPartAndParted(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	part, msg, again, join := number(1), number(2), number(3), number(4)
	all := wire.AppendFrame(nil, wire.Header{Type: wire.TypePart, Room: r.Number, ID: part}, wire.Empty{})
	all = wire.AppendFrame(all, wire.Header{Type: wire.TypeMsg, Room: r.Number, ID: msg}, talk("late"))
	all = wire.AppendFrame(all, wire.Header{Type: wire.TypePart, Room: r.Number, ID: again}, wire.Empty{})
	b.ok(b.Bytes(all))
	b.refused(msg, wire.ErrNotInRoom)
	b.refused(again, wire.ErrNotInRoom)
	b.gets(part, wire.TypeParted)
	a.sees(r.Number, b, wire.PersonLeft)
	b.ok(b.Send(wire.Header{Type: wire.TypeJoin, ID: join}, wire.Join{Name: r.Name}))
	b.gets(join, wire.TypeJoined)
}

// TestASessionWithoutAConnectionGivesWay to a login for which there would be no place.
func TestASessionWithoutAConnectionGivesWay(t *testing.T) {
	t.Parallel()
	a := enter(t)
	acct := world.account(t, 0)
	gone := silent(t, acct)
	r := a.join(room())
	a.meets(gone, r)
	for range 15 {
		silent(t, acct)
	}
	gone.ok(gone.Conn.Close())
	a.sees(r.Number, gone, wire.PersonReconnecting)
	silent(t, acct)
	a.sees(r.Number, gone, wire.PersonLeft)
	back := greet(t)
	if err := back.Resume(gone.Me.Session, gone.Key, wire.ResumeSession); !isError(err, wire.ErrSession) {
		t.Errorf("want ERROR SESSION, got %v", err)
	}
}

// TestStreamIsAcceptedOnceAtATime by a connection; one that has cancelled may take it again.
func TestStreamIsAcceptedOnceAtATime(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	data := blob(30_000)
	id, _ := a.opensFor(b, r.Number, begin(wire.StreamFile, data))
	b.in = r.Number
	b.noStream(wire.TypeStreamAccept, id, wire.Number{})
	a.ok(a.chunk(id, 0, data[:10_000]))
	a.ok(a.chunk(id, 0, data[10_000:20_000]))
	a.gets(a.send(wire.TypePing, 0, wire.Empty{}), wire.TypePong) // the server has both chunks
	b.cancel(id, wire.ErrCancelled)
	a.accepted(id, 0)
	b.forgets(id)
	// The chunks begin where the chunk began that holds the offset, or the last one before it.
	for _, c := range []struct{ asked, start uint64 }{{15_000, 10_000}, {25_000, 10_000}, {0, 0}} {
		if start := b.accepts(id, c.asked); start != c.start {
			t.Errorf("accepted from %d: STREAM_START at %d", c.asked, start)
		}
		b.cancel(id, wire.ErrCancelled)
		a.accepted(id, 0)
		b.forgets(id)
	}
}

// forgets passes over the chunks that were under way when the stream was given up.
func (w *who) forgets(id wire.ID) {
	w.t.Helper()
	w.gets(w.send(wire.TypePing, 0, wire.Empty{}), wire.TypePong)
	w.Drop(func(f peer.Frame) bool { return f.ID == id })
}
