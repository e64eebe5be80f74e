// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"kchat/wire"
)

const carlID = 3

// withCarl are three people.
func withCarl() []wire.Person { return append(meAndAnna(), person(carlID, "Carl", wire.PersonPresent)) }

// takeAll lets a client take whatever is offered.
func takeAll(blobs *memBlobs) func(*Config) {
	return func(c *Config) { c.Blobs, c.Accept = blobs, func(Transfer) bool { return true } }
}

// mention relays a message of Anna's to which a blob belongs.
func (p *peer) mention(seq uint64, a Attachment) {
	p.t.Helper()
	f := said(epochOne, seq, annaID, wire.ID{byte(seq)}, "")
	f.Body = wire.Talk{Descriptor: &wire.Descriptor{Hash: a.Hash, Size: a.Size, MIME: a.MIME, Name: a.Name}}.Append(nil)
	p.relay(f)
}

// offers announces a stream of somebody's. Its id is theirs.
func (p *peer) offers(who uint64, b wire.StreamBegin) {
	p.t.Helper()
	p.send(wire.Header{Type: wire.TypeStreamBegin, Room: roomNumber, Epoch: epochOne, Sender: who, ID: wire.ID{byte(who)}}, b)
}

// feeds sends a part of a stream of somebody's, and with a hash its end.
func (p *peer) feeds(who uint64, b []byte, from, to int, end Hash) {
	p.t.Helper()
	h := wire.Header{Type: wire.TypeStreamStart, Room: roomNumber, Sender: who, ID: wire.ID{byte(who)}}
	p.send(h, wire.Number{Value: uint64(from)})
	for at := from; at < to; at += wire.ChunkMax {
		h.Type, h.Seq = wire.TypeStreamChunk, uint64(at)
		p.send(h, wire.Raw(b[at:min(at+wire.ChunkMax, to)]))
	}
	if !end.IsZero() {
		h.Type, h.Seq = wire.TypeStreamEnd, 0
		p.send(h, wire.StreamEnd{Size: uint64(len(b)), Hash: end})
	}
}

// wantsBlob is the next question for a blob.
func (p *peer) wantsBlob(a Attachment, offset uint64) {
	p.t.Helper()
	want, err := wire.ParseBlobWant(p.expectSoon(wire.TypeBlobWant).Body)
	if err != nil || Hash(want.Hash) != a.Hash || want.Offset != offset {
		p.t.Fatalf("%+v, %v; expected offset %d", want, err, offset)
	}
}

// wantsNoBlob lets an hour pass in which the client asks for no blob.
func (p *peer) wantsNoBlob() {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
		p.t.Fatal(err)
	}
	for {
		f, err := p.read()
		if err != nil {
			return
		}
		if f.Type != wire.TypeStored {
			p.t.Errorf("the client sent %v", f.Type)
		}
	}
}

func TestAfterAnInterruptionSomebodyElseGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, withCarl(), takeAll(blobs))
		data, a := blob(3 * wire.ChunkMax)
		p.mention(1, a)
		p.offers(annaID, begin(a))
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		m.feeds(annaID, data, 0, wire.ChunkMax, Hash{})
		m.send(wire.Header{Type: wire.TypeStreamCancel, Room: roomNumber, ID: wire.ID{annaID}}, wire.StreamCancel{Reason: wire.ErrStreamGone})
		if e := await[TransferEnded](u, nil); !errors.Is(e.Err, wire.ErrStreamGone) || e.Transfer.Done != wire.ChunkMax {
			t.Fatalf("%+v", e)
		}
		p.wantsBlob(a, wire.ChunkMax)
		rest := begin(a)
		rest.Offset, rest.To = wire.ChunkMax, myID
		p.offers(carlID, rest)
		if at, err := wire.ParseNumber(m.expect(wire.TypeStreamAccept).Body); err != nil || at.Value != wire.ChunkMax {
			t.Fatal(at, err)
		}
		m.feeds(carlID, data, wire.ChunkMax, len(data), a.Hash)
		if e := await[TransferEnded](u, nil); e.Err != nil || e.Transfer.From != carlID || !blobs.Has(a.Hash) {
			t.Errorf("%+v", e)
		}
		p.wantsNoBlob()
	})
}

func TestWhoSentOtherBytesIsNotAskedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, withCarl(), takeAll(blobs))
		data, a := blob(2 * wire.ChunkMax)
		spoilt := bytes.Clone(data)
		spoilt[7] ^= 1
		p.mention(1, a)
		p.offers(annaID, begin(a))
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		m.feeds(annaID, spoilt, 0, len(data), a.Hash)
		m.expect(wire.TypeStreamCancel)
		if e := await[TransferEnded](u, nil); !errors.Is(e.Err, wire.ErrStreamHash) {
			t.Fatalf("%+v", e)
		}
		if kept, err := blobs.Partial(a.Hash); kept != 0 || err != nil {
			t.Errorf("%d wrong bytes are kept, %v", kept, err)
		}
		p.wantsBlob(a, 0)
		p.offers(annaID, begin(a)) // who is faster
		p.offers(carlID, begin(a))
		if f := m.expect(wire.TypeStreamAccept); f.ID != (wire.ID{carlID}) {
			t.Fatal("the liar is trusted again")
		}
		m.feeds(carlID, data, 0, len(data), a.Hash)
		if e := await[TransferEnded](u, nil); e.Err != nil || !blobs.Has(a.Hash) {
			t.Errorf("%+v", e)
		}
	})
}

func TestNobodyIsBlamedForTheBytesOfAnother(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, withCarl(), takeAll(blobs))
		data, a := blob(2 * wire.ChunkMax)
		blobs.partial[a.Hash] = make([]byte, wire.ChunkMax) // nobody knows whose, and wrong
		p.mention(1, a)
		p.offers(annaID, begin(a))
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		m.feeds(annaID, data, wire.ChunkMax, len(data), a.Hash)
		m.expect(wire.TypeStreamCancel)
		if e := await[TransferEnded](u, nil); !errors.Is(e.Err, wire.ErrStreamHash) {
			t.Fatalf("%+v", e)
		}
		p.wantsBlob(a, 0)
		p.offers(annaID, begin(a))
		m.expect(wire.TypeStreamAccept)
		m.feeds(annaID, data, 0, len(data), a.Hash)
		if e := await[TransferEnded](u, nil); e.Err != nil || !blobs.Has(a.Hash) {
			t.Errorf("%+v", e)
		}
	})
}

func TestWhatWasStoppedStaysStopped(t *testing.T) {
	for name, stop := range map[string]func(u *user, m *peer, a Attachment){
		"by us": func(u *user, m *peer, a Attachment) {
			u.StopBlob("lobby", a.Hash)
			m.expect(wire.TypeStreamCancel)
		},
		"by the sender": func(_ *user, m *peer, _ Attachment) {
			m.send(wire.Header{Type: wire.TypeStreamCancel, Room: roomNumber, ID: wire.ID{annaID}}, wire.StreamCancel{Reason: wire.ErrCancelled})
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				u, p := open(t, n, withCarl(), takeAll(newMemBlobs()))
				data, a := blob(2 * wire.ChunkMax)
				p.mention(1, a)
				p.offers(annaID, begin(a))
				m := n.media()
				m.expect(wire.TypeStreamAccept)
				m.feeds(annaID, data, 0, wire.ChunkMax, Hash{})
				synctest.Wait()
				stop(u, m, a)
				if e := await[TransferEnded](u, nil); !errors.Is(e.Err, wire.ErrCancelled) {
					t.Errorf("%+v", e)
				}
				go m.drain()
				p.wantsNoBlob()
				if err := u.Fetch(t.Context(), "lobby", a); err != nil {
					t.Error(err)
				}
				p.wantsBlob(a, wire.ChunkMax)
			})
		})
	}
}

func TestWhoStoppedSendingGivesItToNobody(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		data, a := blob(50_000)
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Blobs = newMemBlobs(data) })
		send := func(seq uint64) wire.Frame {
			if _, err := u.SendBlob(t.Context(), "lobby", StreamImage, a, "", nil); err != nil {
				t.Fatal(err)
			}
			p.echo(p.expectSoon(wire.TypeMsg), epochOne, seq)
			return p.expectSoon(wire.TypeStreamBegin)
		}
		send(1)
		go n.media().drain()
		u.StopBlob("lobby", a.Hash)
		p.expectSoon(wire.TypeStreamCancel)
		if e := await[TransferEnded](u, nil); !errors.Is(e.Err, wire.ErrCancelled) {
			t.Errorf("%+v", e)
		}
		want := wire.Header{Type: wire.TypeBlobWant, Room: roomNumber, Sender: annaID}
		p.send(want, wire.BlobWant{Hash: a.Hash})
		p.wantsNoBlob()
		send(2) // after all
		p.send(want, wire.BlobWant{Hash: a.Hash})
		p.expectSoon(wire.TypeStreamBegin)
		go p.drain()
	})
}

func TestAStreamThatWasLetPassCanStillBeTaken(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, meAndAnna(), func(c *Config) {
			c.Blobs, c.Accept = blobs, func(Transfer) bool { return false }
		})
		data, a := blob(20_000)
		p.mention(1, a)
		p.offers(annaID, begin(a))
		p.send(wire.Header{Type: wire.TypePing}, wire.Empty{})
		p.expectSoon(wire.TypePong)
		if err := u.Fetch(t.Context(), "lobby", a); err != nil {
			t.Fatal(err)
		}
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		m.feeds(annaID, data, 0, len(data), a.Hash)
		if e := await[TransferEnded](u, nil); e.Err != nil || !blobs.Has(a.Hash) {
			t.Errorf("%+v", e)
		}
		p.wantsNoBlob()
	})
}

func TestWhatNobodyHadIsAskedForWhenSomebodyComes(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		_, p := open(t, n, meAndAnna(), takeAll(newMemBlobs()))
		_, a := blob(20_000)
		p.mention(1, a)
		for range blobTries {
			p.wantsBlob(a, 0)
		}
		p.wantsNoBlob()
		p.presence(epochOne, 1, person(carlID, "Carl", wire.PersonPresent))
		p.wantsBlob(a, 0)
		go p.drain()
	})
}

// fullBlobs have no place for anything.
type fullBlobs struct{ *memBlobs }

func (fullBlobs) Receive(Hash, uint64, uint64) (BlobWriter, error) {
	return nil, errors.New("no place")
}

func TestWhatCannotBeKeptIsNotAskedForAgain(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), func(c *Config) {
			c.Blobs, c.Accept = fullBlobs{newMemBlobs()}, func(Transfer) bool { return true }
		})
		data, a := blob(20_000)
		p.mention(1, a)
		p.offers(annaID, begin(a))
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		go m.drain()
		m.feeds(annaID, data, 0, 1, Hash{})
		if e := await[TransferEnded](u, nil); !errors.Is(e.Err, ErrKeeping) {
			t.Errorf("%+v", e)
		}
		p.wantsNoBlob()
	})
}

// busyBlobs are shared with another program, which receives what we want.
type busyBlobs struct{ *memBlobs }

func (busyBlobs) Receive(Hash, uint64, uint64) (BlobWriter, error) { return nil, ErrElsewhere }

func TestWhatComesToAnotherProgramIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		blobs := newMemBlobs()
		u, p := open(t, n, meAndAnna(), func(c *Config) {
			c.Blobs, c.Accept = busyBlobs{blobs}, func(Transfer) bool { return true }
		})
		data, a := blob(20_000)
		p.mention(1, a)
		p.offers(annaID, begin(a))
		m := n.media()
		m.expect(wire.TypeStreamAccept)
		go m.drain()
		m.feeds(annaID, data, 0, 1, Hash{})
		if e := await[TransferEnded](u, nil); !errors.Is(e.Err, ErrElsewhere) {
			t.Errorf("%+v", e)
		}
		go p.drain()
		blobs.mu.Lock()
		blobs.whole[a.Hash] = data // it has come there
		blobs.mu.Unlock()
		if e := await[TransferEnded](u, nil); e.Err != nil || e.Transfer.Attached.Hash != a.Hash || e.Transfer.Room != "lobby" {
			t.Errorf("%+v", e)
		}
		if err := u.Fetch(t.Context(), "lobby", a); err != nil {
			t.Error(err)
		}
		if e := await[TransferEnded](u, nil); e.Err != nil {
			t.Errorf("%+v", e)
		}
	})
}
