// SPDX-License-Identifier: GPL-2.0-only

package wire

// Whois asks who a person is, by number, or by login name if the number is 0.
type Whois struct {
	Account uint64
	Login   string
}

// Append appends the body of WHOIS.
func (w Whois) Append(dst []byte) []byte {
	dst = u64(dst, w.Account)
	dst = u16(dst, uint16(len(w.Login)))
	dst = zeros(dst, 6)
	return append(dst, w.Login...)
}

// ParseWhois reads the body of WHOIS.
func ParseWhois(body []byte) (Whois, error) {
	c := cursor{rest: body}
	w := Whois{Account: c.u64()}
	n := c.u16()
	c.zeros(6)
	w.Login = c.text(n, NameMax)
	return w, c.end()
}

// RoomEntry is a room in ROOMS_ARE.
type RoomEntry struct {
	Number uint32
	People uint32
	Flags  uint32
	Name   string
	Topic  string
}

// RoomList is the body of ROOMS_ARE.
type RoomList []RoomEntry

// Append appends the entries.
func (l RoomList) Append(dst []byte) []byte {
	for _, e := range l {
		dst = u32(dst, e.Number)
		dst = u32(dst, e.People)
		dst = u32(dst, e.Flags)
		dst = u16(dst, uint16(len(e.Name)))
		dst = u16(dst, uint16(len(e.Topic)))
		dst = append(dst, e.Name...)
		dst = append(dst, e.Topic...)
	}
	return dst
}

// ParseRoomList reads room entries to the end of the body.
func ParseRoomList(body []byte) (RoomList, error) {
	c := cursor{rest: body}
	var list RoomList
	for len(c.rest) > 0 && !c.bad {
		e := RoomEntry{Number: c.u32(), People: c.u32(), Flags: c.u32()}
		name, topic := c.u16(), c.u16()
		e.Name = c.text(name, RoomNameMax)
		e.Topic = c.text(topic, TopicMax)
		list = append(list, e)
	}
	return list, c.end()
}

// Counter is a counter of the server, by its number.
type Counter struct {
	Number uint16
	Value  uint64
}

// StatusIs is the answer to STATUS.
type StatusIs struct {
	Counters []Counter
	Kernel   string // release of the kernel the server runs in
	Module   string // version of the module
}

// statusStringMax is longer than any kernel release (65 bytes in struct utsname) and module version.
const statusStringMax = 255

// Append appends the body of STATUS_IS.
func (s StatusIs) Append(dst []byte) []byte {
	dst = u16(dst, uint16(len(s.Counters)))
	dst = u16(dst, uint16(len(s.Kernel)))
	dst = u16(dst, uint16(len(s.Module)))
	dst = u16(dst, 0)
	for _, c := range s.Counters {
		dst = u16(dst, c.Number)
		dst = zeros(dst, 6)
		dst = u64(dst, c.Value)
	}
	dst = append(dst, s.Kernel...)
	return append(dst, s.Module...)
}

// ParseStatusIs reads the body of STATUS_IS.
func ParseStatusIs(body []byte) (StatusIs, error) {
	c := cursor{rest: body}
	var s StatusIs
	n := int(c.u16())
	kernel, module := c.u16(), c.u16()
	c.zeros(2)
	if n*16 > len(c.rest) {
		return StatusIs{}, ErrBadFrame
	}
	s.Counters = make([]Counter, 0, n)
	for range n {
		number := c.u16()
		c.zeros(6)
		s.Counters = append(s.Counters, Counter{Number: number, Value: c.u64()})
	}
	s.Kernel = c.text(kernel, statusStringMax)
	s.Module = c.text(module, statusStringMax)
	return s, c.end()
}
