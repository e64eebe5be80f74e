// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

func TestWhoComesLateIsToldOfTheVideosThatRun(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	film := begin(wire.StreamVideo, nil)
	film.Size, film.Hash, film.MIME = wire.SizeUnknown, [32]byte{}, "video/x-matroska"
	id, _ := a.opensFor(b, r.Number, film)
	for i := range 6 {
		flags := wire.Flags(0)
		if i%4 == 0 {
			flags = wire.FlagKeyframe
		}
		a.ok(a.chunk(id, flags, bytes.Repeat([]byte{byte(i)}, 100)))
	}
	_, _ = a.opened(r.Number, begin(wire.StreamImage, blob(100)))
	only := film
	only.To = b.Me.Account
	whispered, _ := a.opened(r.Number, only)
	a.alive()

	c := enter(t)
	told := c.join(r.Name).Streams
	if len(told) != 1 {
		t.Fatalf("told of %d streams", len(told))
	}
	f := told[0]
	got, err := wire.ParseStreamBegin(f.Body)
	if err != nil || got != film || f.ID != id || f.Sender != a.Me.Account || f.Time == 0 {
		t.Errorf("%+v, %v", f.Header, err)
	}
	if start := c.accepts(id, 0); start != 400 {
		t.Errorf("STREAM_START at %d, the newest key frame is at 400", start)
	}
	if f := c.find("a chunk", func(f peer.Frame) bool { return f.ID == id }); f.Seq != 400 || f.Flags != wire.FlagKeyframe {
		t.Errorf("the first chunk: %+v", f.Header)
	}
	// Who joins once more, with another session, is told too, and of what is for them alone.
	again := enterAs(t, b.acct)
	if told := again.join(r.Name).Streams; len(told) != 2 || told[1].ID != whispered {
		t.Errorf("another session of who takes it is told of %d streams", len(told))
	}
	a.ok(a.Send(wire.Header{Type: wire.TypeStreamEnd, Room: r.Number, ID: id}, wire.StreamEnd{Size: 600, Hash: [32]byte{1}}))
	a.alive()
	if told := enter(t).join(r.Name).Streams; len(told) != 0 {
		t.Errorf("told of %d streams when none is left", len(told))
	}
}
