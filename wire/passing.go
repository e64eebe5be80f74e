// SPDX-License-Identifier: GPL-2.0-only

package wire

// Typing says that somebody begins or ends typing.
type Typing struct {
	On bool
}

// Append appends the body of TYPING.
func (t Typing) Append(dst []byte) []byte {
	if t.On {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// ParseTyping reads the body of TYPING.
func ParseTyping(body []byte) (Typing, error) {
	if len(body) != 1 || body[0] > 1 {
		return Typing{}, ErrBadFrame
	}
	return Typing{On: body[0] == 1}, nil
}

// Away says that the person at this session is away, or back.
type Away struct {
	On   bool
	Idle uint32 // seconds since the person last did something, 0: not known
}

// Append appends the body of AWAY.
func (a Away) Append(dst []byte) []byte {
	return u32(zeros(Typing{On: a.On}.Append(dst), 3), a.Idle)
}

// ParseAway reads the body of AWAY.
func ParseAway(body []byte) (Away, error) {
	c := cursor{rest: body}
	on := c.u8()
	c.zeros(3)
	a := Away{On: on == 1, Idle: c.u32()}
	if on > 1 {
		c.bad = true
	}
	return a, c.end()
}

// Step is a point of DELIVERED: so many people have stored at least up to Seq.
type Step struct {
	Seq    uint64
	People uint32
}

// Delivered says how far the people present have stored.
type Delivered struct {
	Present uint32 // people present who count
	Steps   []Step // largest sequence first
}

// Append appends the body of DELIVERED.
func (d Delivered) Append(dst []byte) []byte {
	dst = u32(dst, d.Present)
	dst = u32(dst, uint32(len(d.Steps)))
	for _, s := range d.Steps {
		dst = u64(dst, s.Seq)
		dst = u32(dst, s.People)
		dst = u32(dst, 0)
	}
	return dst
}

// ParseDelivered reads the body of DELIVERED.
func ParseDelivered(body []byte) (Delivered, error) { return (*Decoder)(nil).Delivered(body) }

// Delivered is ParseDelivered.
func (dec *Decoder) Delivered(body []byte) (Delivered, error) {
	c := cursor{rest: body}
	var d Delivered
	d.Present = c.u32()
	n := c.u32()
	if n > StepsMax {
		return Delivered{}, ErrBadFrame
	}
	d.Steps = dec.stepList(int(n))
	for range n {
		s := Step{Seq: c.u64(), People: c.u32()}
		c.zeros(4)
		d.Steps = append(d.Steps, s)
	}
	return d, c.end()
}

// Want asks who wrote something after From and up to To to send it again.
type Want struct {
	FromEpoch, FromSeq uint64
	ToEpoch, ToSeq     uint64
}

// Append appends the body of WANT.
func (w Want) Append(dst []byte) []byte {
	return u64(u64(u64(u64(dst, w.FromEpoch), w.FromSeq), w.ToEpoch), w.ToSeq)
}

// ParseWant reads the body of WANT.
func ParseWant(body []byte) (Want, error) {
	c := cursor{rest: body}
	w := Want{FromEpoch: c.u64(), FromSeq: c.u64(), ToEpoch: c.u64(), ToSeq: c.u64()}
	return w, c.end()
}

// BlobWant asks who has a blob to send it, or a part of it.
type BlobWant struct {
	Hash   [KeyLen]byte // SHA-256
	Offset uint64
	Length uint64 // 0: to the end
}

// Append appends the body of BLOB_WANT.
func (b BlobWant) Append(dst []byte) []byte {
	return u64(u64(append(dst, b.Hash[:]...), b.Offset), b.Length)
}

// ParseBlobWant reads the body of BLOB_WANT.
func ParseBlobWant(body []byte) (BlobWant, error) {
	c := cursor{rest: body}
	b := BlobWant{Hash: c.key(), Offset: c.u64(), Length: c.u64()}
	return b, c.end()
}

// Reoffer sends somebody one's own words again. The original id is that of the header.
type Reoffer struct {
	To    uint64 // account number of the one who wants it
	Epoch uint64
	Seq   uint64
	Time  uint64 // microseconds since 1970-01-01 UTC
	Type  Type   // MSG, EDIT, DELETE, REACT or TOPIC
	Flags Flags
	Body  []byte // aliases the input
}

// Append appends the body of REOFFER.
func (r Reoffer) Append(dst []byte) []byte {
	dst = u64(dst, r.To)
	dst = u64(dst, r.Epoch)
	dst = u64(dst, r.Seq)
	dst = u64(dst, r.Time)
	dst = u16(dst, uint16(r.Type))
	dst = u16(dst, uint16(r.Flags))
	dst = u32(dst, 0)
	return append(dst, r.Body...)
}

// ParseReoffer reads the body of REOFFER.
func ParseReoffer(body []byte) (Reoffer, error) {
	c := cursor{rest: body}
	var r Reoffer
	r.To = c.u64()
	r.Epoch = c.u64()
	r.Seq = c.u64()
	r.Time = c.u64()
	r.Type = Type(c.u16())
	r.Flags = Flags(c.u16())
	c.zeros(4)
	r.Body = c.take(len(c.rest))
	if !r.Type.Lasting() || len(r.Body) > r.Type.Max() {
		c.bad = true
	}
	return r, c.end()
}

// Direct is an envelope from person to person.
type Direct struct {
	To   uint64 // account number
	Data []byte // aliases the input
}

// Append appends the body of DIRECT.
func (d Direct) Append(dst []byte) []byte { return append(u64(dst, d.To), d.Data...) }

// ParseDirect reads the body of DIRECT.
func ParseDirect(body []byte) (Direct, error) {
	c := cursor{rest: body}
	d := Direct{To: c.u64()}
	d.Data = c.take(len(c.rest))
	if len(d.Data) > DirectMax {
		c.bad = true
	}
	return d, c.end()
}
