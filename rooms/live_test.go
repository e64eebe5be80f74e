// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"errors"
	"testing"

	"kchat/wire"
)

// film is live video: neither its hash nor its size is known when it begins.
func film() wire.StreamBegin {
	return wire.StreamBegin{Size: wire.SizeUnknown, Kind: wire.StreamVideo, MIME: "video/x-matroska", Name: "live.mkv"}
}

// takesAll accepts every stream.
func takesAll(blobs *memBlobs) func(*Config) {
	return func(c *Config) {
		c.Blobs, c.StreamMax = blobs, 100_000
		c.Accept = func(Transfer) bool { return true }
	}
}

func TestAStreamWithoutAHashIsNamedByItsEnd(t *testing.T) {
	for name, b := range map[string]wire.StreamBegin{
		"neither hash nor size": film(),
		"no hash":               {Size: 50_000, Kind: wire.StreamFile, MIME: "a/b", Name: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				blobs := newMemBlobs()
				u, p := open(t, n, meAndAnna(), takesAll(blobs))
				data, a := blob(50_000)
				p.announce(b)
				m := n.media()
				if f, err := wire.ParseNumber(m.expect(wire.TypeStreamAccept).Body); err != nil || f.Value != 0 {
					t.Fatal(f, err)
				}
				m.feed(data, 0, a.Hash)
				e := await[TransferEnded](u, nil)
				if got := e.Transfer.Attached; e.Err != nil || got.Hash != a.Hash || got.Size != a.Size || got.Name != b.Name {
					t.Errorf("%+v", e)
				}
				if !blobs.Has(a.Hash) {
					t.Error("it is not kept")
				}
			})
		})
	}
}

// nothingLeft fails when anything of a stream is kept.
func (s *memBlobs) nothingLeft(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.whole)+len(s.partial) > 0 {
		t.Errorf("%d whole blobs and %d beginnings are kept", len(s.whole), len(s.partial))
	}
}

func TestAStreamWithoutANameLeavesNothingUnlessItIsWhole(t *testing.T) {
	data, a := blob(50_000)
	head := wire.Header{Room: roomNumber, Sender: annaID, ID: streamID}
	for name, is := range map[string]struct {
		play func(m *peer)
		want error
	}{
		"another hash": {func(m *peer) {
			m.feed(data, 0, Hash{1})
			m.expect(wire.TypeStreamCancel)
		}, wire.ErrStreamHash},
		"no hash at all": {func(m *peer) {
			m.feed(data, 0, Hash{})
			m.expect(wire.TypeStreamCancel)
		}, wire.ErrStreamHash},
		"another size": {func(m *peer) {
			h := head
			h.Type = wire.TypeStreamStart
			m.send(h, wire.Number{})
			h.Type = wire.TypeStreamChunk
			m.send(h, wire.Raw(data[:100]))
			h.Type = wire.TypeStreamEnd
			m.send(h, wire.StreamEnd{Size: 101, Hash: a.Hash})
			m.expect(wire.TypeStreamCancel)
		}, wire.ErrStreamSize},
		"the sender is gone": {func(m *peer) {
			h := head
			h.Type = wire.TypeStreamStart
			m.send(h, wire.Number{})
			h.Type = wire.TypeStreamChunk
			m.send(h, wire.Raw(data[:1000]))
			h.Type = wire.TypeStreamCancel
			m.send(h, wire.StreamCancel{Reason: wire.ErrStreamGone})
		}, wire.ErrStreamGone},
		"the beginning is missing": {func(m *peer) {
			h := head
			h.Type = wire.TypeStreamStart
			m.send(h, wire.Number{Value: 1000})
			m.expect(wire.TypeStreamCancel)
		}, wire.ErrStreamSlow},
		"more than is taken": {func(m *peer) {
			h := head
			h.Type = wire.TypeStreamStart
			m.send(h, wire.Number{})
			h.Type = wire.TypeStreamChunk
			for at := 0; at <= 100_000; at += wire.ChunkMax {
				h.Seq = uint64(at)
				m.send(h, wire.Raw(make([]byte, wire.ChunkMax)))
			}
			m.expect(wire.TypeStreamCancel)
		}, wire.ErrStreamSize},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				blobs := newMemBlobs()
				u, p := open(t, n, meAndAnna(), takesAll(blobs))
				p.announce(film())
				m := n.media()
				m.expect(wire.TypeStreamAccept)
				is.play(m)
				if e := await[TransferEnded](u, nil); !errors.Is(e.Err, is.want) {
					t.Errorf("%v", e.Err)
				}
				blobs.nothingLeft(t)
			})
		})
	}
}

func TestALostConnectionLeavesNothingOfANamelessStream(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, meAndAnna(), takesAll(blobs))
		p.announce(film())
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		h := wire.Header{Type: wire.TypeStreamStart, Room: roomNumber, Sender: annaID, ID: streamID}
		m.send(h, wire.Number{})
		h.Type = wire.TypeStreamChunk
		m.send(h, wire.Raw("some"))
		p.conn.Close()
		if e := await[TransferEnded](u, nil); e.Err == nil {
			t.Error("it ended well")
		}
		blobs.nothingLeft(t)
	})
}

func TestNobodyTakesALiveStreamByItself(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		_, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = newMemBlobs() })
		b := film()
		b.Kind = wire.StreamImage
		p.announce(b)
		p.send(wire.Header{Type: wire.TypePing, ID: wire.ID{1}}, wire.Empty{})
		p.expectSoon(wire.TypePong)
		if len(n.calls) != 0 {
			t.Error("it is taken")
		}
	})
}

func TestStreamsAtOnceAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), takesAll(newMemBlobs()))
		for i := range incomingMax + 5 {
			p.send(wire.Header{Type: wire.TypeStreamBegin, Room: roomNumber, Epoch: epochOne, Sender: annaID, ID: wire.ID{1, byte(i)}}, film())
		}
		m := n.media()
		for range incomingMax {
			m.expect(wire.TypeStreamAccept)
		}
		p.send(wire.Header{Type: wire.TypePing, ID: wire.ID{1}}, wire.Empty{})
		p.expectSoon(wire.TypePong)
		u.blobs.mu.Lock()
		defer u.blobs.mu.Unlock()
		if got := len(u.blobs.byID); got != incomingMax {
			t.Errorf("%d streams", got)
		}
	})
}
