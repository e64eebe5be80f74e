// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"strings"
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

func TestStreamBeginMalformed(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	edit := func(change func(*wire.StreamBegin)) wire.Body {
		s := wire.StreamBegin{Size: 100, Kind: wire.StreamFile, MIME: "a/b", Name: "n"}
		change(&s)
		return s
	}
	good := wire.Raw(edit(func(*wire.StreamBegin) {}).Append(nil))
	reserved := append(wire.Raw{}, good...)
	reserved[38] = 1
	for name, body := range map[string]wire.Body{
		"kind 0":                  edit(func(s *wire.StreamBegin) { s.Kind = 0 }),
		"kind 4":                  edit(func(s *wire.StreamBegin) { s.Kind = 4 }),
		"offset beyond the size":  edit(func(s *wire.StreamBegin) { s.Offset = 101 }),
		"reserved not 0":          reserved,
		"cut":                     good[:75],
		"MIME cut":                good[:77],
		"something after the end": append(good[:len(good):len(good)], 'x'),
		"MIME of 65":              edit(func(s *wire.StreamBegin) { s.MIME = strings.Repeat("m", 65) }),
		"name of 256":             edit(func(s *wire.StreamBegin) { s.Name = strings.Repeat("n", 256) }),
		"name with an escape":     edit(func(s *wire.StreamBegin) { s.Name = "a\x1b" }),
	} {
		id := a.send(wire.TypeStreamBegin, r.Number, body)
		if e := a.error(a.gets(id, wire.TypeError)); e.Number != wire.ErrBadFrame {
			t.Errorf("%s: ERROR %s", name, e.Number.Name())
		}
	}
	longest := edit(func(s *wire.StreamBegin) { s.MIME, s.Name = strings.Repeat("m", 64), strings.Repeat("n", 255) })
	id := a.send(wire.TypeStreamBegin, r.Number, longest)
	a.gets(id, wire.TypeStreamCredit)
	b.gets(id, wire.TypeStreamBegin)
	a.cancel(id, wire.ErrCancelled)
	only(t, a, b, r)
}

func TestStreamBeginTwiceWithOneID(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100)))
	a.ok(a.Send(wire.Header{Type: wire.TypeStreamBegin, Room: r.Number, ID: id}, begin(wire.StreamFile, blob(100))))
	f := a.find("an answer", func(f peer.Frame) bool { return f.ID == id })
	if f.Type != wire.TypeError {
		t.Errorf("the second STREAM_BEGIN of one id is answered by %v", f.Type)
	}
	b.gets(id, wire.TypeStreamBegin)
	b.accepts(id, 0)
	b.alive()
}

func TestChunkOfNoStream(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	a.in, b.in = r.Number, r.Number
	none := peer.NewID()
	a.noStream(wire.TypeStreamChunk, none, wire.Raw("x"))
	a.noStream(wire.TypeStreamEnd, none, wire.StreamEnd{Size: 1})
	a.noStream(wire.TypeStreamAccept, none, wire.Number{})
	// The stream of somebody else is none of one's own.
	id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100)))
	b.noStream(wire.TypeStreamChunk, id, wire.Raw("x"))
	b.noStream(wire.TypeStreamEnd, id, wire.StreamEnd{Size: 100})
	stranger := enter(t)
	stranger.noStream(wire.TypeStreamAccept, id, wire.Number{})
	// After its end there is nothing to be added.
	b.accepts(id, 0)
	a.accepted(id, 1)
	data := blob(100)
	a.ok(a.chunk(id, 0, data))
	a.ok(a.Send(wire.Header{Type: wire.TypeStreamEnd, Room: r.Number, ID: id}, wire.StreamEnd{Size: 100}))
	a.noStream(wire.TypeStreamChunk, id, wire.Raw("x"))
	a.noStream(wire.TypeStreamEnd, id, wire.StreamEnd{Size: 100})
	if got, _ := b.drink(id, 0, a.Me.Account); !bytes.Equal(got, data) {
		t.Errorf("%d bytes came", len(got))
	}
	a.refused(a.send(wire.TypeStreamChunk, 0, wire.Raw{}), wire.ErrBadFrame)
}

// TestAStreamIsItsSessions: another session of the same person cannot add to it, nor take it for somebody else.
func TestAStreamIsItsSessions(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	second := enterAs(t, a.acct)
	second.join(r.Name)
	id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100)))
	second.in = r.Number
	second.noStream(wire.TypeStreamChunk, id, wire.Raw("x"))
	second.noStream(wire.TypeStreamEnd, id, wire.StreamEnd{})
	b.accepts(id, 0)
	a.accepted(id, 1)
}

func TestChunkBeyondTheSize(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(100)))
	b.accepts(id, 0)
	a.ok(a.chunk(id, 0, make([]byte, 60)))
	a.ok(a.chunk(id, 0, make([]byte, 41)))
	a.cancelled(id, wire.ErrStreamSize)
	b.cancelled(id, wire.ErrStreamSize)
	a.noStream(wire.TypeStreamChunk, id, wire.Raw("x"))
}

func TestEndThatIsNotAsLongAsAnnounced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		announced uint64
		sent      int
		end       uint64
	}{
		"too early":                     {100, 60, 100},
		"says less":                     {100, 100, 60},
		"says more":                     {100, 100, 101},
		"unknown size, says another":    {wire.SizeUnknown, 60, 61},
		"nothing sent, something there": {100, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b, r := pair(t)
			announced := begin(wire.StreamFile, nil)
			announced.Size = c.announced
			id, _ := a.opened(r.Number, announced)
			b.accepts(id, 0)
			if c.sent > 0 {
				a.ok(a.chunk(id, 0, make([]byte, c.sent)))
			}
			a.ok(a.Send(wire.Header{Type: wire.TypeStreamEnd, Room: r.Number, ID: id}, wire.StreamEnd{Size: c.end}))
			a.cancelled(id, wire.ErrStreamSize)
			b.cancelled(id, wire.ErrStreamSize)
		})
	}
}

func TestChunkBeyondTheCredit(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	data := blob(4 << 20)
	id, credit := a.opened(r.Number, begin(wire.StreamFile, data))
	b.gets(id, wire.TypeStreamBegin)
	// Nobody has accepted, so the credit does not grow.
	at := uint64(0)
	for at+wire.ChunkMax <= credit.Limit {
		a.ok(a.chunk(id, 0, data[at:at+wire.ChunkMax]))
		at += wire.ChunkMax
	}
	a.alive()
	for _, f := range a.Passed() {
		if f.Type == wire.TypeStreamCancel {
			t.Fatal("the stream was cancelled within its credit")
		}
	}
	a.ok(a.chunk(id, 0, data[at:at+wire.ChunkMax]))
	a.cancelled(id, wire.ErrStreamCredit)
	b.noStream(wire.TypeStreamAccept, id, wire.Number{})
}

func TestTooManyTakers(t *testing.T) {
	world.set(t, "takers", 1)
	a, b, r := pair(t)
	c := a.meets(enter(t), r)
	id, _ := a.opensFor(b, r.Number, begin(wire.StreamFile, blob(100)))
	c.ok(c.Send(wire.Header{Type: wire.TypeStreamAccept, ID: id}, wire.Number{}))
	f := c.find("ERROR", func(f peer.Frame) bool { return f.ID == id && f.Type != wire.TypeStreamBegin })
	if f.Type != wire.TypeError || c.error(f).Number != wire.ErrBusy {
		t.Errorf("the second taker of one is answered by%s", names([]peer.Frame{f}))
	}
	b.cancel(id, wire.ErrCancelled) // which makes a place
	a.accepted(id, 0)
	c.accepts(id, 0)
}

func TestStreamsOfOnePersonAreLimited(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	limit := int(a.Welcome.Limit(wire.LimitStreams, 0))
	var ids []wire.ID
	for range limit {
		id, _ := a.opened(r.Number, begin(wire.StreamFile, blob(10)))
		ids = append(ids, id)
	}
	a.refused(a.send(wire.TypeStreamBegin, r.Number, begin(wire.StreamFile, blob(10))), wire.ErrStreams)
	second := enterAs(t, a.acct)
	second.join(r.Name)
	second.refused(second.send(wire.TypeStreamBegin, r.Number, begin(wire.StreamFile, blob(10))), wire.ErrStreams)
	b.opened(r.Number, begin(wire.StreamFile, blob(10)))
	a.cancel(ids[0], wire.ErrCancelled)
	a.opened(r.Number, begin(wire.StreamFile, blob(10)))
}
