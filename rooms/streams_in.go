// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"kchat/wire"
)

// pictureMax is how large a picture is taken when nobody said what to accept.
const pictureMax = 16 << 20

// acceptPictures takes the pictures of messages: those have a hash.
func acceptPictures(t Transfer) bool {
	return t.Kind == StreamImage && t.Attached.Size <= pictureMax && !t.Attached.Hash.IsZero()
}

// incoming is a blob that comes. It is written to the store by the goroutine of the connection it comes on.
type incoming struct {
	mu       sync.Mutex
	transfer Transfer
	hash     Hash   // as announced; zero: it comes at the end
	most     uint64 // bytes that are taken
	room     uint32
	home     *home
	link     *link
	jumps    bool       // it is sent as a video: what is late may be left out
	to       BlobWriter // nil: it has not begun, or is a film
	film     FilmWriter
	at       uint64
	mixed    bool // a part of it was here, and not from the same person
	told     time.Time
	over     bool
}

// receivers are all blobs that come. It is shared by Run and the connections.
type receivers struct {
	c    *Client
	mu   sync.Mutex
	byID map[wire.ID]*incoming
}

func newReceivers(c *Client) *receivers { return &receivers{c: c, byID: map[wire.ID]*incoming{}} }

func (rs *receivers) get(id wire.ID) *incoming {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.byID[id]
}

// receiving reports whether a blob comes already.
func (rs *receivers) receiving(h Hash) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, in := range rs.byID {
		if in.hash == h {
			return true
		}
	}
	return false
}

// incomingMax is how many streams are taken at once: each may hold a file and a running hash.
const incomingMax = 64

// full reports whether a stream cannot be taken: there are too many, or there is one with this id.
func (rs *receivers) full(id wire.ID) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return len(rs.byID) >= incomingMax || rs.byID[id] != nil
}

func (rs *receivers) add(id wire.ID, in *incoming) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.byID[id] = in
}

// receive takes a frame of a stream that comes, and reports whether it was one. It is called by the connection.
func (rs *receivers) receive(l *link, f wire.Frame) bool {
	var step func(*incoming, wire.Frame) error
	switch f.Type {
	case wire.TypeStreamStart:
		step = rs.begin
	case wire.TypeStreamChunk:
		step = rs.chunk
	case wire.TypeStreamEnd:
		step = rs.finish
	default:
		return false
	}
	in := rs.get(f.ID)
	if in == nil {
		return true // one that we have given up
	}
	in.mu.Lock()
	if in.over {
		in.mu.Unlock()
		return true
	}
	err := step(in, f)
	in.mu.Unlock()
	if errors.Is(err, ErrSkipped) { // it has ended, and was shown
		rs.end(f.ID, err)
	} else if err != nil {
		reason := wire.ErrCancelled
		if errors.Is(err, wire.ErrStreamHash) {
			reason = wire.ErrStreamHash
		}
		l.send(wire.Header{Type: wire.TypeStreamCancel, Room: in.room, ID: f.ID}, wire.StreamCancel{Reason: reason})
		rs.end(f.ID, err)
	} else if f.Type == wire.TypeStreamEnd {
		rs.end(f.ID, nil)
	}
	return true
}

func (rs *receivers) begin(in *incoming, f wire.Frame) error {
	n, err := wire.ParseNumber(f.Body)
	if err != nil {
		return fmt.Errorf("reading STREAM_START: %w", err)
	}
	a := in.transfer.Attached
	if films, ok := rs.c.cfg.Blobs.(Films); ok && in.jumps && in.film == nil {
		if in.film, err = films.ReceiveVideo(in.transfer, n.Value, in.most); err != nil {
			return fmt.Errorf("%w %s: %w", ErrKeeping, a.Name, err)
		}
		in.at = n.Value
		return nil
	}
	if in.hash.IsZero() && n.Value != 0 {
		return fmt.Errorf("receiving %s: its beginning is gone already: %w", a.Name, wire.ErrStreamSlow)
	}
	if in.to != nil || n.Value > in.most {
		return fmt.Errorf("receiving %s: it starts at %d: %w", a.Name, n.Value, wire.ErrBadFrame)
	}
	in.to, err = rs.c.cfg.Blobs.Receive(a.Hash, a.Size, n.Value)
	if err != nil {
		return fmt.Errorf("%w %s: %w", ErrKeeping, a.Name, err)
	}
	in.at, in.mixed = n.Value, in.mixed && n.Value > 0
	return nil
}

func (rs *receivers) chunk(in *incoming, f wire.Frame) error {
	name := in.transfer.Attached.Name
	if in.film != nil {
		if err := in.film.Chunk(f.Seq, f.Flags&wire.FlagKeyframe != 0, f.Body); err != nil {
			return fmt.Errorf("%w %s: %w", ErrKeeping, name, err)
		}
		in.at = f.Seq + uint64(len(f.Body))
		rs.progress(in)
		return nil
	}
	switch {
	case in.to == nil:
		return fmt.Errorf("receiving %s: a chunk came before the start: %w", name, wire.ErrBadFrame)
	case f.Seq != in.at:
		return fmt.Errorf("receiving %s: bytes %d to %d were left out: %w", name, in.at, f.Seq, wire.ErrStreamSlow)
	case uint64(len(f.Body)) > in.most-in.at:
		return fmt.Errorf("receiving %s: more than %d bytes came: %w", name, in.most, wire.ErrStreamSize)
	}
	if _, err := in.to.Write(f.Body); err != nil {
		return fmt.Errorf("%w %s: %w", ErrKeeping, name, err)
	}
	in.at += uint64(len(f.Body))
	rs.progress(in)
	return nil
}

// progress tells how far a stream is, not too often.
func (rs *receivers) progress(in *incoming) {
	if time.Since(in.told) < progressEvery {
		return
	}
	in.told = time.Now()
	t := in.transfer
	t.Done = in.at
	rs.c.out.tell(TransferChanged{Transfer: t})
}

func (rs *receivers) finish(in *incoming, f wire.Frame) error {
	a := in.transfer.Attached
	end, err := wire.ParseStreamEnd(f.Body)
	switch {
	case err != nil:
		return fmt.Errorf("reading STREAM_END: %w", err)
	case in.film != nil:
		return in.finishFilm(end)
	case in.to == nil || in.at != end.Size || a.Size != wire.SizeUnknown && a.Size != end.Size:
		return fmt.Errorf("receiving %s: %w", a.Name, wire.ErrStreamSize)
	case Hash(end.Hash).IsZero(), !in.hash.IsZero() && Hash(end.Hash) != in.hash:
		return fmt.Errorf("receiving %s: %w", a.Name, wire.ErrStreamHash)
	}
	in.transfer.Attached.Hash, in.transfer.Attached.Size = end.Hash, end.Size
	in.to.Expect(end.Hash, end.Size)
	if err := in.to.Commit(); err != nil {
		if errors.Is(err, ErrDamaged) {
			return fmt.Errorf("receiving %s: %w: %w", a.Name, wire.ErrStreamHash, err)
		}
		return fmt.Errorf("%w %s: %w", ErrKeeping, a.Name, err)
	}
	return nil
}

// finishFilm takes the end of a film.
func (in *incoming) finishFilm(end wire.StreamEnd) error {
	film, name := in.film, in.transfer.Attached.Name
	in.film = nil
	if Hash(end.Hash).IsZero() || !in.hash.IsZero() && Hash(end.Hash) != in.hash {
		return errors.Join(fmt.Errorf("receiving %s: %w", name, wire.ErrStreamHash), film.Close())
	}
	kept, err := film.End(end.Size, end.Hash)
	switch {
	case err != nil:
		return fmt.Errorf("%w %s: %w", ErrKeeping, name, errors.Join(wire.ErrStreamHash, err))
	case !kept:
		return fmt.Errorf("receiving %s: %w", name, ErrSkipped)
	}
	in.transfer.Attached.Hash, in.transfer.Attached.Size = end.Hash, end.Size
	return nil
}

// end ends a transfer, and reports whether there was one. What came of an unfinished blob is kept for later.
func (rs *receivers) end(id wire.ID, why error) bool {
	rs.mu.Lock()
	in := rs.byID[id]
	delete(rs.byID, id)
	rs.mu.Unlock()
	if in == nil {
		return false
	}
	in.mu.Lock()
	in.over = true
	t := in.transfer
	t.Done = in.at
	if in.film != nil {
		if err := in.film.Close(); err != nil && why == nil {
			why = fmt.Errorf("%w %s: %w", ErrKeeping, t.Attached.Name, err)
		}
	}
	if in.to != nil {
		if err := in.to.Close(); err != nil && why == nil {
			why = fmt.Errorf("%w %s: %w", ErrKeeping, t.Attached.Name, err)
		}
	}
	mixed := in.mixed
	in.mu.Unlock()
	rs.c.out.tell(TransferEnded{Transfer: t, Err: why})
	rs.c.post(func() {
		if why == nil {
			rs.c.describe(t.Attached)
		}
		rs.c.blobCame(t, mixed, why)
	})
	return true
}

// endAll ends all transfers that are meant.
func (rs *receivers) endAll(why error, meant func(*incoming) bool) {
	rs.mu.Lock()
	all := maps.Clone(rs.byID)
	rs.mu.Unlock()
	for id, in := range all {
		in.mu.Lock()
		this := meant(in)
		in.mu.Unlock()
		if this {
			rs.end(id, why)
		}
	}
}

// cancel ends a transfer from our side.
func (rs *receivers) cancel(id wire.ID, why wire.ErrorNumber) {
	if in := rs.get(id); in != nil && in.link != nil {
		in.link.send(wire.Header{Type: wire.TypeStreamCancel, Room: in.room, ID: id}, wire.StreamCancel{Reason: why})
	}
	rs.end(id, why)
}

// cancelBlob ends the transfers of a blob in a room from our side.
func (rs *receivers) cancelBlob(room string, hash Hash) {
	rs.mu.Lock()
	var ids []wire.ID
	for id, in := range rs.byID {
		if in.hash == hash && in.transfer.Room == room {
			ids = append(ids, id)
		}
	}
	rs.mu.Unlock()
	for _, id := range ids {
		rs.cancel(id, wire.ErrCancelled)
	}
}

// mostOf is how many bytes are taken of a stream that announces a size.
func (c *Client) mostOf(size uint64) uint64 {
	switch {
	case size != wire.SizeUnknown:
		return size
	case c.cfg.StreamMax != 0:
		return c.cfg.StreamMax
	default:
		return StreamMaxDefault
	}
}
