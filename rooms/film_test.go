// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"sync"
	"testing"

	"kchat/wire"
)

// filmBlobs takes videos as they come.
type filmBlobs struct {
	*memBlobs

	mu    sync.Mutex
	films []*memFilm
}

type memFilm struct {
	mu     sync.Mutex
	from   uint64
	at     []uint64 // of the chunks
	keys   []uint64 // of the marked ones
	whole  bool
	ended  bool
	closed bool
}

func (b *filmBlobs) ReceiveVideo(_ Transfer, from, _ uint64) (FilmWriter, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := &memFilm{from: from, whole: from == 0}
	b.films = append(b.films, f)
	return f, nil
}

func (b *filmBlobs) film(t *testing.T) *memFilm {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.films) != 1 {
		t.Fatalf("%d films", len(b.films))
	}
	return b.films[0]
}

func (f *memFilm) Chunk(at uint64, key bool, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.at); n > 0 && at > f.at[n-1]+wire.ChunkMax {
		f.whole = false
	}
	f.at = append(f.at, at)
	if key {
		f.keys = append(f.keys, at)
	}
	return nil
}

func (f *memFilm) End(uint64, Hash) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	return f.whole, nil
}

func (f *memFilm) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

// movie is a video of n whole chunks, and what announces it.
func movie(n int) ([]byte, wire.StreamBegin) {
	b, a := blob(n * wire.ChunkMax)
	w := begin(a)
	w.Kind, w.MIME, w.Name = wire.StreamVideo, "video/x-matroska", "cat.mkv"
	return b, w
}

func anything(Transfer) bool { return true }

func TestAVideoGoesOnBehindWhatTheServerLeavesOut(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := &filmBlobs{memBlobs: newMemBlobs()}
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs, c.Accept = blobs, anything })
		data, b := movie(4)
		b.Size, b.Hash = wire.SizeUnknown, [32]byte{}
		p.announce(b)
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		h := wire.Header{Type: wire.TypeStreamStart, Room: roomNumber, Sender: annaID, ID: streamID}
		m.send(h, wire.Number{})
		h.Type = wire.TypeStreamChunk
		for _, at := range []int{0, 3} {
			h.Seq, h.Flags = uint64(at*wire.ChunkMax), wire.FlagKeyframe
			m.send(h, wire.Raw(data[at*wire.ChunkMax:(at+1)*wire.ChunkMax]))
		}
		h.Type, h.Seq, h.Flags = wire.TypeStreamEnd, 0, 0
		m.send(h, wire.StreamEnd{Size: uint64(len(data)), Hash: sha256.Sum256(data)})
		if e := await[TransferEnded](u, nil); !errors.Is(e.Err, ErrSkipped) || e.Transfer.Stream != MessageID(streamID) {
			t.Errorf("%+v", e)
		}
		f := blobs.film(t)
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.keys) != 2 || f.keys[1] != 3*wire.ChunkMax || !f.ended {
			t.Errorf("%+v", f)
		}
	})
}

func TestAVideoThatEndsOtherwiseIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := &filmBlobs{memBlobs: newMemBlobs()}
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs, c.Accept = blobs, anything })
		_, b := movie(4)
		p.announce(b)
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		go m.drain()
		h := wire.Header{Type: wire.TypeStreamStart, Room: roomNumber, Sender: annaID, ID: streamID}
		m.send(h, wire.Number{})
		h.Type = wire.TypeStreamCancel
		m.send(h, wire.StreamCancel{Reason: wire.ErrStreamGone})
		if e := await[TransferEnded](u, nil); !errors.Is(e.Err, wire.ErrStreamGone) {
			t.Errorf("%+v", e)
		}
		f := blobs.film(t)
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.closed || f.ended {
			t.Errorf("%+v", f)
		}
	})
}

func TestWhatTheRuleDoesNotTakeIsOfferedAndCanBeTaken(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := &filmBlobs{memBlobs: newMemBlobs()}
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = blobs })
		_, b := movie(4)
		b.Size, b.Hash = wire.SizeUnknown, [32]byte{}
		p.announce(b)
		e := await[Offered](u, nil)
		if e.Transfer.Attached.Name != "cat.mkv" || e.Transfer.From != annaID || e.Transfer.Kind != StreamVideo {
			t.Errorf("%+v", e)
		}
		if err := u.Take(t.Context(), e.Transfer.Stream); err != nil {
			t.Fatal(err)
		}
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		go m.drain()
		if err := u.Take(t.Context(), e.Transfer.Stream); !errors.Is(err, ErrNoStream) {
			t.Errorf("twice: %v", err)
		}
		if err := u.Take(t.Context(), MessageID{9}); !errors.Is(err, ErrNoStream) {
			t.Errorf("another: %v", err)
		}
	})
}

// pieces gives so many, of which every third is marked.
type pieces struct {
	data []byte
	n    int
	err  error // at the end; nil: io.EOF
}

func (p *pieces) Next() (Piece, error) {
	if len(p.data) == 0 {
		if p.err != nil {
			return Piece{}, p.err
		}
		return Piece{}, io.EOF
	}
	n := min(len(p.data), 10_000)
	piece := Piece{Data: p.data[:n], Key: p.n%3 == 0}
	p.data, p.n = p.data[n:], p.n+1
	return piece, nil
}

// Stop implements LivePieces: nothing is waited for.
func (p *pieces) Stop() {}

// credited takes STREAM_BEGIN and allows everything.
func (p *peer) credited() (wire.Frame, wire.StreamBegin) {
	p.t.Helper()
	f := p.expectSoon(wire.TypeStreamBegin)
	b, err := wire.ParseStreamBegin(f.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(wire.Header{Type: wire.TypeStreamCredit, Room: roomNumber, ID: f.ID}, wire.StreamCredit{Limit: 1 << 30, Takers: 1})
	return f, b
}

func TestAVideoIsCutWhereDecodersCanBegin(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		data, b := movie(4)
		blobs := newMemBlobs(data)
		u, p := open(t, n, meAndAnna(), func(c *Config) {
			c.Blobs = blobs
			c.Cut = func(blob io.Reader) Pieces {
				all, err := io.ReadAll(blob)
				if err != nil {
					t.Error(err)
				}
				return &pieces{data: all}
			}
		})
		a := Attachment{Hash: b.Hash, Size: b.Size, MIME: b.MIME, Name: b.Name}
		if _, err := u.SendBlob(t.Context(), "lobby", StreamVideo, a, "", nil); err != nil {
			t.Fatal(err)
		}
		p.echo(p.expectSoon(wire.TypeMsg), epochOne, 1)
		if _, got := p.credited(); got.Kind != wire.StreamVideo {
			t.Errorf("%+v", got)
		}
		m := n.media()
		var got []byte
		for i := 0; len(got) < len(data); i++ {
			f := m.expect(wire.TypeStreamChunk)
			if marked := f.Flags&wire.FlagKeyframe != 0; marked != (i%3 == 0) {
				t.Errorf("chunk %d: marked %v", i, marked)
			}
			got = append(got, f.Body...)
		}
		if !bytes.Equal(got, data) {
			t.Error("other bytes")
		}
		m.expect(wire.TypeStreamEnd)
		go m.drain()
		// Who asks for it gets all of it, whatever the line is like.
		p.send(wire.Header{Type: wire.TypeBlobWant, Room: roomNumber, Sender: annaID}, wire.BlobWant{Hash: a.Hash})
		if _, got := p.credited(); got.Kind != wire.StreamFile || got.To != annaID {
			t.Errorf("%+v", got)
		}
		go p.drain()
	})
}

func TestALiveVideoIsNamedAtItsEndAndKept(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = blobs })
		data, _ := movie(3)
		type result struct {
			a   Attachment
			err error
		}
		done := make(chan result, 1)
		go func() {
			a, err := u.SendLive(t.Context(), "lobby", Attachment{MIME: "video/x-matroska", Name: "live", Width: 4, Height: 3}, &pieces{data: data})
			done <- result{a, err}
		}()
		if _, b := p.credited(); b.Size != wire.SizeUnknown || b.Hash != [32]byte{} || b.Kind != wire.StreamVideo || b.Name != "live" {
			t.Errorf("%+v", b)
		}
		m := n.media()
		var got []byte
		for len(got) < len(data) {
			got = append(got, m.expect(wire.TypeStreamChunk).Body...)
		}
		end, err := wire.ParseStreamEnd(m.expect(wire.TypeStreamEnd).Body)
		if err != nil || end.Size != uint64(len(data)) || end.Hash != sha256.Sum256(data) {
			t.Error(end, err)
		}
		go m.drain()
		if r := <-done; r.err != nil || r.a.Hash != Hash(end.Hash) || r.a.Size != end.Size || !blobs.Has(r.a.Hash) {
			t.Errorf("%+v", r)
		}
	})
}

func TestALiveVideoThatBreaksIsCancelled(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = newMemBlobs() })
		data, _ := movie(1)
		broken := errors.New("the camera is gone")
		done := make(chan error, 1)
		go func() {
			_, err := u.SendLive(t.Context(), "lobby", Attachment{MIME: "video/x-matroska", Name: "live"}, &pieces{data: data, err: broken})
			done <- err
		}()
		f, _ := p.credited()
		go n.media().drain()
		if c := p.expectSoon(wire.TypeStreamCancel); c.ID != f.ID {
			t.Error(c)
		}
		if err := <-done; !errors.Is(err, broken) {
			t.Error(err)
		}
		go p.drain()
	})
}

func TestALiveVideoNeedsSomebody(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _ := open(t, n, meAndAnna()[:1], func(c *Config) { c.Blobs = newMemBlobs() })
		if _, err := u.SendLive(t.Context(), "lobby", Attachment{}, &pieces{}); !errors.Is(err, ErrAlone) {
			t.Error(err)
		}
		if _, err := u.SendLive(t.Context(), "elsewhere", Attachment{}, &pieces{}); !errors.Is(err, ErrNotInRoom) {
			t.Error(err)
		}
	})
}
