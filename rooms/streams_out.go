// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"kchat/wire"
)

const (
	progressEvery = 100 * time.Millisecond // between two events of one transfer
	gatherFor     = 300 * time.Millisecond // so long those who take a stream may need, before it begins
	firstTaker    = 5 * time.Second        // a blob that one person asked for is withdrawn if they do not take it
)

// outgoing is a blob that we send. Its goroutine reads and sends; Run tells it what the server says.
type outgoing struct {
	id       wire.ID
	transfer Transfer
	to       AccountID // 0: everybody in the room
	kind     StreamKind
	audience int // how many could take it, as far as is known
	home     *home
	stop     func() // lets the reading of what is sent return; nil: that never waits for long

	mu     sync.Mutex
	credit uint64
	takers int
	ended  error
	link   *link // its chunks go here
	wake   chan struct{}
}

func (o *outgoing) allow(credit uint64, takers int) {
	o.mu.Lock()
	o.credit, o.takers = max(o.credit, credit), takers
	o.mu.Unlock()
	o.nudge()
}

func (o *outgoing) end(err error) {
	o.mu.Lock()
	if o.ended == nil {
		o.ended = err
	}
	o.mu.Unlock()
	if o.stop != nil {
		o.stop()
	}
	o.nudge()
}

func (o *outgoing) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outgoing) uses(l *link) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.link == l
}

func (o *outgoing) state() (credit uint64, takers int, ended error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.credit, o.takers, o.ended
}

// kindOf is the kind of stream that fits a MIME type.
func kindOf(mime string) StreamKind {
	switch {
	case strings.HasPrefix(mime, "image/"):
		return StreamImage
	case strings.HasPrefix(mime, "video/"):
		return StreamVideo
	default:
		return StreamFile
	}
}

// SendBlob sends a message with an attachment, and its blob to those who take it once the message is acknowledged.
// body is read into the blob store first; it may be nil if the blob is there.
func (c *Client) SendBlob(ctx context.Context, name string, kind StreamKind, a Attachment, text string, body io.Reader) (Message, error) {
	if kind < StreamImage || kind > StreamVideo {
		return Message{}, fmt.Errorf("sending %s: there is no kind %d of stream", a.Name, kind)
	}
	if c.cfg.Blobs != nil && body != nil && !c.cfg.Blobs.Has(a.Hash) {
		if err := c.keepBlob(ctx, a, body); err != nil {
			return Message{}, fmt.Errorf("sending %s: %w", a.Name, err)
		}
	}
	return c.Send(Draft{Room: name, Text: text, Attached: &a})
}

func (c *Client) keepBlob(ctx context.Context, a Attachment, body io.Reader) error {
	w, err := c.cfg.Blobs.Receive(a.Hash, a.Size, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, body)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return errors.Join(err, w.Close())
	}
	if err := w.Commit(); err != nil {
		return errors.Join(err, w.Close())
	}
	return nil
}

// offer announces a blob to a room, or to one person of it, and sends it as far as the server allows.
func (c *Client) offer(r *room, a Attachment, to AccountID, offset uint64) {
	o := &outgoing{
		id: newMark(), to: to, audience: r.others(c.me()), home: r.home, wake: make(chan struct{}, 1),
		transfer: Transfer{
			Room: r.name, From: c.me(), Attached: a, Kind: kindOf(a.MIME), Outgoing: true, Done: offset,
		},
	}
	o.transfer.Stream, o.kind = MessageID(o.id), o.transfer.Kind
	if to != 0 {
		o.audience = 1
	}
	if to != 0 && o.kind == StreamVideo {
		o.kind = StreamFile // one person gets all of it, as fast as they read
	}
	c.sending[o.id] = o
	h, number, l := r.home, r.number, r.home.link
	c.work(func() {
		done, err := c.stream(o, h, number, l, offset)
		c.post(func() { delete(c.sending, o.id) })
		t := o.transfer
		t.Done = done
		_, t.Takers, _ = o.state()
		c.out.tell(TransferEnded{Transfer: t, Err: err})
	})
}

// stream sends a blob from offset on, and returns how far it came.
func (c *Client) stream(o *outgoing, h *home, number uint32, main *link, offset uint64) (uint64, error) {
	a := o.transfer.Attached
	blob, err := c.cfg.Blobs.Open(a.Hash)
	if err != nil {
		return offset, fmt.Errorf("opening %s: %w", a.Name, err)
	}
	defer blob.Close()
	if _, err := blob.Seek(int64(offset), io.SeekStart); err != nil {
		return offset, fmt.Errorf("reading %s: %w", a.Name, err)
	}
	var pieces Pieces = &plain{r: blob}
	if o.kind == StreamVideo && c.cfg.Cut != nil {
		if _, err := blob.Seek(0, io.SeekStart); err != nil {
			return offset, fmt.Errorf("reading %s: %w", a.Name, err)
		}
		pieces = &from{pieces: c.cfg.Cut(blob), skip: offset}
	}
	head := wire.Header{Type: wire.TypeStreamBegin, Room: number, ID: o.id}
	main.send(head, o.begin(offset))
	c.out.tell(TransferChanged{Transfer: o.transfer})
	link, err := c.linkFor(o, h, main)
	if err != nil {
		return offset, err
	}
	at, err := c.chunks(o, head, main, link, pieces, offset)
	if err == nil && at != a.Size {
		err = fmt.Errorf("reading %s: %w", a.Name, io.ErrUnexpectedEOF)
	}
	if err != nil {
		head.Type = wire.TypeStreamCancel
		if _, told := errors.AsType[*ServerError](err); !told {
			main.send(head, wire.StreamCancel{Reason: wire.ErrCancelled})
		}
		return at, err
	}
	head.Type = wire.TypeStreamEnd
	link.send(head, wire.StreamEnd{Size: a.Size, Hash: a.Hash})
	return at, c.barrier(o, main, link)
}

// begin announces what is sent.
func (o *outgoing) begin(offset uint64) wire.StreamBegin {
	a := o.transfer.Attached
	return wire.StreamBegin{
		Size: a.Size, Offset: offset, To: uint64(o.to), Width: a.Width, Height: a.Height,
		Duration: uint32(a.Duration / time.Millisecond), Kind: uint8(o.kind), Hash: a.Hash, MIME: a.MIME, Name: a.Name,
	}
}

// barrier waits until the server has handled what was sent on a link: it answers a ping only after that. Before, a
// goodbye on the first connection could overtake the end of the stream on the other one.
func (c *Client) barrier(o *outgoing, main, link *link) error {
	handled := make(chan struct{})
	c.post(func() {
		mark := newMark()
		c.requests[mark] = request{link: link, done: func(wire.Frame, error) bool {
			close(handled)
			return false
		}}
		link.send(wire.Header{Type: wire.TypePing, ID: mark}, wire.Empty{})
	})
	select {
	case <-handled:
	case <-link.closed:
		return link.reason()
	case <-main.closed:
		return main.reason()
	}
	_, _, ended := o.state()
	return ended
}

// linkFor finds the connection for the chunks of a stream.
func (c *Client) linkFor(o *outgoing, h *home, main *link) (*link, error) {
	found := make(chan *link, 1)
	c.post(func() { c.withMedia(h, func(l *link) { found <- l }) })
	select {
	case l := <-found:
		if l == nil {
			return nil, errDisconnected
		}
		o.mu.Lock()
		o.link = l
		o.mu.Unlock()
		return l, nil
	case <-main.closed:
		return nil, errDisconnected
	}
}

// chunks sends pieces as far as the server allows, and returns where they end.
func (c *Client) chunks(o *outgoing, head wire.Header, main, link *link, pieces Pieces, at uint64) (uint64, error) {
	head.Type = wire.TypeStreamChunk
	begun, told := time.Now(), time.Now()
	if err := c.gather(o, main, link, begun); err != nil {
		return at, err
	}
	for {
		p, err := pieces.Next()
		if _, _, ended := o.state(); ended != nil {
			return at, ended
		}
		if errors.Is(err, io.EOF) {
			// An empty blob has no piece to wait with for the answer to STREAM_BEGIN.
			return at, c.maySend(o, main, link, at, begun)
		}
		if err != nil {
			return at, fmt.Errorf("reading %s: %w", o.transfer.Attached.Name, err)
		}
		if err := c.maySend(o, main, link, at+uint64(len(p.Data)), begun); err != nil {
			return at, err
		}
		head.Flags = 0
		if p.Key {
			head.Flags = wire.FlagKeyframe
		}
		link.send(head, wire.Raw(p.Data))
		at += uint64(len(p.Data))
		if time.Since(told) >= progressEvery {
			told = time.Now()
			t := o.transfer
			t.Done = at
			_, t.Takers, _ = o.state()
			c.out.tell(TransferChanged{Transfer: t})
		}
	}
}

// gather waits for those who take the stream, for a while: what the first one has read is gone for the others. Without
// anybody a video does not begin, since who takes it later would begin at its newest key frame.
func (c *Client) gather(o *outgoing, main, link *link, begun time.Time) error {
	late := time.NewTimer(gatherFor)
	defer late.Stop()
	for waited := false; ; {
		_, takers, ended := o.state()
		switch {
		case ended != nil:
			return ended
		case takers >= o.audience, waited && (takers > 0 || o.kind != StreamVideo):
			return nil
		case o.to != 0 && time.Since(begun) > firstTaker:
			return wire.ErrCancelled
		}
		select {
		case <-o.wake:
		case <-late.C:
			waited = true
		case <-time.After(firstTaker):
		case <-link.closed:
			return link.reason()
		case <-main.closed:
			return main.reason()
		}
	}
}

// maySend waits until the server has answered STREAM_BEGIN and the credit reaches an offset.
func (c *Client) maySend(o *outgoing, main, link *link, end uint64, begun time.Time) error {
	for {
		credit, takers, ended := o.state()
		switch {
		case ended != nil:
			return ended
		case credit >= end && credit > 0:
			return nil
		case o.to != 0 && takers == 0 && time.Since(begun) > firstTaker:
			return wire.ErrCancelled
		}
		select {
		case <-o.wake:
		case <-time.After(firstTaker):
		case <-link.closed:
			return link.reason()
		case <-main.closed:
			return main.reason()
		}
	}
}
