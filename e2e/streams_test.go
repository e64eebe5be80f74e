// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// blob is data that no two streams share.
func blob(n int) []byte {
	b := make([]byte, n)
	source := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(world.number())})
	_, _ = source.Read(b) // never fails
	return b
}

func begin(kind uint8, data []byte) wire.StreamBegin {
	return wire.StreamBegin{
		Size: uint64(len(data)), Width: 640, Height: 480, Kind: kind, Hash: sha256.Sum256(data), MIME: "image/png", Name: "picture.png",
	}
}

// opened begins a stream, and gives its id when the credit has come.
func (w *who) opened(r uint32, b wire.StreamBegin) (wire.ID, wire.StreamCredit) {
	w.t.Helper()
	w.in = r
	id := w.send(wire.TypeStreamBegin, r, b)
	credit, err := wire.ParseStreamCredit(w.gets(id, wire.TypeStreamCredit).Body)
	w.ok(err)
	return id, credit
}

// accepts takes a stream from an offset on, and returns the offset at which the chunks begin.
func (w *who) accepts(id wire.ID, offset uint64) uint64 {
	w.t.Helper()
	w.ok(w.Send(wire.Header{Type: wire.TypeStreamAccept, ID: id}, wire.Number{Value: offset}))
	f := w.find("STREAM_START", func(f peer.Frame) bool { return f.ID == id && f.Type != wire.TypeStreamBegin })
	if f.Type != wire.TypeStreamStart {
		w.t.Fatal((&peer.Unexpected{Want: wire.TypeStreamStart, Got: f}).Error())
	}
	start, err := wire.ParseNumber(f.Body)
	w.ok(err)
	return start.Value
}

// accepted waits until the sender hears of so many takers.
func (w *who) accepted(id wire.ID, takers uint32) {
	w.t.Helper()
	w.find("STREAM_CREDIT", func(f peer.Frame) bool {
		if f.ID != id || f.Type != wire.TypeStreamCredit {
			return false
		}
		c, err := wire.ParseStreamCredit(f.Body)
		w.ok(err)
		return c.Takers == takers
	})
}

// opensFor begins a stream that one other takes from its beginning.
func (w *who) opensFor(taker *who, r uint32, b wire.StreamBegin) (wire.ID, wire.StreamCredit) {
	w.t.Helper()
	id, credit := w.opened(r, b)
	taker.accepts(id, 0)
	w.accepted(id, 1)
	return id, credit
}

func (w *who) chunk(id wire.ID, flags wire.Flags, data []byte) error {
	return w.Send(wire.Header{Type: wire.TypeStreamChunk, Flags: flags, Room: w.in, ID: id}, wire.Raw(data))
}

// pour sends the data from an offset on as the credit allows, and then the end.
func (w *who) pour(id wire.ID, data []byte, at, limit uint64) error {
	for at < uint64(len(data)) {
		n := min(wire.ChunkMax, uint64(len(data))-at)
		for at+n > limit {
			f, err := w.Find(w.patience(), func(f peer.Frame) bool { return f.ID == id })
			if err != nil {
				return err
			}
			if f.Type != wire.TypeStreamCredit {
				return &peer.Unexpected{Want: wire.TypeStreamCredit, Got: f}
			}
			c, err := wire.ParseStreamCredit(f.Body)
			if err != nil {
				return err
			}
			limit = c.Limit
		}
		if err := w.chunk(id, 0, data[at:at+n]); err != nil {
			return err
		}
		at += n
	}
	return w.Send(wire.Header{Type: wire.TypeStreamEnd, Room: w.in, ID: id}, wire.StreamEnd{Size: uint64(len(data)), Hash: sha256.Sum256(data)})
}

// drink reads a stream to its end and checks that there is no hole in it.
func (w *who) drink(id wire.ID, from, sender uint64) ([]byte, wire.StreamEnd) {
	w.t.Helper()
	var data []byte
	for {
		f := w.find("the stream", func(f peer.Frame) bool { return f.ID == id })
		switch f.Type {
		case wire.TypeStreamBegin: // in the room, whether it is accepted or not
		case wire.TypeStreamChunk:
			if f.Seq != from+uint64(len(data)) || f.Sender != sender || f.Time == 0 {
				w.t.Fatalf("chunk at %d from %d, want %d from %d", f.Seq, f.Sender, from+uint64(len(data)), sender)
			}
			data = append(data, f.Body...)
		case wire.TypeStreamEnd:
			e, err := wire.ParseStreamEnd(f.Body)
			w.ok(err)
			return data, e
		default:
			w.t.Fatalf("in the stream:%s", names([]peer.Frame{f}))
		}
	}
}

func (w *who) cancelled(id wire.ID, why wire.ErrorNumber) {
	w.t.Helper()
	f := w.find("STREAM_CANCEL", func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeStreamCancel })
	c, err := wire.ParseStreamCancel(f.Body)
	w.ok(err)
	if c.Reason != why {
		w.t.Fatalf("STREAM_CANCEL with %s, want %s", c.Reason.Name(), why.Name())
	}
}

func (w *who) cancel(id wire.ID, why wire.ErrorNumber) {
	w.t.Helper()
	w.ok(w.Send(wire.Header{Type: wire.TypeStreamCancel, ID: id}, wire.StreamCancel{Reason: why}))
}

// noStream waits for ERROR STREAM.
func (w *who) noStream(kind wire.Type, id wire.ID, body wire.Body) {
	w.t.Helper()
	w.ok(w.Send(wire.Header{Type: kind, Room: w.in, ID: id}, body))
	f := w.find("ERROR STREAM", func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeError })
	if e := w.error(f); e.Number != wire.ErrStream || e.Cause != kind {
		w.t.Fatalf("ERROR %s to %v", e.Number.Name(), e.Cause)
	}
}

func TestAFileGoesToAllWhoAccept(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	c, refuses := enter(t), enter(t)
	c.join(r.Name)
	refuses.join(r.Name)
	a.sees(r.Number, refuses, wire.PersonPresent)
	mc := media(t, c)
	data := blob(3<<20 + 12345)
	announced := begin(wire.StreamImage, data)
	id, credit := a.opened(r.Number, announced)
	window := uint64(a.Welcome.Limit(wire.LimitWindow, 0))
	if credit.Limit != window || credit.Takers != 0 {
		t.Errorf("STREAM_CREDIT: %+v with a window of %d", credit, window)
	}
	for _, w := range []*who{b, c, refuses} {
		f := w.gets(id, wire.TypeStreamBegin)
		got, err := wire.ParseStreamBegin(f.Body)
		if err != nil || got != announced || f.Sender != a.Me.Account || f.Room != r.Number {
			t.Errorf("STREAM_BEGIN: %+v, %v", f.Header, err)
		}
	}
	if start := b.accepts(id, 0); start != 0 {
		t.Errorf("STREAM_START at %d", start)
	}
	// With a media connection the chunks come there, wherever it was accepted.
	c.ok(c.Send(wire.Header{Type: wire.TypeStreamAccept, ID: id}, wire.Number{}))
	if f := mc.gets(id, wire.TypeStreamStart); f.Room != r.Number {
		t.Errorf("STREAM_START in room %d, the stream is in %d", f.Room, r.Number)
	}
	a.accepted(id, 2)
	poured := make(chan error, 1)
	go func() { poured <- a.pour(id, data, 0, credit.Limit) }()
	type result struct {
		data []byte
		end  wire.StreamEnd
	}
	second := make(chan result, 1)
	go func() {
		defer close(second) // also when the test fails in drink
		d, e := mc.drink(id, 0, a.Me.Account)
		second <- result{d, e}
	}()
	got, end := b.drink(id, 0, a.Me.Account)
	a.ok(<-poured)
	for _, x := range []result{{got, end}, <-second} {
		if !bytes.Equal(x.data, data) || x.end.Size != uint64(len(data)) || x.end.Hash != announced.Hash {
			t.Errorf("%d bytes came, end %d", len(x.data), x.end.Size)
		}
	}
	for _, w := range []*who{refuses, c, a} {
		w.alive()
		for _, f := range w.Passed() {
			if f.Type == wire.TypeStreamChunk {
				t.Fatal("chunks came to somebody who did not accept")
			}
		}
	}
}

func TestChunksFromTheMediaConnection(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	ma := media(t, a)
	data := blob(100_000)
	id, credit := a.opensFor(b, r.Number, begin(wire.StreamFile, data))
	ma.in = r.Number
	a.ok(ma.pour(id, data, 0, credit.Limit))
	if got, _ := b.drink(id, 0, a.Me.Account); !bytes.Equal(got, data) {
		t.Errorf("%d bytes came", len(got))
	}
}

func TestAcceptLate(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	late, later := enter(t), enter(t)
	late.join(r.Name)
	later.join(r.Name)
	a.sees(r.Number, later, wire.PersonPresent)
	data := blob(200_000)
	id, credit := a.opensFor(b, r.Number, begin(wire.StreamFile, data))
	for at := 0; at < 100_000; at += 10_000 {
		a.ok(a.chunk(id, 0, data[at:at+10_000]))
	}
	b.find("the chunk at 90,000", func(f peer.Frame) bool { return f.ID == id && f.Seq == 90_000 })
	for _, f := range b.Passed() {
		if f.ID == id && f.Type != wire.TypeStreamChunk && f.Type != wire.TypeStreamBegin {
			t.Errorf("in the stream:%s", names([]peer.Frame{f}))
		}
	}
	// The server still holds it all: the offset is at a chunk that begins there, or before.
	start := late.accepts(id, 30_000)
	if start > 30_000 {
		t.Errorf("STREAM_START at %d", start)
	}
	a.ok(a.pour(id, data, 100_000, credit.Limit))
	if got, _ := late.drink(id, start, a.Me.Account); !bytes.Equal(got, data[start:]) {
		t.Errorf("%d bytes came", len(got))
	}
	// A finished stream can still be accepted for a while.
	start = later.accepts(id, 0)
	if got, end := later.drink(id, start, a.Me.Account); !bytes.Equal(got, data[start:]) || end.Size != uint64(len(data)) || start != 0 {
		t.Errorf("%d bytes came from %d on", len(got), start)
	}
}

// TestAPartOfABlob: a stream that begins at an offset, as an answer to BLOB_WANT.
func TestAPartOfABlobToOnePerson(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	c, outside := enter(t), enter(t)
	c.join(r.Name)
	a.sees(r.Number, c, wire.PersonPresent)
	data := blob(50_000)
	announced := begin(wire.StreamFile, data)
	announced.Offset, announced.To = 20_000, b.Me.Account
	id, credit := a.opened(r.Number, announced)
	b.gets(id, wire.TypeStreamBegin)
	if start := b.accepts(id, 0); start != 20_000 {
		t.Errorf("STREAM_START at %d, but the stream begins at 20000", start)
	}
	a.accepted(id, 1)
	a.ok(a.pour(id, data, 20_000, credit.Limit))
	if got, _ := b.drink(id, 20_000, a.Me.Account); !bytes.Equal(got, data[20_000:]) {
		t.Errorf("%d bytes came", len(got))
	}
	for _, w := range []*who{c, outside} {
		w.noStream(wire.TypeStreamAccept, id, wire.Number{})
		for _, f := range w.Passed() {
			if f.ID == id {
				t.Errorf("somebody it was not meant for got%s", names([]peer.Frame{f}))
			}
		}
	}
	announced.To = outside.Me.Account
	a.refused(a.send(wire.TypeStreamBegin, r.Number, announced), wire.ErrOffline)
	announced.To = 1 << 60
	a.refused(a.send(wire.TypeStreamBegin, r.Number, announced), wire.ErrOffline)
}

func TestStreamOfUnknownSize(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	data := blob(30_000)
	announced := begin(wire.StreamFile, data)
	announced.Size, announced.Hash = wire.SizeUnknown, [32]byte{}
	id, credit := a.opensFor(b, r.Number, announced)
	a.ok(a.pour(id, data, 0, credit.Limit))
	if got, end := b.drink(id, 0, a.Me.Account); !bytes.Equal(got, data) || end.Size != 30_000 {
		t.Errorf("%d bytes came, end %d", len(got), end.Size)
	}
}

// TestVideoJumpsToTheNewestKeyFrame: a late taker of a video begins at a key frame.
func TestVideoBeginsAtTheNewestKeyFrame(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	announced := begin(wire.StreamVideo, nil)
	announced.Size, announced.MIME = wire.SizeUnknown, "video/mp4"
	id, _ := a.opened(r.Number, announced)
	for i := range 10 {
		flags := wire.Flags(0)
		if i%4 == 0 {
			flags = wire.FlagKeyframe
		}
		a.ok(a.chunk(id, flags, bytes.Repeat([]byte{byte(i)}, 100)))
	}
	a.alive()
	b.gets(id, wire.TypeStreamBegin)
	if start := b.accepts(id, 0); start != 800 {
		t.Errorf("STREAM_START at %d, the newest key frame is at 800", start)
	}
	f := b.find("a chunk", func(f peer.Frame) bool { return f.ID == id })
	if f.Type != wire.TypeStreamChunk || f.Seq != 800 || f.Flags != wire.FlagKeyframe || f.Body[0] != 8 {
		t.Errorf("the first frame of the video: %+v", f.Header)
	}
}

// TestStreamsDoNotDelayTalk: words pass by a stream on the same connection.
func TestTalkPassesByAStream(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	data := blob(4 << 20)
	id, credit := a.opensFor(b, r.Number, begin(wire.StreamFile, data))
	poured := make(chan error, 1)
	go func() { poured <- a.pour(id, data, 0, credit.Limit) }()
	c := enter(t)
	c.join(r.Name)
	words := make(chan wire.ID, 1)
	go func() {
		said := peer.NewID()
		if err := c.Say(r.Number, said, "in between"); err != nil {
			t.Error(err)
		}
		words <- said
	}()
	said := <-words
	got := 0
	heard := false
	for !heard {
		f := b.find("a frame", func(f peer.Frame) bool { return f.ID == said || f.ID == id })
		heard = f.ID == said
		got += len(f.Body)
	}
	if got >= len(data) {
		t.Error("the words came after the whole stream")
	}
	for f := (peer.Frame{}); f.Type != wire.TypeStreamEnd; {
		f = b.find("the stream", func(f peer.Frame) bool { return f.ID == id })
	}
	a.ok(<-poured)
}
