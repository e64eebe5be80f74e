// SPDX-License-Identifier: GPL-2.0-only

package wire

import "unicode/utf8"

// Talk is the body of MSG, EDIT, DELETE, REACT and TOPIC.
type Talk struct {
	Target     ID // the message that is edited, deleted or reacted to
	ReplyTo    ID // the message that is answered
	Thread     ID // the first message of the thread
	Mentions   []uint64
	Descriptor *Descriptor
	Newer      bool   // it has a critical attribute that is not known here: show it as "from a newer client"
	Text       []byte // aliases the input
}

// Descriptor describes a blob that belongs to a message.
type Descriptor struct {
	Hash     [KeyLen]byte // SHA-256
	Size     uint64       // bytes
	Width    uint32       // pixels, 0: none
	Height   uint32       // pixels, 0: none
	Duration uint32       // milliseconds, 0: none
	MIME     string
	Name     string // of the file
}

// descriptorFixed is the length of a descriptor without its strings.
const descriptorFixed = 56

// Append appends the body.
func (t Talk) Append(dst []byte) []byte {
	at := len(dst)
	dst = zeros(dst, 8)
	dst = appendID(dst, AttrTarget, t.Target)
	dst = appendID(dst, AttrReplyTo, t.ReplyTo)
	dst = appendID(dst, AttrThread, t.Thread)
	for _, account := range t.Mentions {
		dst = u64(u16(u16(dst, AttrMention), 8), account)
	}
	if d := t.Descriptor; d != nil {
		dst = u16(u16(dst, AttrDescriptor), uint16(descriptorFixed+len(d.MIME)+len(d.Name)))
		dst = d.append(dst)
	}
	attrs := len(dst) - at - 8
	dst[at], dst[at+1] = byte(attrs), byte(attrs>>8)
	return append(dst, t.Text...)
}

func appendID(dst []byte, attr uint16, id ID) []byte {
	if id.IsZero() {
		return dst
	}
	return append(u16(u16(dst, attr), uint16(len(id))), id[:]...)
}

func (d *Descriptor) append(dst []byte) []byte {
	dst = append(dst, d.Hash[:]...)
	dst = u64(dst, d.Size)
	dst = u32(dst, d.Width)
	dst = u32(dst, d.Height)
	dst = u32(dst, d.Duration)
	dst = u16(dst, uint16(len(d.MIME)))
	dst = u16(dst, uint16(len(d.Name)))
	dst = append(dst, d.MIME...)
	return append(dst, d.Name...)
}

func (dec *Decoder) parseDescriptor(b []byte) (*Descriptor, error) {
	c := cursor{rest: b, keep: dec}
	d := dec.emptyDescriptor()
	d.Hash = c.key()
	d.Size = c.u64()
	d.Width = c.u32()
	d.Height = c.u32()
	d.Duration = c.u32()
	mime, name := c.u16(), c.u16()
	d.MIME = c.text(mime, MIMEMax)
	d.Name = c.text(name, FileNameMax)
	return d, c.end()
}

// ParseTalk reads the body of a lasting frame. It looks at the structure only; Check has the rules of the types.
func ParseTalk(body []byte) (Talk, error) { return (*Decoder)(nil).Talk(body) }

// Talk is ParseTalk.
func (dec *Decoder) Talk(body []byte) (Talk, error) {
	c := cursor{rest: body}
	var t Talk
	n := int(c.u16())
	c.zeros(6)
	if n > AttrsMax {
		return Talk{}, ErrBadFrame
	}
	attrs := cursor{rest: c.take(n)}
	t.Text = c.rest
	if c.bad {
		return Talk{}, ErrBadFrame
	}
	for len(attrs.rest) > 0 && !attrs.bad {
		number := attrs.u16()
		value := attrs.take(int(attrs.u16()))
		if attrs.bad {
			break
		}
		if err := t.attribute(dec, number, value); err != nil {
			return Talk{}, err
		}
	}
	if err := attrs.end(); err != nil {
		return Talk{}, err
	}
	return t, nil
}

func (t *Talk) attribute(dec *Decoder, number uint16, value []byte) error {
	v := cursor{rest: value}
	switch number {
	case AttrTarget:
		t.Target = v.id()
	case AttrReplyTo:
		t.ReplyTo = v.id()
	case AttrThread:
		t.Thread = v.id()
	case AttrMention:
		t.Mentions = dec.mention(t.Mentions, v.u64())
	case AttrDescriptor:
		if t.Descriptor != nil {
			return ErrBadFrame
		}
		d, err := dec.parseDescriptor(value)
		t.Descriptor = d
		return err
	default:
		t.Newer = t.Newer || number&Critical != 0
		return nil
	}
	return v.end()
}

// Check says by which error a server refuses this body in a frame of the given type; nil if it does not.
func (t Talk) Check(kind Type) error {
	least, most, target := 0, 0, false
	switch kind {
	case TypeMsg:
		least, most = 1, TextMax
		if t.Descriptor != nil {
			least = 0
		}
	case TypeEdit:
		least, most, target = 1, TextMax, true
	case TypeDelete:
		target = true
	case TypeReact:
		least, most, target = 1, ReactionMax, true
	case TypeTopic:
		most = TopicMax
	default:
		return ErrBadFrame
	}
	switch {
	case t.Newer, target && t.Target.IsZero():
		return ErrBadFrame
	case len(t.Text) < least:
		return ErrEmpty
	case len(t.Text) > most:
		return ErrBadFrame
	}
	return CheckText(t.Text)
}

// CheckText says by which error a server refuses the text: ErrUTF8 if it is not UTF-8, ErrBadFrame if it has a control
// character other than tab and newline; nil if it is legal.
func CheckText(text []byte) error {
	if !utf8.Valid(text) {
		return ErrUTF8
	}
	for _, b := range text {
		if (b < 0x20 && b != '\t' && b != '\n') || b == 0x7f {
			return ErrBadFrame
		}
	}
	return nil
}
