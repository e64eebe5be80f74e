// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"encoding/binary"
	"encoding/hex"
)

// Sizes of the head of a frame, in bytes.
const (
	HeaderLen = 64 // the whole header, its length field included
	LengthLen = 4  // the length field
	LengthMin = 60 // smallest value of the length field: a header without a body
)

// Version is the version of the protocol, and Port the TCP port of a server that was not told another.
const (
	Version = 1
	Port    = 10106
)

// ID is the lasting id of a message, the id of a stream, or the mark that ties a reply to its request.
type ID [16]byte

// IsZero reports whether the id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String writes the id as 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Header is the head of a frame but for its length, which follows from the body. A client leaves Epoch, Seq, Time
// and Sender zero; the server fills them in.
type Header struct {
	Type   Type
	Flags  Flags
	Room   uint32 // number of the room, 0: none
	Epoch  uint64
	Seq    uint64 // in STREAM_CHUNK: offset in the blob
	Time   uint64 // microseconds since 1970-01-01 UTC
	Sender uint64 // account number, 0: the server
	ID     ID
}

// Append appends the 64 bytes of the header of a frame whose body has bodyLen bytes.
func (h Header) Append(dst []byte, bodyLen int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(LengthMin+bodyLen))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(h.Type))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(h.Flags))
	dst = binary.LittleEndian.AppendUint32(dst, h.Room)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, h.Epoch)
	dst = binary.LittleEndian.AppendUint64(dst, h.Seq)
	dst = binary.LittleEndian.AppendUint64(dst, h.Time)
	dst = binary.LittleEndian.AppendUint64(dst, h.Sender)
	return append(dst, h.ID[:]...)
}

// ParseHeader reads a header and the length of the body that follows it. It fails with ErrBadFrame if there are
// fewer than 64 bytes, the length is under 60 or the reserved field is not zero, and with ErrTooLong if the body
// is longer than the type allows. The header is filled in even then, so that the error can name its type.
func ParseHeader(b []byte) (h Header, bodyLen int, err error) {
	if len(b) < HeaderLen {
		return h, 0, ErrBadFrame
	}
	length := binary.LittleEndian.Uint32(b)
	h = Header{
		Type:   Type(binary.LittleEndian.Uint16(b[4:])),
		Flags:  Flags(binary.LittleEndian.Uint16(b[6:])),
		Room:   binary.LittleEndian.Uint32(b[8:]),
		Epoch:  binary.LittleEndian.Uint64(b[16:]),
		Seq:    binary.LittleEndian.Uint64(b[24:]),
		Time:   binary.LittleEndian.Uint64(b[32:]),
		Sender: binary.LittleEndian.Uint64(b[40:]),
		ID:     ID(b[48:64]),
	}
	switch {
	case length < LengthMin:
		return h, 0, ErrBadFrame
	case length-LengthMin > uint32(h.Type.Max()):
		return h, 0, ErrTooLong
	case binary.LittleEndian.Uint32(b[12:]) != 0:
		return h, int(length - LengthMin), ErrBadFrame
	}
	return h, int(length - LengthMin), nil
}

// Frame is a whole frame. Body aliases the buffer it was read from.
type Frame struct {
	Header
	Body []byte
}

// Body is the body of one type of frame.
type Body interface {
	// Append appends the encoded body. It does not check limits: a server refuses what is too long.
	Append(dst []byte) []byte
}

// AppendFrame appends a frame of header and body.
func AppendFrame[B Body](dst []byte, h Header, body B) []byte {
	start := len(dst)
	dst = body.Append(h.Append(dst, 0))
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-LengthLen))
	return dst
}

// Empty is the body of the frames that have none: BYE, OK, STATUS, LIVE, PART and ACK.
type Empty struct{}

// Append appends nothing.
func (Empty) Append(dst []byte) []byte { return dst }

// Raw is a body that is not taken apart: AUTH, CHALLENGE, PROOF, PING, PONG and STREAM_CHUNK.
type Raw []byte

// Append appends the bytes as they are.
func (r Raw) Append(dst []byte) []byte { return append(dst, r...) }
