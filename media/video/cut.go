// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"bufio"
	"bytes"
	"io"

	"kchat/media"
)

// Cutter cuts a film that is kept into chunks for sending, and marks those with which a decoder can begin: the
// places where a [Splitter] has written the descriptions of the film anew. What is not such a film is cut anywhere,
// without marks.
type Cutter struct {
	r       *bufio.Reader
	foreign bool // no Matroska, or no longer
	next    uint64
	pending []byte
	key     bool
}

// NewCutter cuts what r gives, from its first byte.
func NewCutter(r io.Reader) *Cutter { return &Cutter{r: bufio.NewReaderSize(r, 64<<10)} }

// Next gives the next chunk, or io.EOF.
func (c *Cutter) Next() (media.Chunk, error) {
	if len(c.pending) == 0 {
		if err := c.group(); err != nil {
			return media.Chunk{}, err
		}
	}
	n := min(len(c.pending), media.MaxChunk)
	chunk := media.Chunk{Offset: c.next, Data: c.pending[:n], Key: c.key}
	c.pending, c.key, c.next = c.pending[n:], false, c.next+uint64(n)
	return chunk, nil
}

// group reads up to the end of the next cluster, which is what belongs together.
func (c *Cutter) group() error {
	c.pending = nil
	for {
		head, id, size, err := c.head()
		if err != nil || id == 0 {
			return c.rest(err)
		}
		if _, err := c.r.Discard(len(head)); err != nil {
			return err
		}
		c.pending = append(c.pending, head...)
		if id == idSegment {
			continue // its content follows
		}
		at := len(c.pending)
		c.pending = append(c.pending, make([]byte, size)...)
		n, err := io.ReadFull(c.r, c.pending[at:])
		if err != nil { // it ends within an element; what is there is sent
			c.pending = c.pending[:at+n]
			return nil
		}
		c.key = c.key || id == idEBML || id == idInfo
		if id == idCluster {
			return nil
		}
	}
}

// head looks at the next element. Its id is 0 where there is none that can be read whole.
func (c *Cutter) head() (head []byte, id uint32, size uint64, err error) {
	peeked, err := c.r.Peek(12) // the longest
	if len(peeked) == 0 {
		return nil, 0, 0, err
	}
	if c.foreign {
		return nil, 0, 0, nil
	}
	id, size, n, err := elementHead(peeked)
	if err != nil || id != idSegment && size > maxElement || c.next == 0 && len(c.pending) == 0 && id != idEBML {
		c.foreign = true
		return nil, 0, 0, nil
	}
	return bytes.Clone(peeked[:n]), id, size, nil
}

// rest gives what cannot be told apart, as it comes. An error ends the film once all before it was given.
func (c *Cutter) rest(err error) error {
	if len(c.pending) > 0 {
		return nil
	}
	if err != nil {
		return err
	}
	c.pending = make([]byte, media.MaxChunk)
	n, err := io.ReadFull(c.r, c.pending)
	c.pending = c.pending[:n]
	if n > 0 {
		return nil
	}
	return err
}
