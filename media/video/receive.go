// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"kchat/media"
)

// ReadHeader reads the beginning of a stream, or of a part of it that begins with a key frame, and gives it back
// with all of its bytes, ready for [Tools.Decode]. Closing what it returns closes r if that is an io.Closer.
func ReadHeader(r io.Reader) (Header, io.ReadCloser, error) {
	var head []byte
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		head = append(head, buf[:n]...)
		if len(head) < 4 && err == nil { // too few to see whether it is the beginning
			continue
		}
		if len(head) > 0 && NeedsPrefix(head) {
			head = append(Prefix(), head...)
		}
		h, parseErr := ParseHeader(head)
		switch {
		case parseErr == nil:
			c, _ := r.(io.Closer)
			return h, &resumed{io.MultiReader(bytes.NewReader(head), r), c}, nil
		case !errors.Is(parseErr, io.ErrUnexpectedEOF):
			return Header{}, nil, fmt.Errorf("read video header: %w", parseErr)
		case errors.Is(err, io.EOF):
			return Header{}, nil, fmt.Errorf("read video header: %w: it ends before its first frame", ErrDamaged)
		case err != nil:
			return Header{}, nil, fmt.Errorf("read video header: %w", err)
		}
	}
}

// Receiver takes the chunks of a film from the network and lets any number of those who show it follow, part by part:
// a new part begins where something is missing, since a decoder has to be started anew there. It never waits for who
// shows it. A film of which nothing is missing ends up in the store. Its methods are for one goroutine, except Follow.
type Receiver struct {
	store *media.Store
	begin media.Begin
	a     *media.Reassembler
	in    *media.Incoming // the part that is growing
	whole bool            // that part is the whole film so far
	most  uint64          // bytes of a film of unknown size that are kept in one part; 0: no limit

	mu    sync.Mutex
	part  *media.Follower // the newest, to be followed from its beginning; it stays when the film has ended
	count int             // of parts so far
	over  bool
	news  chan struct{} // closed at the next change
}

// NewReceiver takes a film as it was announced; Prior and Gap of the announcement are not used. Of a film whose size
// is not known more than Limit bytes are shown, but no longer kept. Errors are those of [media.Store.Receive] and
// [media.Reassembler.Begin].
func NewReceiver(store *media.Store, begin media.Begin) (*Receiver, error) {
	r := &Receiver{store: store, whole: begin.Offset == 0, news: make(chan struct{})}
	begin.Video, begin.Prior, begin.Gap = true, nil, r.next
	if begin.Size == media.UnknownSize {
		r.most, begin.Limit = begin.Limit, 0
	}
	r.begin = begin
	r.a = media.NewReassembler(r)
	if err := r.a.Begin(begin); err != nil {
		return nil, fmt.Errorf("receive video: %w", err)
	}
	return r, nil
}

// Follow gives the newest part if it is a later one than after (0: any), or waits for it. It can be read while it
// grows, and has to be closed. At the end of the film the error is io.EOF.
func (r *Receiver) Follow(ctx context.Context, after int) (part *media.Follower, number int, err error) {
	for {
		r.mu.Lock()
		number, news, over := r.count, r.news, r.over
		if number > after && r.part != nil {
			part, err = r.part.Again()
		}
		r.mu.Unlock()
		switch {
		case part != nil || err != nil:
			return part, number, err
		case over:
			return nil, number, io.EOF
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, number, context.Cause(ctx)
		}
	}
}

// set makes a part the newest one (nil: it stays), and wakes who waits.
func (r *Receiver) set(part *media.Follower, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if part != nil {
		r.forget()
		r.part = part
		r.count++
	}
	r.over = over
	close(r.news)
	r.news = make(chan struct{})
}

func (r *Receiver) forget() {
	if r.part != nil {
		_ = r.part.Close() // it was only read
		r.part = nil
	}
}

// Forget lets go of what came of a film that has ended. Until then it can still be followed, even if it was not kept.
func (r *Receiver) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
}

// Chunk takes the next chunk. Errors are those of [media.Reassembler.Chunk] and of the store; the film is then lost
// but for what has come.
func (r *Receiver) Chunk(c media.Chunk) error {
	if c.Key && r.most > 0 && r.in != nil && r.in.Offset() > r.most {
		if err := r.next(); err != nil {
			return fmt.Errorf("receive video: %w", err)
		}
	}
	if err := r.a.Chunk(c); err != nil {
		return fmt.Errorf("receive video: %w", err)
	}
	return nil
}

// Write takes what the Reassembler hands on.
func (r *Receiver) Write(p []byte) (int, error) {
	if r.in != nil {
		return r.in.Write(p)
	}
	if err := r.open(); err != nil {
		return 0, err
	}
	n, err := r.in.Write(p)
	if err != nil {
		return n, err
	}
	part, err := r.in.Follow()
	if err != nil {
		return n, err
	}
	r.set(part, false)
	return n, nil
}

// open begins a part. Only one that is the film from its first byte has a place in the store.
func (r *Receiver) open() error {
	hash, size := media.Hash{}, uint64(media.UnknownSize)
	if r.whole {
		hash, size = r.begin.Hash, r.begin.Size
	}
	in, err := r.store.Receive(hash, size, 0)
	if errors.Is(err, media.ErrBusy) { // another program of ours takes it too
		in, err = r.store.Receive(media.Hash{}, media.UnknownSize, 0)
	}
	r.in = in
	return err
}

// next ends a part at a gap. What came of the film before its first gap stays in the store, to be completed.
func (r *Receiver) next() error {
	r.whole = false
	return r.closePart(false)
}

func (r *Receiver) closePart(over bool) error {
	r.set(nil, over)
	if r.in == nil {
		return nil
	}
	err := r.in.Close()
	r.in = nil
	return err
}

// End takes the end of the film. One that is whole is checked against its hash and kept in the store, which is
// reported; one with gaps is not.
func (r *Receiver) End(size uint64, sum media.Hash) (kept bool, err error) {
	err = r.a.End(size, sum)
	if err == nil && r.a.Whole() && r.in != nil && r.whole {
		r.set(nil, true)
		r.in.Expect(sum, size)
		if err := r.in.Commit(); err != nil {
			r.in.Discard()
			return false, fmt.Errorf("receive video: %w", err)
		}
		r.in = nil
		return true, nil
	}
	if errors.Is(err, media.ErrHash) && r.in != nil { // nothing to go on from
		r.in.Discard()
		r.in = nil
	}
	if err = errors.Join(err, r.closePart(true)); err != nil {
		return false, fmt.Errorf("receive video: %w", err)
	}
	return false, nil
}

// Cancel ends a film that will not be complete. Either End or Cancel is called, once.
func (r *Receiver) Cancel() error { return r.closePart(true) }

// Lost tells in how many places and how many bytes are missing so far.
func (r *Receiver) Lost() (gaps int, bytes uint64) { return r.a.Lost() }

type resumed struct {
	io.Reader
	c io.Closer
}

func (r *resumed) Close() error {
	if r.c == nil {
		return nil
	}
	return r.c.Close()
}
