// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"kchat/wire"
)

// blob is so many bytes that say where they stand, and what describes them.
func blob(size int) ([]byte, Attachment) {
	b := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
	return b, Attachment{Hash: sha256.Sum256(b), Size: uint64(size), MIME: "image/png", Name: "cat.png", Width: 4, Height: 3}
}

func begin(a Attachment) wire.StreamBegin {
	return wire.StreamBegin{Size: a.Size, Kind: wire.StreamImage, Hash: a.Hash, MIME: a.MIME, Name: a.Name, Width: a.Width, Height: a.Height}
}

var streamID = wire.ID{0x55}

// announce announces a stream of Anna's in the room.
func (p *peer) announce(b wire.StreamBegin) {
	p.t.Helper()
	p.send(wire.Header{Type: wire.TypeStreamBegin, Room: roomNumber, Epoch: epochOne, Sender: annaID, ID: streamID}, b)
}

// media takes the media connection of the session.
func (n *network) media() *peer {
	n.t.Helper()
	m := n.login()
	if !m.resume || m.kind != wire.ResumeMedia {
		n.t.Fatal("this is no media connection")
	}
	return m
}

// feed sends the chunks of a blob from offset on, and the end.
func (p *peer) feed(b []byte, offset int, hash Hash) {
	p.t.Helper()
	h := wire.Header{Room: roomNumber, Sender: annaID, ID: streamID}
	h.Type = wire.TypeStreamStart
	p.send(h, wire.Number{Value: uint64(offset)})
	for at := offset; at < len(b); at += wire.ChunkMax {
		h.Type, h.Seq = wire.TypeStreamChunk, uint64(at)
		p.send(h, wire.Raw(b[at:min(at+wire.ChunkMax, len(b))]))
	}
	h.Type, h.Seq = wire.TypeStreamEnd, 0
	p.send(h, wire.StreamEnd{Size: uint64(len(b)), Hash: hash})
}

func TestAPictureComesOnTheMediaConnectionAndIsChecked(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = blobs })
		data, a := blob(50_000)
		p.announce(begin(a))
		m := n.media()
		f := m.expect(wire.TypeStreamAccept)
		if b, err := wire.ParseNumber(f.Body); err != nil || b.Value != 0 || f.ID != streamID || f.Room != roomNumber {
			t.Fatal(f, err)
		}
		m.feed(data, 0, a.Hash)
		e := await[TransferEnded](u, nil)
		if e.Err != nil || e.Transfer.Done != a.Size || e.Transfer.From != annaID || e.Transfer.Attached != a {
			t.Errorf("%+v", e)
		}
		if !blobs.Has(a.Hash) {
			t.Error("it is not kept")
		}
	})
}

func TestWithoutAMediaConnectionTheFirstOneServes(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = blobs })
		data, a := blob(20_000)
		p.announce(begin(a))
		m := n.answer()
		m.refuse(m.expect(wire.TypeResume), wire.ErrFull, 0, wire.FlagLast)
		p.expectSoon(wire.TypeStreamAccept)
		p.feed(data, 0, a.Hash)
		if e := await[TransferEnded](u, nil); e.Err != nil || !blobs.Has(a.Hash) {
			t.Errorf("%+v", e)
		}
	})
}

func TestAnInterruptedBlobGoesOnWhereItStopped(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		data, a := blob(60_000)
		blobs.partial[a.Hash] = data[:wire.ChunkMax]
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = blobs })
		p.announce(begin(a))
		m := n.media()
		if b, err := wire.ParseNumber(m.expect(wire.TypeStreamAccept).Body); err != nil || b.Value != wire.ChunkMax {
			t.Fatal(b, err)
		}
		m.feed(data, wire.ChunkMax, a.Hash)
		if e := await[TransferEnded](u, nil); e.Err != nil || !blobs.Has(a.Hash) {
			t.Errorf("%+v", e)
		}
	})
}

func TestBlobsThatAreNotWhatTheySayAreRefused(t *testing.T) {
	data, a := blob(20_000)
	spoilt := bytes.Clone(data)
	spoilt[7] ^= 1
	h := wire.Header{Room: roomNumber, Sender: annaID, ID: streamID}
	with := func(kind wire.Type, seq uint64) wire.Header {
		h.Type, h.Seq = kind, seq
		return h
	}
	for name, c := range map[string]struct {
		feed func(*peer)
		want error
	}{
		"another content": {func(m *peer) { m.feed(spoilt, 0, a.Hash) }, wire.ErrStreamHash},
		"another hash":    {func(m *peer) { m.feed(data, 0, Hash{1}) }, wire.ErrStreamHash},
		"too short":       {func(m *peer) { m.feed(data[:10_000], 0, a.Hash) }, wire.ErrStreamSize},
		"a chunk before the start": {func(m *peer) {
			m.send(with(wire.TypeStreamChunk, 0), wire.Raw("x"))
		}, wire.ErrBadFrame},
		"a hole": {func(m *peer) {
			m.send(with(wire.TypeStreamStart, 0), wire.Number{})
			m.send(with(wire.TypeStreamChunk, 5), wire.Raw("x"))
		}, wire.ErrStreamSlow},
		"cancelled": {func(m *peer) {
			m.send(with(wire.TypeStreamCancel, 0), wire.StreamCancel{Reason: wire.ErrStreamGone})
		}, wire.ErrStreamGone},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				blobs := newMemBlobs()
				u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = blobs })
				p.announce(begin(a))
				m := n.media()
				m.expect(wire.TypeStreamAccept)
				go m.drain()
				c.feed(m)
				if e := await[TransferEnded](u, nil); !errors.Is(e.Err, c.want) {
					t.Error(e.Err)
				}
				if blobs.Has(a.Hash) {
					t.Error("it is kept")
				}
			})
		})
	}
}

func TestWhatIsNotToBeTakenIsNotAccepted(t *testing.T) {
	_, a := blob(100)
	large := a
	large.Size = pictureMax + 1
	file := begin(a)
	file.Kind = wire.StreamFile
	unknown := begin(a)
	unknown.Hash = [32]byte{}
	late := begin(a)
	late.Offset = 50
	for name, b := range map[string]wire.StreamBegin{
		"a file": file, "a picture that is too large": begin(large), "a blob without a hash": unknown, "the end of a blob alone": late,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				_, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = newMemBlobs() })
				p.announce(b)
				p.send(wire.Header{Type: wire.TypePing}, wire.Empty{})
				p.expectSoon(wire.TypePong)
				if len(n.calls) != 0 {
					t.Error("it was accepted")
				}
			})
		})
	}
}

func TestSendBlobSendsTheMessageThenTheBlobAsFarAsTheCreditGoes(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = newMemBlobs() })
		data, a := blob(50_000)
		m, err := u.SendBlob(t.Context(), "lobby", StreamImage, a, "look", bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		f := p.expectSoon(wire.TypeMsg)
		talk, err := wire.ParseTalk(f.Body)
		if err != nil || talk.Descriptor.Hash != a.Hash || string(talk.Text) != "look" || f.ID != wire.ID(m.ID) {
			t.Fatal(talk, err)
		}
		p.echo(f, epochOne, 1)
		f = p.expectSoon(wire.TypeStreamBegin)
		if b, err := wire.ParseStreamBegin(f.Body); err != nil || b != begin(a) {
			t.Fatalf("%+v, %v", b, err)
		}
		credit := func(limit uint64) {
			p.send(wire.Header{Type: wire.TypeStreamCredit, Room: roomNumber, ID: f.ID}, wire.StreamCredit{Limit: limit, Takers: 1})
		}
		second := n.media()
		credit(wire.ChunkMax)
		var got []byte
		for len(got) < len(data) {
			chunk := second.expect(wire.TypeStreamChunk)
			got = append(got, chunk.Body...)
			credit(uint64(len(got)) + wire.ChunkMax)
		}
		end, err := wire.ParseStreamEnd(second.expect(wire.TypeStreamEnd).Body)
		if err != nil || end.Size != a.Size || end.Hash != a.Hash || !bytes.Equal(got, data) {
			t.Error(end, err)
		}
		go second.drain()
		if e := await[TransferEnded](u, nil); e.Err != nil || e.Transfer.Done != a.Size || !e.Transfer.Outgoing {
			t.Errorf("%+v", e)
		}
	})
}

func TestARefusedOrCancelledStreamIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		kind wire.Type
		body wire.Body
		want error
	}{
		"refused":   {wire.TypeError, wire.ErrorBody{Number: wire.ErrStreams, Sentence: "Too many streams."}, wire.ErrStreams},
		"cancelled": {wire.TypeStreamCancel, wire.StreamCancel{Reason: wire.ErrAlone}, ErrAlone},
		"moved":     {wire.TypeStreamCancel, wire.StreamCancel{Reason: wire.ErrMoved}, wire.ErrMoved},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				data, a := blob(50_000)
				u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = newMemBlobs(data) })
				if _, err := u.SendBlob(t.Context(), "lobby", StreamImage, a, "", nil); err != nil {
					t.Fatal(err)
				}
				p.echo(p.expectSoon(wire.TypeMsg), epochOne, 1)
				f := p.expectSoon(wire.TypeStreamBegin)
				go n.media().drain()
				p.send(wire.Header{Type: c.kind, Room: roomNumber, ID: f.ID}, c.body)
				if e := await[TransferEnded](u, nil); !errors.Is(e.Err, c.want) {
					t.Error(e.Err)
				}
			})
		})
	}
}

func TestABlobThatIsAskedForIsSentToWhoAsks(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		data, a := blob(40_000)
		_, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = newMemBlobs(data) })
		p.send(wire.Header{Type: wire.TypeBlobWant, Room: roomNumber, Sender: annaID}, wire.BlobWant{Hash: a.Hash, Offset: wire.ChunkMax})
		f := p.expectSoon(wire.TypeStreamBegin)
		b, err := wire.ParseStreamBegin(f.Body)
		if err != nil || b.To != annaID || b.Offset != wire.ChunkMax || b.Size != a.Size || b.Hash != a.Hash {
			t.Fatalf("%+v, %v", b, err)
		}
		p.send(wire.Header{Type: wire.TypeStreamCredit, Room: roomNumber, ID: f.ID}, wire.StreamCredit{Limit: 1 << 20})
		m := n.media()
		if chunk := m.expect(wire.TypeStreamChunk); !bytes.Equal(chunk.Body, data[wire.ChunkMax:2*wire.ChunkMax]) {
			t.Error("it does not begin where it was asked for")
		}
		go m.drain()
		go p.drain()
	})
}

func TestAPictureOfTheTalkThatDoesNotComeIsAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = blobs })
		_, a := blob(40_000)
		f := said(epochOne, 1, annaID, wire.ID{1}, "look")
		f.Body = wire.Talk{Text: []byte("look"), Descriptor: &wire.Descriptor{Hash: a.Hash, Size: a.Size, MIME: a.MIME, Name: a.Name}}.Append(nil)
		begun := time.Now()
		p.relay(f)
		await[MessageChanged](u, nil)
		want, err := wire.ParseBlobWant(p.expectSoon(wire.TypeBlobWant).Body)
		if err != nil || Hash(want.Hash) != a.Hash || want.Offset != 0 {
			t.Fatal(want, err)
		}
		if d := time.Since(begun); d < blobPatience {
			t.Errorf("asked after %v", d)
		}
		p.expectSoon(wire.TypeBlobWant)
		p.expectSoon(wire.TypeBlobWant)
		go p.drain()
		time.Sleep(time.Minute) // virtual: it is given up
		if err := u.Fetch(t.Context(), "lobby", a); err != nil {
			t.Error(err)
		}
	})
}

func TestFetchSaysWhyItCannot(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _ := open(t, n, meAndAnna()[:1], func(c *Config) { c.Blobs = newMemBlobs() })
		_, a := blob(10)
		if err := u.Fetch(t.Context(), "lobby", a); !errors.Is(err, ErrAlone) {
			t.Error(err)
		}
		if err := u.Fetch(t.Context(), "elsewhere", a); !errors.Is(err, ErrNotInRoom) {
			t.Error(err)
		}
	})
}

func TestATransferEndsWithItsConnection(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = blobs })
		data, a := blob(50_000)
		p.announce(begin(a))
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		h := wire.Header{Type: wire.TypeStreamStart, Room: roomNumber, Sender: annaID, ID: streamID}
		m.send(h, wire.Number{})
		h.Type = wire.TypeStreamChunk
		m.send(h, wire.Raw(data[:wire.ChunkMax]))
		m.conn.Close()
		if e := await[TransferEnded](u, nil); e.Err == nil || !strings.Contains(e.Err.Error(), "reading") {
			t.Errorf("%+v", e)
		}
		if n, err := blobs.Partial(a.Hash); err != nil || n != wire.ChunkMax {
			t.Errorf("%d bytes are kept, %v", n, err)
		}
	})
}
