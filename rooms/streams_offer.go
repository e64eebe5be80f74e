// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"fmt"
	"strings"
	"time"

	"kchat/wire"
)

// handleStreamBegin takes an offered blob if it is wanted.
func (c *Client) handleStreamBegin(r *room, f wire.Frame) error {
	b, err := c.decoder.StreamBegin(f.Body)
	if err != nil {
		return err
	}
	hash, from := Hash(b.Hash), AccountID(f.Sender)
	// A live video is told to who comes, before what was said.
	if !r.live && b.Kind != wire.StreamVideo || c.cfg.Blobs == nil || from == c.me() || c.blobs.full(f.ID) {
		return nil
	}
	o := offeredBlob{room: r, id: f.ID, from: from, b: b, at: time.Now()}
	w := c.wanted[hash]
	switch {
	case hash.IsZero():
		if c.cfg.Accept(c.transferOf(o)) {
			c.take(o)
		} else {
			c.noteLive(o)
		}
	case c.cfg.Blobs.Has(hash) || w.spurned(from):
	case !c.blobs.receiving(hash) && (w != nil && w.asked || c.cfg.Accept(c.transferOf(o))):
		c.take(o)
	default:
		c.noteOffer(o)
	}
	return nil
}

func (c *Client) transferOf(o offeredBlob) Transfer {
	b := o.b
	t := Transfer{
		Room: o.room.name, Stream: MessageID(o.id), From: o.from, Kind: StreamKind(b.Kind),
		Attached: Attachment{
			Hash: b.Hash, Size: b.Size, MIME: b.MIME, Name: b.Name, Width: b.Width, Height: b.Height,
			Duration: time.Duration(b.Duration) * time.Millisecond,
		},
	}
	if strings.HasPrefix(b.MIME, "video/") { // it may be sent as a file, so that nothing of it is left out
		t.Kind = StreamVideo
	}
	return t
}

// take accepts a stream from where we have its blob, and reports whether that can be done.
func (c *Client) take(o offeredBlob) bool {
	t, hash, h := c.transferOf(o), Hash(o.b.Hash), o.room.home
	offset := uint64(0)
	if !hash.IsZero() {
		kept, err := c.cfg.Blobs.Partial(hash)
		if err == nil && kept < o.b.Size {
			offset = kept
		}
	}
	_, jumps := c.cfg.Blobs.(Films)
	if jumps = jumps && o.b.Kind == wire.StreamVideo; jumps {
		offset = o.b.Offset // a decoder begins there, or at the newest key frame
	}
	if offset < o.b.Offset {
		return false // the beginning would be missing
	}
	t.Done = offset
	in := &incoming{
		transfer: t, hash: hash, most: c.mostOf(o.b.Size), home: h, room: o.room.number, at: offset, jumps: jumps,
	}
	if w := c.wanted[hash]; w != nil {
		in.mixed = offset > 0 && w.from != o.from
		w.from = o.from
	}
	c.blobs.add(o.id, in)
	c.out.tell(TransferChanged{Transfer: t})
	c.withMedia(h, func(l *link) {
		if l == nil {
			c.blobs.end(o.id, errDisconnected)
			return
		}
		in.mu.Lock()
		in.link = l
		in.mu.Unlock()
		l.send(wire.Header{Type: wire.TypeStreamAccept, Room: o.room.number, ID: o.id}, wire.Number{Value: offset})
	})
	return true
}

// noteLive remembers a stream without a name that was not taken, and tells of it. It may go on for long.
func (c *Client) noteLive(o offeredBlob) {
	if len(c.airing) >= offeredMax {
		return
	}
	c.airing[o.id] = o
	c.out.tell(Offered{Transfer: c.transferOf(o)})
}

// Take takes a stream that was Offered. TransferChanged and TransferEnded tell the rest. ErrNoStream says that it is
// over.
func (c *Client) Take(ctx context.Context, stream MessageID) error {
	_, err := call(ctx, c, func(done func(struct{}, error)) {
		id := wire.ID(stream)
		o, ok := c.airing[id]
		delete(c.airing, id)
		if !ok || o.room.home.link == nil || c.view.rooms[o.room.name] != o.room || c.blobs.full(id) || !c.take(o) {
			done(struct{}{}, ErrNoStream)
			return
		}
		done(struct{}{}, nil)
	})
	if err != nil {
		return fmt.Errorf("taking what is sent: %w", err)
	}
	return nil
}

// liveLost forgets the live videos that are meant, and tells so.
func (c *Client) liveLost(why error, meant func(offeredBlob) bool) {
	for id, o := range c.airing {
		if meant(o) {
			delete(c.airing, id)
			c.out.tell(TransferEnded{Transfer: c.transferOf(o), Err: why})
		}
	}
}
