// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// What can be wrong with the chunks of a stream. Each ends the transfer.
var (
	ErrNotBegun    = errors.New("a chunk came before the stream began")
	ErrBegunTwice  = errors.New("the stream began twice")
	ErrEnded       = errors.New("the stream has ended already")
	ErrChunkSize   = errors.New("a chunk has to have between 1 and 16384 bytes")
	ErrGap         = errors.New("a part of the stream is missing")
	ErrOverlap     = errors.New("a part of the stream came twice")
	ErrTooLong     = errors.New("the stream is longer than announced")
	ErrTooShort    = errors.New("the stream ended before all of it had come")
	ErrSizeChanged = errors.New("the stream ended with another size than announced")
	ErrHash        = errors.New("what came is not what its hash says: it was damaged or changed on its way")
	ErrLimit       = errors.New("the stream is larger than what we take")
)

// Begin announces a stream.
type Begin struct {
	Size   uint64    // bytes of the whole; UnknownSize when that is not known yet
	Offset uint64    // of the first chunk that will come; what lies before it is in Prior
	Prior  io.Reader // the bytes before Offset, which are part of the hash; nil for a video
	Hash   Hash      // of the whole; zero when not known yet
	Limit  uint64    // the most we take, whatever was announced; 0: the announced size alone counts
	Video  bool      // parts may be missing, as long as the next one begins with a key frame
	// Gap is called, if it is not nil, before what comes behind missing parts of a video is handed on: a decoder has
	// to be started anew there.
	Gap func() error
}

// A Reassembler puts the chunks of one stream together again and hands the bytes on in order. It knows no network:
// its caller feeds it what arrived. It stops for good at the first error.
type Reassembler struct {
	w       io.Writer
	begin   Begin
	begun   bool
	ended   bool
	failed  error
	next    uint64 // offset of the byte that should come
	waiting bool   // for a key frame
	handed  bool   // something has been handed on
	gaps    int
	lost    uint64
	sum     hash.Hash
}

// NewReassembler writes what comes in order to w.
func NewReassembler(w io.Writer) *Reassembler {
	return &Reassembler{w: w, sum: sha256.New()}
}

// Begin starts the stream. It reads all of Prior.
func (a *Reassembler) Begin(b Begin) error {
	switch {
	case a.failed != nil:
		return a.failed
	case a.begun:
		return a.fail(ErrBegunTwice)
	case b.Limit > 0 && b.Size != UnknownSize && b.Size > b.Limit:
		return a.fail(fmt.Errorf("%w: %d bytes, at most %d", ErrLimit, b.Size, b.Limit))
	case b.Offset > b.Size:
		return a.fail(fmt.Errorf("%w: it begins at %d of %d", ErrTooLong, b.Offset, b.Size))
	}
	a.begin, a.begun = b, true
	if b.Video {
		a.next, a.waiting = b.Offset, true
		return nil
	}
	if b.Offset > 0 {
		if b.Prior == nil {
			return a.fail(fmt.Errorf("%w: the first %d bytes", ErrGap, b.Offset))
		}
		n, err := io.CopyN(a.sum, b.Prior, int64(b.Offset))
		if err != nil {
			return a.fail(fmt.Errorf("read the %d bytes we have, got %d: %w", b.Offset, n, err))
		}
	}
	a.next = b.Offset
	return nil
}

// Chunk takes the next piece. In a video, pieces up to the next key frame are dropped after a gap, without an error.
func (a *Reassembler) Chunk(c Chunk) error {
	end := c.Offset + uint64(len(c.Data))
	switch {
	case a.failed != nil:
		return a.failed
	case !a.begun:
		return a.fail(ErrNotBegun)
	case a.ended:
		return a.fail(ErrEnded)
	case len(c.Data) == 0 || len(c.Data) > MaxChunk:
		return a.fail(fmt.Errorf("%w: this one has %d", ErrChunkSize, len(c.Data)))
	case end < c.Offset || end > a.begin.Size:
		return a.fail(fmt.Errorf("%w: a chunk ends at %d of %d", ErrTooLong, end, a.begin.Size))
	case a.begin.Limit > 0 && end > a.begin.Limit:
		return a.fail(fmt.Errorf("%w: at most %d bytes", ErrLimit, a.begin.Limit))
	case c.Offset < a.next:
		return a.fail(fmt.Errorf("%w: offset %d, expected %d", ErrOverlap, c.Offset, a.next))
	case c.Offset > a.next && !a.begin.Video:
		return a.fail(fmt.Errorf("%w: offset %d, expected %d", ErrGap, c.Offset, a.next))
	}
	if c.Offset > a.next {
		a.gaps++
		a.lost += c.Offset - a.next
		a.waiting = true
	}
	a.next = end
	if a.waiting && !c.Key && c.Offset > 0 { // the very first byte of a stream needs no mark
		a.lost += uint64(len(c.Data))
		return nil
	}
	if a.waiting && a.handed && a.begin.Gap != nil {
		if err := a.begin.Gap(); err != nil {
			return a.fail(fmt.Errorf("go on behind a gap: %w", err))
		}
	}
	a.waiting, a.handed = false, true
	a.sum.Write(c.Data)
	if _, err := a.w.Write(c.Data); err != nil {
		return a.fail(fmt.Errorf("keep a chunk: %w", err))
	}
	return nil
}

// End checks that all has come and is what its hash says. A video with gaps cannot be checked; see Whole.
func (a *Reassembler) End(size uint64, sum Hash) error {
	switch {
	case a.failed != nil:
		return a.failed
	case !a.begun:
		return a.fail(ErrNotBegun)
	case a.ended:
		return a.fail(ErrEnded)
	case a.begin.Size != UnknownSize && size != a.begin.Size:
		return a.fail(fmt.Errorf("%w: %d, announced were %d", ErrSizeChanged, size, a.begin.Size))
	case a.next > size:
		return a.fail(fmt.Errorf("%w: %d bytes came, %d were sent", ErrTooLong, a.next, size))
	case a.next < size && !a.begin.Video:
		return a.fail(fmt.Errorf("%w: %d of %d bytes", ErrTooShort, a.next, size))
	}
	a.lost += size - a.next
	a.next, a.ended = size, true
	if !a.Whole() {
		return nil
	}
	got := Hash(a.sum.Sum(nil))
	if got != sum || !a.begin.Hash.IsZero() && got != a.begin.Hash {
		return a.fail(fmt.Errorf("%w: it is %v", ErrHash, got))
	}
	return nil
}

// fail remembers the first error.
func (a *Reassembler) fail(err error) error {
	a.failed = err
	return err
}

// Next is the offset up to which the stream has come.
func (a *Reassembler) Next() uint64 { return a.next }

// Lost tells in how many places and how many bytes of a video are missing so far.
func (a *Reassembler) Lost() (gaps int, bytes uint64) { return a.gaps, a.lost }

// Whole reports whether the stream has ended and nothing of it is missing, so that its hash was checked.
func (a *Reassembler) Whole() bool {
	return a.ended && a.failed == nil && a.lost == 0 && (!a.begin.Video || a.begin.Offset == 0)
}
