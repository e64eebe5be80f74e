// SPDX-License-Identifier: GPL-2.0-only

package wire

// StreamBegin announces a stream. The id of the header is that of the stream.
type StreamBegin struct {
	Size     uint64 // bytes of the whole blob; SizeUnknown
	Offset   uint64 // the first byte that will be sent
	To       uint64 // account number of the only recipient, 0: everybody in the room
	Width    uint32 // pixels, 0: none
	Height   uint32
	Duration uint32       // milliseconds, 0: none or not known
	Kind     uint8        // StreamImage, StreamFile or StreamVideo
	Hash     [KeyLen]byte // SHA-256 of the whole blob, zero: not known yet
	MIME     string
	Name     string
}

// Append appends the body of STREAM_BEGIN.
func (s StreamBegin) Append(dst []byte) []byte {
	dst = u64(dst, s.Size)
	dst = u64(dst, s.Offset)
	dst = u64(dst, s.To)
	dst = u32(dst, s.Width)
	dst = u32(dst, s.Height)
	dst = u32(dst, s.Duration)
	dst = append(dst, s.Kind)
	dst = zeros(dst, 3)
	dst = append(dst, s.Hash[:]...)
	dst = u16(dst, uint16(len(s.MIME)))
	dst = u16(dst, uint16(len(s.Name)))
	dst = append(dst, s.MIME...)
	return append(dst, s.Name...)
}

// ParseStreamBegin reads the body of STREAM_BEGIN.
func ParseStreamBegin(body []byte) (StreamBegin, error) { return (*Decoder)(nil).StreamBegin(body) }

// StreamBegin is ParseStreamBegin.
func (dec *Decoder) StreamBegin(body []byte) (StreamBegin, error) {
	c := cursor{rest: body, keep: dec}
	var s StreamBegin
	s.Size = c.u64()
	s.Offset = c.u64()
	s.To = c.u64()
	s.Width = c.u32()
	s.Height = c.u32()
	s.Duration = c.u32()
	s.Kind = c.u8()
	c.zeros(3)
	s.Hash = c.key()
	mime, name := c.u16(), c.u16()
	s.MIME = c.text(mime, MIMEMax)
	s.Name = c.text(name, FileNameMax)
	if s.Kind < StreamImage || s.Kind > StreamVideo || s.Offset > min(s.Size, SizeMax) || (s.Size > SizeMax && s.Size != SizeUnknown) {
		c.bad = true
	}
	return s, c.end()
}

// StreamCredit tells the sender of a stream how far it may send.
type StreamCredit struct {
	Limit  uint64 // an offset in the blob: chunks may end at or below it
	Takers uint32 // people who have accepted
}

// Append appends the body of STREAM_CREDIT.
func (s StreamCredit) Append(dst []byte) []byte { return u32(u32(u64(dst, s.Limit), s.Takers), 0) }

// ParseStreamCredit reads the body of STREAM_CREDIT.
func ParseStreamCredit(body []byte) (StreamCredit, error) {
	c := cursor{rest: body}
	s := StreamCredit{Limit: c.u64(), Takers: c.u32()}
	c.zeros(4)
	return s, c.end()
}

// StreamEnd ends a stream.
type StreamEnd struct {
	Size uint64 // of the whole blob
	Hash [KeyLen]byte
}

// Append appends the body of STREAM_END.
func (s StreamEnd) Append(dst []byte) []byte { return append(u64(dst, s.Size), s.Hash[:]...) }

// ParseStreamEnd reads the body of STREAM_END.
func ParseStreamEnd(body []byte) (StreamEnd, error) {
	c := cursor{rest: body}
	s := StreamEnd{Size: c.u64(), Hash: c.key()}
	return s, c.end()
}

// StreamCancel ends a stream before its end, or one person's part in it.
type StreamCancel struct {
	Reason ErrorNumber
}

// Append appends the body of STREAM_CANCEL.
func (s StreamCancel) Append(dst []byte) []byte { return zeros(u16(dst, uint16(s.Reason)), 6) }

// ParseStreamCancel reads the body of STREAM_CANCEL.
func ParseStreamCancel(body []byte) (StreamCancel, error) {
	c := cursor{rest: body}
	s := StreamCancel{Reason: ErrorNumber(c.u16())}
	c.zeros(6)
	return s, c.end()
}
