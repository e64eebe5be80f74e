// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
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
	tries int  // since somebody came, or bytes did; at blobTries it waits for that
	next  time.Time
	from  AccountID // whose bytes are here; 0: nobody knows
	liars map[AccountID]bool
}

// spurned reports whether somebody sent other bytes than those of the blob.
func (w *wantedBlob) spurned(who AccountID) bool { return w != nil && w.liars[who] }

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
	if _, ok := c.wanted[a.Hash]; !ok {
		c.want(&wantedBlob{room: r, a: a, next: time.Now().Add(blobPatience)})
	}
}

// want notes that a blob is wanted. Where too many are, one that nobody seems to have makes place.
func (c *Client) want(w *wantedBlob) {
	if len(c.wanted) >= wantedMax {
		for h, old := range c.wanted {
			if old.tries >= blobTries {
				delete(c.wanted, h)
				break
			}
		}
		if len(c.wanted) >= wantedMax && !w.asked {
			return
		}
	}
	c.wanted[w.a.Hash] = w
	c.wakeBlobs()
}

// wakeBlobs sees to it that askForBlobs runs while there is something to ask for.
func (c *Client) wakeBlobs() {
	if !c.wantingBlobs {
		c.wantingBlobs = true
		c.after(blobEvery, c.askForBlobs)
	}
}

// askForBlobs asks for one blob, and comes back as long as any is to be asked for.
func (c *Client) askForBlobs() {
	c.wantingBlobs = false
	for _, w := range c.wanted {
		if w.tries >= blobTries {
			continue
		}
		c.wakeBlobs()
		if c.askForBlob(w) {
			return
		}
	}
}

// tryBlobsAgain asks once more for what nobody had, when somebody has come who may have it.
func (c *Client) tryBlobsAgain(r *room) {
	for _, w := range c.wanted {
		if w.room == r && w.tries > 0 {
			w.tries, w.next = 0, time.Now()
			c.wakeBlobs()
		}
	}
}

// askForBlob asks for a blob if it is time, and reports whether it did.
func (c *Client) askForBlob(w *wantedBlob) bool {
	r := w.room
	if r.home.link == nil || !r.live || time.Now().Before(w.next) || r.others(c.me()) == 0 || c.blobs.receiving(w.a.Hash) {
		return false
	}
	if c.blobIsHere(r, w.a) {
		return false
	}
	w.tries++
	w.next = time.Now().Add(blobAgain)
	offset, err := c.cfg.Blobs.Partial(w.a.Hash)
	if err != nil || offset >= w.a.Size {
		offset = 0
	}
	r.home.link.send(wire.Header{Type: wire.TypeBlobWant, Room: r.number}, wire.BlobWant{Hash: w.a.Hash, Offset: offset})
	return true
}

// blobIsHere reports whether a blob has come by another program of ours, and tells of it as of one that came to us.
func (c *Client) blobIsHere(r *room, a Attachment) bool {
	if !c.cfg.Blobs.Has(a.Hash) {
		return false
	}
	delete(c.wanted, a.Hash)
	c.out.tell(TransferEnded{Transfer: Transfer{Room: r.name, Attached: a, Kind: kindOf(a.MIME), Done: a.Size}})
	return true
}

// blobCame ends the wanting of a blob, or asks again soon for what was interrupted. Whoever sent all of it and yet
// another content is not asked again; mixed says that it was put together of the bytes of several people.
func (c *Client) blobCame(t Transfer, mixed bool, err error) {
	w, ok := c.wanted[t.Attached.Hash]
	switch {
	case !ok:
	case errors.Is(err, ErrElsewhere):
		w.tries, w.next = 0, time.Now().Add(blobAgain)
		c.wakeBlobs()
	case err == nil, errors.Is(err, ErrKeeping), errors.Is(err, wire.ErrCancelled):
		delete(c.wanted, t.Attached.Hash)
	case errors.Is(err, wire.ErrStreamHash):
		if !mixed {
			if w.liars == nil {
				w.liars = map[AccountID]bool{}
			}
			w.liars[t.From] = true
		}
		w.from, w.next = 0, time.Now()
		c.wakeBlobs()
	default:
		if w.from = t.From; mixed {
			w.from = 0
		}
		w.tries, w.next = 0, time.Now().Add(blobPatience)
		c.wakeBlobs()
	}
}

// Fetch takes a blob from whoever offers it, or asks the people of a room for it. It returns when the question is out;
// TransferChanged and TransferEnded tell the rest. It fails with ErrAlone when nobody is there to ask.
func (c *Client) Fetch(ctx context.Context, name string, a Attachment) error {
	_, err := call(ctx, c, func(done func(struct{}, error)) {
		r, ok := c.view.rooms[name]
		switch {
		case c.cfg.Blobs == nil:
			done(struct{}{}, ErrNoBlob)
		case ok && c.blobIsHere(r, a):
			done(struct{}{}, nil)
		case !ok || r.home.link != nil && !r.live:
			done(struct{}{}, ErrNotInRoom)
		case r.home.link == nil:
			done(struct{}{}, ErrNoServer)
		case r.others(c.me()) == 0:
			done(struct{}{}, ErrAlone)
		default:
			w := &wantedBlob{room: r, a: a, asked: true}
			c.want(w)
			if !c.takeOffered(w) {
				c.askForBlob(w)
			}
			done(struct{}{}, nil)
		}
	})
	if err != nil {
		return fmt.Errorf("asking for %s: %w", a.Name, err)
	}
	return nil
}

// offeredBlob is a stream that was announced and not taken.
type offeredBlob struct {
	room *room
	id   wire.ID
	from AccountID
	b    wire.StreamBegin
	at   time.Time
}

// offeredFor is how long a stream that nobody takes lives at the server (docs/protocol.md, section 8), and a little less.
const offeredFor = 25 * time.Second

// noteOffer remembers a stream that is not taken, should somebody want it after all.
func (c *Client) noteOffer(o offeredBlob) {
	if _, known := c.offered[Hash(o.b.Hash)]; !known && len(c.offered) >= offeredMax {
		for h, old := range c.offered {
			if time.Since(old.at) > offeredFor {
				delete(c.offered, h)
			}
		}
		if len(c.offered) >= offeredMax {
			return // it will be asked for
		}
	}
	c.offered[Hash(o.b.Hash)] = o
}

// takeOffered takes a stream that was announced a while ago, and reports whether there is one.
func (c *Client) takeOffered(w *wantedBlob) bool {
	o, ok := c.offered[w.a.Hash]
	delete(c.offered, w.a.Hash)
	if !ok || o.room != w.room || time.Since(o.at) > offeredFor || c.blobs.full(o.id) || c.blobs.receiving(w.a.Hash) {
		return false
	}
	return c.take(o)
}

// StopBlob ends what goes on with a blob in a room, in both directions: it is not fetched any more until Fetch, and not
// given to anybody any more until it is sent again.
func (c *Client) StopBlob(name string, hash Hash) {
	c.post(func() {
		if w, ok := c.wanted[hash]; ok && w.room.name == name {
			delete(c.wanted, hash)
		}
		for _, o := range c.sending {
			if o.transfer.Room == name && o.transfer.Attached.Hash == hash {
				if len(c.withheld) < withheldMax {
					c.withheld[hash] = true
				}
				o.end(wire.ErrCancelled)
			}
		}
		c.blobs.cancelBlob(name, hash)
	})
}

// handleBlobWant sends somebody a blob that is kept here.
func (c *Client) handleBlobWant(r *room, f wire.Frame) error {
	b, err := wire.ParseBlobWant(f.Body)
	if err != nil {
		return err
	}
	hash, who := Hash(b.Hash), AccountID(f.Sender)
	if !r.live || c.cfg.Blobs == nil || who == c.me() || c.withheld[hash] || !c.cfg.Blobs.Has(hash) {
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
		if r.home.link == l && r.live && !c.withheld[hash] && len(c.sending) < sendingMax {
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
