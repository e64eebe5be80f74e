// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
)

// MaxChunk is the most data one chunk carries, in bytes.
const MaxChunk = 16 << 10

// UnknownSize stands for the size of a stream that is sent while it is being made.
const UnknownSize = math.MaxUint64

// What can go wrong while a file is cut into chunks.
var (
	ErrShrank = errors.New("the file became shorter while it was being sent: send it again when nobody writes to it")
	ErrGrew   = errors.New("the file became longer while it was being sent: send it again when nobody writes to it")
)

// A Chunk is a piece of a stream.
type Chunk struct {
	Offset uint64 // of its first byte in the whole
	Data   []byte // at least one byte, at most MaxChunk; valid until the next chunk is asked for
	Key    bool   // a decoder can begin here
}

// A Splitter cuts a file into chunks and hashes what it cuts.
type Splitter struct {
	r    io.Reader
	size uint64
	next uint64
	sum  hash.Hash
	err  error
	buf  [MaxChunk]byte
}

// NewSplitter cuts a blob of size bytes, of which r gives those from offset on; UnknownSize means: as many as come.
func NewSplitter(r io.Reader, offset, size uint64) *Splitter {
	return &Splitter{r: r, next: offset, size: size, sum: sha256.New()}
}

// Next gives the next chunk, or io.EOF when all have been given. A file that does not hold what was announced gives
// [ErrShrank] or [ErrGrew]; then the stream has to be cancelled. After an error the same error comes again.
func (s *Splitter) Next() (Chunk, error) {
	if s.err != nil {
		return Chunk{}, s.err
	}
	n, err := io.ReadFull(s.r, s.buf[:min(s.size-min(s.next, s.size), MaxChunk)])
	if n == 0 && s.next >= s.size {
		s.err = s.atEnd()
		return Chunk{}, s.err
	}
	switch {
	case err == nil:
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		s.err = fmt.Errorf("read what is to be sent: %w", err)
	case s.size == UnknownSize:
		s.err = io.EOF
	default:
		s.err = fmt.Errorf("%w: %d of %d bytes are there", ErrShrank, s.next+uint64(n), s.size)
	}
	if n == 0 {
		return Chunk{}, s.err
	}
	c := Chunk{Offset: s.next, Data: s.buf[:n]}
	s.sum.Write(c.Data)
	s.next += uint64(n)
	return c, nil
}

// atEnd looks whether the file ends where it should.
func (s *Splitter) atEnd() error {
	n, err := io.ReadFull(s.r, s.buf[:1])
	switch {
	case n > 0:
		return fmt.Errorf("%w: %d bytes were announced", ErrGrew, s.size)
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return fmt.Errorf("read what is to be sent: %w", err)
}

// Sum is the SHA-256 of the chunks given so far, and the offset at which they end.
func (s *Splitter) Sum() (Hash, uint64) { return Hash(s.sum.Sum(nil)), s.next }
