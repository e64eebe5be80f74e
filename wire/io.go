// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"errors"
	"fmt"
	"io"
)

// Reader reads frames from a stream. It is not safe for concurrent use.
type Reader struct {
	from  io.Reader
	buf   []byte
	start int // first byte not handed out
	end   int // after the last byte read
}

// readerBuffer holds many small frames; it grows to the largest frame when one comes.
const readerBuffer = 4096

// NewReader returns a Reader of the frames that come from r.
func NewReader(r io.Reader) *Reader {
	return &Reader{from: r, buf: make([]byte, readerBuffer)}
}

// Next reads one frame. Its body aliases the reader's buffer and is valid until the next call. The length is checked
// before anything is allocated for it: ErrBadFrame and ErrTooLong, with the header as far as it is known, mean that
// what follows cannot be trusted. At the end of the stream it is io.EOF between two frames and io.ErrUnexpectedEOF
// inside one.
func (r *Reader) Next() (Frame, error) {
	if err := r.fill(HeaderLen); err != nil {
		return Frame{}, err
	}
	h, n, err := ParseHeader(r.buf[r.start:r.end])
	if err != nil {
		return Frame{Header: h}, fmt.Errorf("reading the head of a frame %v: %w", h.Type, err)
	}
	if err := r.fill(HeaderLen + n); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Frame{Header: h}, err
	}
	at := r.start + HeaderLen
	r.start = at + n
	return Frame{Header: h, Body: r.buf[at:r.start:r.start]}, nil
}

// fill reads until n bytes wait in the buffer.
func (r *Reader) fill(n int) error {
	if r.start == r.end {
		r.start, r.end = 0, 0
	}
	if r.start+n > len(r.buf) {
		r.room(n)
	}
	for r.end-r.start < n {
		got, err := r.from.Read(r.buf[r.end:])
		r.end += got
		if err != nil && r.end-r.start < n {
			if errors.Is(err, io.EOF) && r.end > r.start {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// room makes space for n bytes from start on, by moving what waits to the front and growing if that is not enough.
func (r *Reader) room(n int) {
	buf := r.buf
	if n > len(buf) {
		buf = make([]byte, n)
	}
	r.end = copy(buf, r.buf[r.start:r.end])
	r.start, r.buf = 0, buf
}

// Writer collects frames and writes them to a stream together. It is not safe for concurrent use.
type Writer struct {
	to  io.Writer
	buf []byte
}

// NewWriter returns a Writer of frames to w.
func NewWriter(w io.Writer) *Writer { return &Writer{to: w} }

// Add puts a frame behind those that wait.
func (w *Writer) Add(h Header, body Body) { w.buf = AppendFrame(w.buf, h, body) }

// AddBytes puts a frame that is encoded already behind those that wait.
func (w *Writer) AddBytes(frame []byte) { w.buf = append(w.buf, frame...) }

// Waiting is the number of bytes not written yet.
func (w *Writer) Waiting() int { return len(w.buf) }

// Flush writes what waits.
func (w *Writer) Flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.to.Write(w.buf)
	w.buf = w.buf[:0]
	if err != nil {
		return fmt.Errorf("writing frames: %w", err)
	}
	return nil
}
