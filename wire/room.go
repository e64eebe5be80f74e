// SPDX-License-Identifier: GPL-2.0-only

package wire

// Join asks to be let into a room.
type Join struct {
	Epoch   uint64 // of the last message stored here, 0: none
	Seq     uint64 // its sequence
	Flags   uint32 // RoomPractice, JoinExisting, JoinBacklog
	Backlog uint16 // messages a newcomer sees, if JoinBacklog is set and the room is made by this
	Name    string
	Proof   []byte // JoinProof, or nothing
}

// Append appends the body of JOIN.
func (j Join) Append(dst []byte) []byte {
	dst = u64(dst, j.Epoch)
	dst = u64(dst, j.Seq)
	dst = u32(dst, j.Flags)
	dst = u16(dst, j.Backlog)
	dst = u16(dst, uint16(len(j.Name)))
	return append(append(dst, j.Name...), j.Proof...)
}

// ParseJoin reads the body of JOIN.
func ParseJoin(body []byte) (Join, error) {
	c := cursor{rest: body}
	var j Join
	j.Epoch = c.u64()
	j.Seq = c.u64()
	j.Flags = c.u32()
	j.Backlog = c.u16()
	j.Name = c.text(c.u16(), RoomNameMax)
	if len(c.rest) > 0 {
		j.Proof = c.take(KeyLen)
	}
	return j, c.end()
}

// Joined is the answer to JOIN. The header has the room's number, its epoch, and the sequence of the last lasting
// frame so far.
type Joined struct {
	Start   uint64 // lasting frames with a sequence over this follow
	First   uint64 // lowest sequence the log still holds
	Made    uint64 // microseconds since 1970-01-01 UTC
	People  uint32 // in the roster that follows
	Flags   uint32 // RoomPractice to RoomTopicLocked
	Backlog uint16
	Name    string
	Topic   string
}

// Append appends the body of JOINED.
func (j Joined) Append(dst []byte) []byte {
	dst = u64(dst, j.Start)
	dst = u64(dst, j.First)
	dst = u64(dst, j.Made)
	dst = u32(dst, j.People)
	dst = u32(dst, j.Flags)
	dst = u16(dst, j.Backlog)
	dst = u16(dst, uint16(len(j.Name)))
	dst = u16(dst, uint16(len(j.Topic)))
	dst = u16(dst, 0)
	dst = append(dst, j.Name...)
	return append(dst, j.Topic...)
}

// ParseJoined reads the body of JOINED.
func ParseJoined(body []byte) (Joined, error) {
	c := cursor{rest: body}
	var j Joined
	j.Start = c.u64()
	j.First = c.u64()
	j.Made = c.u64()
	j.People = c.u32()
	j.Flags = c.u32()
	j.Backlog = c.u16()
	name, topic := c.u16(), c.u16()
	c.zeros(2)
	j.Name = c.text(name, RoomNameMax)
	j.Topic = c.text(topic, TopicMax)
	return j, c.end()
}

// Person is an entry of ROSTER and PEOPLE_ARE, and the body of PRESENCE and PERSON.
type Person struct {
	Account  uint64
	State    PersonState
	Flags    uint8  // PersonBot to PersonMuted
	Sessions uint16 // in the room; in PERSON and PEOPLE_ARE on the server
	Name     string
}

// Append appends one person entry.
func (p Person) Append(dst []byte) []byte {
	dst = u64(dst, p.Account)
	dst = append(dst, byte(p.State), p.Flags)
	dst = u16(dst, p.Sessions)
	dst = u16(dst, uint16(len(p.Name)))
	return append(dst, p.Name...)
}

func (c *cursor) person() (p Person) {
	p.Account = c.u64()
	p.State = PersonState(c.u8())
	p.Flags = c.u8()
	p.Sessions = c.u16()
	p.Name = c.text(c.u16(), NameMax)
	return p
}

// ParsePerson reads a body that is one person entry.
func ParsePerson(body []byte) (Person, error) { return (*Decoder)(nil).Person(body) }

// Person is ParsePerson.
func (dec *Decoder) Person(body []byte) (Person, error) {
	c := cursor{rest: body, keep: dec}
	p := c.person()
	return p, c.end()
}

// People is the body of ROSTER and PEOPLE_ARE: person entries one after another.
type People []Person

// Append appends the entries.
func (p People) Append(dst []byte) []byte {
	for _, person := range p {
		dst = person.Append(dst)
	}
	return dst
}

// ParsePeople reads person entries to the end of the body.
func ParsePeople(body []byte) (People, error) {
	c := cursor{rest: body}
	var people People
	for len(c.rest) > 0 && !c.bad {
		people = append(people, c.person())
	}
	return people, c.end()
}

// Parted says that a room's log ends here for this connection.
type Parted struct {
	Reason ErrorNumber // 0: as asked
}

// Append appends the body of PARTED.
func (p Parted) Append(dst []byte) []byte { return u16(dst, uint16(p.Reason)) }

// ParseParted reads the body of PARTED.
func ParseParted(body []byte) (Parted, error) {
	c := cursor{rest: body}
	p := Parted{Reason: ErrorNumber(c.u16())}
	return p, c.end()
}

// Moved answers a JOIN of a room that has another home.
type Moved struct {
	Server [16]byte // UUID
	Port   uint16
	Host   string
	Room   string
}

// hostMax is the length of the longest name of a host (RFC 1035, 2.3.4).
const hostMax = 255

// Append appends the body of MOVED.
func (m Moved) Append(dst []byte) []byte {
	dst = append(dst, m.Server[:]...)
	dst = u16(dst, m.Port)
	dst = u16(dst, uint16(len(m.Host)))
	dst = u16(dst, uint16(len(m.Room)))
	dst = u16(dst, 0)
	dst = append(dst, m.Host...)
	return append(dst, m.Room...)
}

// ParseMoved reads the body of MOVED.
func ParseMoved(body []byte) (Moved, error) {
	c := cursor{rest: body}
	var m Moved
	m.Server = c.id()
	m.Port = c.u16()
	host, room := c.u16(), c.u16()
	c.zeros(2)
	m.Host = c.text(host, hostMax)
	m.Room = c.text(room, RoomNameMax)
	return m, c.end()
}

// Gap says that the log went on without this connection: the lasting frames with From < sequence <= To of the epoch
// in the header were not sent.
type Gap struct {
	From, To uint64
}

// Append appends the body of GAP.
func (g Gap) Append(dst []byte) []byte { return u64(u64(dst, g.From), g.To) }

// ParseGap reads the body of GAP.
func ParseGap(body []byte) (Gap, error) {
	c := cursor{rest: body}
	g := Gap{From: c.u64(), To: c.u64()}
	return g, c.end()
}

// Stored says how far this client has kept a room.
type Stored struct {
	Epoch, Seq uint64
}

// Append appends the body of STORED.
func (s Stored) Append(dst []byte) []byte { return u64(u64(dst, s.Epoch), s.Seq) }

// ParseStored reads the body of STORED.
func ParseStored(body []byte) (Stored, error) {
	c := cursor{rest: body}
	s := Stored{Epoch: c.u64(), Seq: c.u64()}
	return s, c.end()
}

// Invited says that somebody asks this person into a room.
type Invited struct {
	Flags  uint32 // of the room
	Room   string
	Sender string // the name of who asks
}

// Append appends the body of INVITED.
func (i Invited) Append(dst []byte) []byte {
	dst = u32(dst, i.Flags)
	dst = u16(dst, uint16(len(i.Room)))
	dst = u16(dst, uint16(len(i.Sender)))
	dst = append(dst, i.Room...)
	return append(dst, i.Sender...)
}

// ParseInvited reads the body of INVITED.
func ParseInvited(body []byte) (Invited, error) {
	c := cursor{rest: body}
	var i Invited
	i.Flags = c.u32()
	room, sender := c.u16(), c.u16()
	i.Room = c.text(room, RoomNameMax)
	i.Sender = c.text(sender, NameMax)
	return i, c.end()
}
