// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"kchat/wire"
)

// wantedBlob is a blob of a message that is not here yet.
type wantedBlob struct {
	room  *room
	a     Attachment
	asked bool // somebody wants it now, whatever Config.Accept says
	tries int
	next  time.Time // it is not asked for before
}

// The pace at which blobs are asked for: first it is left to the author to send it.
const (
	blobPatience = 3 * time.Second
	blobAgain    = 10 * time.Second
	blobTries    = 3
	blobEvery    = time.Second // between two BLOB_WANTs
)

// noticeAttachment sees to it that the blob of a message comes, if it is to be taken.
func (c *Client) noticeAttachment(r *room, m Message) {
	if m.Attached == nil || c.cfg.Blobs == nil {
		return
	}
	a := *m.Attached
	c.describe(a)
	t := Transfer{Room: r.name, From: m.Sender, Attached: a, Kind: kindOf(a.MIME)}
	if c.cfg.Blobs.Has(a.Hash) || !c.cfg.Accept(t) {
		return
	}
	if _, ok := c.wanted[a.Hash]; !ok && len(c.wanted) < wantedMax {
		c.want(&wantedBlob{room: r, a: a, next: time.Now().Add(blobPatience)})
	}
}

func (c *Client) want(w *wantedBlob) {
	first := len(c.wanted) == 0
	c.wanted[w.a.Hash] = w
	if first {
		c.after(blobEvery, c.askForBlobs)
	}
}

// askForBlobs asks for one blob, and comes back as long as any is wanted.
func (c *Client) askForBlobs() {
	if len(c.wanted) == 0 {
		return
	}
	c.after(blobEvery, c.askForBlobs)
	for _, w := range c.wanted {
		if c.askForBlob(w) {
			return
		}
	}
}

// askForBlob asks for a blob if it is time, and reports whether it did.
func (c *Client) askForBlob(w *wantedBlob) bool {
	r := w.room
	if r.home.link == nil || !r.live || time.Now().Before(w.next) || r.others(c.me()) == 0 || c.blobs.receiving(w.a.Hash) {
		return false
	}
	if w.tries++; w.tries > blobTries {
		delete(c.wanted, w.a.Hash)
		return false
	}
	w.next = time.Now().Add(blobAgain)
	offset, err := c.cfg.Blobs.Partial(w.a.Hash)
	if err != nil || offset >= w.a.Size {
		offset = 0
	}
	r.home.link.send(wire.Header{Type: wire.TypeBlobWant, Room: r.number}, wire.BlobWant{Hash: w.a.Hash, Offset: offset})
	return true
}

// blobCame ends the wanting of a blob, or asks again soon for what was interrupted.
func (c *Client) blobCame(h Hash, err error) {
	w, ok := c.wanted[h]
	switch {
	case !ok:
	case err == nil:
		delete(c.wanted, h)
	default:
		w.next = time.Now().Add(blobPatience)
	}
}

// Fetch asks the people of a room for a blob. It returns when the question is out; TransferChanged and TransferEnded
// tell the rest. It fails with ErrAlone when nobody is there to ask.
func (c *Client) Fetch(ctx context.Context, name string, a Attachment) error {
	_, err := call(ctx, c, func(done func(struct{}, error)) {
		r, ok := c.view.rooms[name]
		switch {
		case c.cfg.Blobs == nil:
			done(struct{}{}, ErrNoBlob)
		case !ok || r.home.link != nil && !r.live:
			done(struct{}{}, ErrNotInRoom)
		case r.home.link == nil:
			done(struct{}{}, ErrNoServer)
		case r.others(c.me()) == 0:
			done(struct{}{}, ErrAlone)
		default:
			w := &wantedBlob{room: r, a: a, asked: true}
			c.want(w)
			c.askForBlob(w)
			done(struct{}{}, nil)
		}
	})
	if err != nil {
		return fmt.Errorf("asking for %s: %w", a.Name, err)
	}
	return nil
}

// handleBlobWant sends somebody a blob that is kept here.
func (c *Client) handleBlobWant(r *room, f wire.Frame) error {
	b, err := wire.ParseBlobWant(f.Body)
	if err != nil {
		return err
	}
	hash, who := Hash(b.Hash), AccountID(f.Sender)
	if !r.live || c.cfg.Blobs == nil || who == c.me() || !c.cfg.Blobs.Has(hash) {
		return nil
	}
	a, ok := c.known[hash]
	if !ok {
		a = Attachment{Hash: hash, MIME: "application/octet-stream", Name: hash.String()[:16]}
		if a.Size, err = c.blobSize(hash); err != nil {
			c.log.Warn("a blob cannot be read", "hash", hash, "error", err)
			return nil
		}
	}
	if b.Offset > a.Size {
		return nil
	}
	l := r.home.link
	c.after(rand.N(wantDelay), func() {
		if r.home.link == l && r.live && len(c.sending) < sendingMax {
			c.offer(r, a, who, b.Offset)
		}
	})
	return nil
}

func (c *Client) blobSize(h Hash) (uint64, error) {
	blob, err := c.cfg.Blobs.Open(h)
	if err != nil {
		return 0, err
	}
	defer blob.Close()
	n, err := blob.Seek(0, io.SeekEnd)
	return uint64(n), err
}
