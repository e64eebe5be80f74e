// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"kchat/media"
)

// maxElement bounds the elements that have to be looked at whole: descriptions, and clusters, of which ffmpeg makes
// pieces of about 32 KB or one second, and of 5 MB at most.
const maxElement = 64 << 20

// Splitter cuts a Matroska stream, as it comes out of [Tools.Remux], into chunks for sending. It copies the
// descriptions of the film (Info and Tracks, which the format allows to recur) before each cluster that begins with
// a key frame, so that who joins there needs nothing of what went before except what [Prefix] gives. What points
// at places in the file is left out, since the places change.
type Splitter struct {
	r            *bufio.Reader
	rotation     int
	info, tracks []byte // whole elements
	header       Header
	described    bool // Info and Tracks stand before what comes next
	next         uint64
	sum          hash.Hash
	pending      []byte // not yet given
	key          bool   // pending begins where a decoder can begin
	err          error
}

// NewSplitter cuts r. The rotation is how far the film has to be turned clockwise to be shown; some versions of
// ffmpeg lose it when they write Matroska, so it is written into the stream here.
func NewSplitter(r io.Reader, rotation int) *Splitter {
	return &Splitter{r: bufio.NewReaderSize(r, 64<<10), rotation: rotation, sum: sha256.New()}
}

// Next gives the next chunk, or io.EOF when the film is over.
func (s *Splitter) Next() (media.Chunk, error) {
	for len(s.pending) == 0 {
		if s.err != nil {
			return media.Chunk{}, s.err
		}
		if s.err = s.element(); s.err != nil && !errors.Is(s.err, io.EOF) {
			s.err = fmt.Errorf("cut video: %w", s.err)
		}
	}
	n := min(len(s.pending), media.MaxChunk)
	c := media.Chunk{Offset: s.next, Data: s.pending[:n], Key: s.key}
	s.pending, s.key = s.pending[n:], false
	s.next += uint64(n)
	s.sum.Write(c.Data)
	return c, nil
}

// Sum is the hash of the chunks given so far, and how many bytes they are.
func (s *Splitter) Sum() (media.Hash, uint64) { return media.Hash(s.sum.Sum(nil)), s.next }

// Header tells what the film is; it is known once the first key chunk after the beginning, or any chunk with frames,
// has been given.
func (s *Splitter) Header() Header { return s.header }

// Describe reads as much as tells what the film is, before any chunk is asked for. [ErrNoVideo], [ErrDamaged] and
// [ErrCrashed] say that it is none.
func (s *Splitter) Describe() (Header, error) {
	for s.header.track == 0 && s.err == nil {
		s.err = s.element()
	}
	switch {
	case s.header.track != 0:
		return s.header, nil
	case errors.Is(s.err, io.EOF):
		return Header{}, fmt.Errorf("cut video: %w: nothing came", ErrDamaged)
	}
	return Header{}, fmt.Errorf("cut video: %w", s.err)
}

// element reads the next element and puts what is to be sent of it into pending.
func (s *Splitter) element() error {
	id, size, head, err := s.head()
	if err != nil {
		return err
	}
	if id == idSegment { // its content follows; how long it is, is not known
		return nil
	}
	if size > maxElement {
		return fmt.Errorf("%w: an element %#x of %d bytes", ErrDamaged, id, size)
	}
	whole := make([]byte, len(head)+int(size))
	copy(whole, head)
	if _, err := io.ReadFull(s.r, whole[len(head):]); err != nil {
		return fmt.Errorf("%w: it ends within an element: %w", ErrDamaged, err)
	}
	content := whole[len(head):]
	switch id {
	case idEBML:
		s.pending, s.key = Prefix(), true
	case idInfo:
		s.info = whole
	case idTracks:
		turned, err := withRotation(content, s.rotation)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		s.tracks = appendElement(nil, idTracks, turned)
		return s.describe(turned)
	case idCluster:
		return s.cluster(content, whole)
	}
	return nil
}

// head reads id and size of the next element.
func (s *Splitter) head() (id uint32, size uint64, head []byte, err error) {
	peeked, err := s.r.Peek(12) // the longest
	if len(peeked) == 0 {
		return 0, 0, nil, err
	}
	id, size, n, err := elementHead(peeked)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	head = append(head, peeked[:n]...)
	if _, err := s.r.Discard(n); err != nil {
		return 0, 0, nil, err
	}
	return id, size, head, nil
}

// describe reads what the film is, before its first frame.
func (s *Splitter) describe(tracks []byte) error {
	var info []byte
	if len(s.info) > 0 {
		_, _, n, err := elementHead(s.info)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		info = s.info[n:]
	}
	var err error
	if s.header, err = newHeader(info, tracks); err != nil {
		return err
	}
	s.pending = append(s.pending, s.info...)
	s.pending = append(s.pending, s.tracks...)
	s.described = true
	return nil
}

func (s *Splitter) cluster(content, whole []byte) error {
	if s.header.track == 0 {
		return fmt.Errorf("%w: frames before their description", ErrDamaged)
	}
	key, err := isKey(content, s.header.track)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if key && !s.described {
		s.pending = append(append(s.pending, s.info...), s.tracks...)
		s.key = true
	}
	s.described = false
	s.pending = append(s.pending, whole...)
	return nil
}

// Prefix is how a stream begins, before its descriptions: who joins at a later key chunk gives this to the decoder
// first.
func Prefix() []byte {
	var e []byte
	for _, part := range []struct {
		id      uint32
		content []byte
	}{
		{0x4286, []byte{1}}, {0x42f7, []byte{1}}, {0x42f2, []byte{4}}, {0x42f3, []byte{8}}, // versions and limits
		{0x4282, []byte("matroska")}, {0x4287, []byte{4}}, {0x4285, []byte{2}},
	} {
		e = appendElement(e, part.id, part.content)
	}
	b := appendElement(nil, idEBML, e)
	b = appendID(b, idSegment)
	return append(b, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // a size that is not known
}

// NeedsPrefix reports whether the first chunk someone got is from the middle of a stream.
func NeedsPrefix(first []byte) bool { return !bytes.HasPrefix(first, appendID(nil, idEBML)) }
