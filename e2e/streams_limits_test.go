// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// TestTinyChunksOutrunTheirCredit: the credit counts bytes of the blob, the server its memory.
func TestTinyChunksOutrunTheirCredit(t *testing.T) {
	world.set(t, "window", 65536)
	a, b, r := pair(t)
	id, credit := a.opened(r.Number, begin(wire.StreamFile, blob(60_000)))
	b.gets(id, wire.TypeStreamBegin)
	if credit.Limit != 65536 {
		t.Fatalf("STREAM_CREDIT %d", credit.Limit)
	}
	// Four windows are 64 pages.
	for range 60 {
		a.ok(a.chunk(id, 0, []byte("x")))
	}
	a.alive()
	for _, f := range a.Passed() {
		if f.ID == id && f.Type == wire.TypeStreamCancel {
			t.Fatal("the stream was cancelled with 60 pages of 64")
		}
	}
	for range 10 {
		a.ok(a.chunk(id, 0, []byte("x")))
	}
	a.cancelled(id, wire.ErrStreamCredit)
	b.noStream(wire.TypeStreamAccept, id, wire.Number{})
	// Chunks of 2048 bytes use the whole credit.
	id, credit = a.opened(r.Number, begin(wire.StreamFile, blob(65536)))
	for at := uint64(0); at < credit.Limit; at += 2048 {
		a.ok(a.chunk(id, 0, make([]byte, 2048)))
	}
	a.alive()
	for _, f := range a.Passed() {
		if f.ID == id && f.Type == wire.TypeStreamCancel {
			t.Fatal("chunks of 2048 bytes outran their credit")
		}
	}
}

// TestOffsetsDoNotWrap: the last offset is 2^63-1, so that no sum of offsets wraps.
func TestOffsetsDoNotWrap(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	announced := begin(wire.StreamFile, nil)
	announced.Size, announced.Offset = wire.SizeUnknown, wire.SizeMax-10
	id, credit := a.opened(r.Number, announced)
	if credit.Limit <= announced.Offset {
		t.Errorf("STREAM_CREDIT %d wrapped", credit.Limit)
	}
	if start := b.accepts(id, 0); start != announced.Offset {
		t.Errorf("STREAM_START at %d", start)
	}
	a.ok(a.chunk(id, 0, make([]byte, 10)))
	if f := b.find("the chunk", func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeStreamChunk }); f.Seq != announced.Offset {
		t.Errorf("a chunk at %d", f.Seq)
	}
	a.ok(a.chunk(id, 0, make([]byte, 1)))
	a.cancelled(id, wire.ErrStreamSize)
	b.cancelled(id, wire.ErrStreamSize)
}

// TestTheOneItIsForLeaves: a stream to one person ends when they go, whoever else is there.
func TestTheOneItIsForLeaves(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	c := a.meets(enter(t), r)
	announced := begin(wire.StreamFile, blob(100_000))
	announced.To = b.Me.Account
	id, _ := a.opened(r.Number, announced)
	b.accepts(id, 0)
	a.accepted(id, 1)
	_, err := b.Part(r.Number)
	b.ok(err)
	a.cancelled(id, wire.ErrOffline)
	a.noStream(wire.TypeStreamChunk, id, wire.Raw("x"))
	c.alive()
}

// TestTheEndOfAStreamToNobody: who ends a stream to which nobody listens any more does not believe that it was sent.
func TestTheEndOfAStreamToNobody(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100)))
	b.accepts(id, 0)
	a.accepted(id, 1)
	a.ok(a.chunk(id, 0, make([]byte, 100)))
	_, err := b.Part(r.Number)
	b.ok(err)
	// Whether the server has noticed by itself or does so now.
	a.ok(a.Send(wire.Header{Type: wire.TypeStreamEnd, Room: r.Number, ID: id}, wire.StreamEnd{Size: 100}))
	a.cancelled(id, wire.ErrAlone)
}

// TestPartEndsWhatTheMediaConnectionTakes: PART on the first connection ends what the other one takes.
func TestPartEndsWhatTheMediaConnectionTakes(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	c := a.meets(enter(t), r)
	mc := media(t, c)
	data := blob(3 << 20)
	id, credit := a.opened(r.Number, begin(wire.StreamFile, data))
	b.accepts(id, 0)
	mc.accepts(id, 0)
	a.accepted(id, 2)
	_, err := c.Part(r.Number)
	c.ok(err)
	mc.cancelled(id, wire.ErrNotInRoom)
	a.accepted(id, 1)
	poured := make(chan error, 1)
	go func() { poured <- a.pour(id, data, 0, credit.Limit) }()
	b.drink(id, 0, a.Me.Account)
	a.ok(<-poured)
	mc.alive()
	for _, f := range mc.Passed() {
		if f.ID == id && f.Type == wire.TypeStreamChunk {
			t.Fatal("a chunk came after the end")
		}
	}
}

// TestASlowReaderDoesNotHoldAFinishedStream: the rate counts after STREAM_END as well.
func TestASlowReaderDoesNotHoldAFinishedStream(t *testing.T) {
	world.set(t, "stall_ms", 600_000)
	world.set(t, "stream_linger_ms", 100)
	world.set(t, "stream_floor", 1<<30)
	world.set(t, "window", 16<<20)
	a, b, r := pair(t)
	lazy := a.meets(narrow(t), r)
	data := blob(15 << 20) // more than all sockets between hold
	id, credit := a.opened(r.Number, begin(wire.StreamFile, data))
	lazy.accepts(id, 0)
	a.accepted(id, 1)
	a.ok(a.pour(id, data, 0, credit.Limit))
	eventually(t, "the end of the stream", func() bool {
		b.alive()
		return status(t, world.server(t)).Counters[wire.CounterStreams] == 0
	})
	lazy.cancelled(id, wire.ErrStreamSlow)
}

// TestAWantForNothingIsRelayed: a WANT that asks for nothing says how far its author knows an epoch.
func TestAWantForNothingIsRelayed(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	want := wire.Want{FromEpoch: 7, FromSeq: 9, ToEpoch: 7, ToSeq: 9}
	id := a.send(wire.TypeWant, r.Number, want)
	got, err := wire.ParseWant(b.gets(id, wire.TypeWant).Body)
	if err != nil || got != want {
		t.Errorf("WANT %+v, %v", got, err)
	}
}
