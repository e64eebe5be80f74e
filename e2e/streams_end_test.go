// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// TestATakerWhoPartsGetsNoMore: chunks are for people of the room.
func TestATakerWhoPartsGetsNoMore(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	c := a.meets(enter(t), r)
	data := blob(60_000)
	id, credit := a.opened(r.Number, begin(wire.StreamFile, data))
	b.accepts(id, 0)
	c.accepts(id, 0)
	a.accepted(id, 2)
	_, err := c.Part(r.Number)
	c.ok(err)
	a.accepted(id, 1)
	a.ok(a.pour(id, data, 0, credit.Limit))
	b.drink(id, 0, a.Me.Account)
	c.alive()
	for _, f := range c.Passed() {
		if f.ID == id && f.Type == wire.TypeStreamChunk {
			t.Fatal("a chunk came after PARTED")
		}
	}
	c.noStream(wire.TypeStreamAccept, id, wire.Number{})
}

func TestCancelByTheSender(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100_000)))
	b.accepts(id, 0)
	a.ok(a.chunk(id, 0, make([]byte, 100)))
	a.cancel(id, wire.ErrCancelled)
	b.cancelled(id, wire.ErrCancelled)
	a.noStream(wire.TypeStreamChunk, id, wire.Raw("x"))
	b.noStream(wire.TypeStreamAccept, id, wire.Number{})
}

func TestCancelByATaker(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	c := a.meets(enter(t), r)
	data := blob(100_000)
	id, credit := a.opened(r.Number, begin(wire.StreamFile, data))
	b.accepts(id, 0)
	c.accepts(id, 0)
	a.accepted(id, 2)
	a.ok(a.chunk(id, 0, data[:1000]))
	c.find("the first chunk", func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeStreamChunk })
	c.cancel(id, wire.ErrCancelled)
	a.accepted(id, 1)
	a.ok(a.pour(id, data, 1000, credit.Limit))
	if got, _ := b.drink(id, 0, a.Me.Account); !bytes.Equal(got, data) {
		t.Errorf("%d bytes came", len(got))
	}
	c.alive()
	for _, f := range c.Passed() {
		if f.ID == id && f.Type == wire.TypeStreamEnd {
			t.Error("the stream went on for somebody who cancelled it")
		}
	}
}

func TestTheSenderIsGone(t *testing.T) {
	t.Parallel()
	for how, leave := range map[string]func(w *who, r uint32){
		"by PART": func(w *who, r uint32) { _, err := w.Part(r); w.ok(err) },
		"by BYE":  func(w *who, _ uint32) { w.send(wire.TypeBye, 0, wire.Empty{}) },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			a, b, r := pair(t)
			id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100_000)))
			b.accepts(id, 0)
			a.ok(a.chunk(id, 0, make([]byte, 100)))
			leave(a, r.Number)
			b.cancelled(id, wire.ErrStreamGone)
			b.noStream(wire.TypeStreamAccept, id, wire.Number{})
		})
	}
}

// TestTheLastRecipientLeaves: the sender hears ALONE, whether they had accepted or not.
func TestTheLastRecipientLeavesInMidStream(t *testing.T) {
	t.Parallel()
	for how, leave := range map[string]func(w *who, r uint32){
		"by PART":    func(w *who, r uint32) { _, err := w.Part(r); w.ok(err) },
		"by BYE":     func(w *who, _ uint32) { w.send(wire.TypeBye, 0, wire.Empty{}) },
		"by closing": func(w *who, _ uint32) { w.ok(w.Close()) },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			a, b, r := pair(t)
			id, _ := a.opensFor(b, r.Number, begin(wire.StreamFile, blob(1_000_000)))
			a.ok(a.chunk(id, 0, make([]byte, 100)))
			leave(b, r.Number)
			a.cancelled(id, wire.ErrAlone)
			a.noStream(wire.TypeStreamChunk, id, wire.Raw("x"))
		})
	}
}

func TestStreamsThatStandStill(t *testing.T) {
	world.set(t, "stream_idle_ms", uint64(world.slow(1500)))
	t.Run("group", func(t *testing.T) {
		end := func(w *who, id wire.ID) {
			w.t.Helper()
			w.find("STREAM_CANCEL", func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeStreamCancel })
		}
		t.Run("nobody accepts", func(t *testing.T) {
			t.Parallel()
			a, _, r := pair(t)
			id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100)))
			end(a, id)
		})
		t.Run("the sender stops", func(t *testing.T) {
			t.Parallel()
			a, b, r := pair(t)
			id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100)))
			b.accepts(id, 0)
			a.ok(a.chunk(id, 0, make([]byte, 50)))
			end(a, id)
			end(b, id)
		})
	})
}

func TestAFinishedStreamIsForgotten(t *testing.T) {
	world.set(t, "stream_linger_ms", 300)
	a, b, r := pair(t)
	data := blob(100)
	id, credit := a.opened(r.Number, begin(wire.StreamFile, data))
	b.accepts(id, 0)
	a.ok(a.pour(id, data, 0, credit.Limit))
	b.drink(id, 0, a.Me.Account)
	for deadline := time.Now().Add(world.slow(patience)); ; time.Sleep(50 * time.Millisecond) {
		c := enter(t)
		c.join(r.Name)
		c.ok(c.Send(wire.Header{Type: wire.TypeStreamAccept, ID: id}, wire.Number{}))
		f := c.find("an answer", func(f peer.Frame) bool { return f.ID == id })
		if f.Type == wire.TypeError && c.error(f).Number == wire.ErrStream {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the stream stays:%s", names([]peer.Frame{f}))
		}
	}
}
