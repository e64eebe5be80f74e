// SPDX-License-Identifier: GPL-2.0-only

package wire

import "encoding/binary"

// cursor reads a body from its beginning. After the first read past the end, or a reserved field that is not zero,
// it is bad and all further reads give zeros.
type cursor struct {
	rest []byte
	bad  bool
	keep *Decoder // may be nil
}

func (c *cursor) take(n int) []byte {
	if c.bad || n > len(c.rest) {
		c.bad = true
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) id() (id [16]byte) {
	copy(id[:], c.take(len(id)))
	return id
}

func (c *cursor) key() (key [KeyLen]byte) {
	copy(key[:], c.take(len(key)))
	return key
}

// text reads n bytes that may be at most limit.
func (c *cursor) text(n uint16, limit int) string {
	if int(n) > limit {
		c.bad = true
	}
	return c.keep.text(c.take(int(n)))
}

// zeros reads n reserved bytes.
func (c *cursor) zeros(n int) {
	for _, b := range c.take(n) {
		if b != 0 {
			c.bad = true
		}
	}
}

// end is ErrBadFrame if a read failed or something is left.
func (c *cursor) end() error {
	if c.bad || len(c.rest) != 0 {
		return ErrBadFrame
	}
	return nil
}

func u16(dst []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(dst, v) }
func u32(dst []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(dst, v) }
func u64(dst []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(dst, v) }

// zeros appends n reserved bytes.
func zeros(dst []byte, n int) []byte {
	var none [8]byte
	return append(dst, none[:n]...)
}
