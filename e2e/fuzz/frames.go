// SPDX-License-Identifier: GPL-2.0-only

package fuzz

import (
	"encoding/binary"
	"fmt"

	"kchat/e2e/peer"
	"kchat/wire"
)

// build is a frame with an id that is new, or one that was seen.
func (p *Player) build(kind wire.Type, room uint32, body wire.Body) []byte {
	return wire.AppendFrame(nil, wire.Header{Type: kind, Room: room, ID: p.id()}, body)
}

// resized corrects the length of a frame.
func (p *Player) resized(frame []byte) []byte {
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-4))
	return frame
}

func (p *Player) id() wire.ID {
	if id, ok := recall(p.town, p.random, &p.town.ids); ok && p.one(5) {
		return id
	}
	return peer.NewID()
}

// room is a room that the connection is in, or another one.
func (p *Player) room(l *line) uint32 {
	if _, rooms, _, _ := l.now(); len(rooms) > 0 && !p.one(10) {
		return rooms[p.random.IntN(len(rooms))]
	}
	if room, ok := recall(p.town, p.random, &p.town.rooms); ok && !p.one(10) {
		return room
	}
	return p.random.Uint32()
}

func (p *Player) person() uint64 {
	if p.one(10) {
		return p.random.Uint64()
	}
	return p.town.Accounts[p.random.IntN(len(p.town.Accounts))].Number
}

// text is harmless text, now and then as long as it may be.
func (p *Player) text() []byte {
	text := make([]byte, p.random.IntN(200)+1)
	if p.one(30) {
		text = make([]byte, wire.TextMax-p.random.IntN(2))
	}
	for i := range text {
		text[i] = 'a' + byte(i%26)
	}
	return text
}

// enter asks to be let in: by password, by a session, or as somebody new.
func (p *Player) enter(l *line) []byte {
	if s, ok := recall(p.town, p.random, &p.town.sessions); ok && p.one(3) {
		var nonce [wire.NonceLen]byte
		copy(nonce[:], p.bytes(len(nonce)))
		return p.build(wire.TypeResume, 0, l.resume(s, p.one(2), nonce))
	}
	if p.one(30) {
		keys := p.keys("any password")
		return p.build(wire.TypeRegister, 0, wire.Register{
			Iterations: keys.Iterations, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
			Name: fmt.Sprintf("newcomer-%d", p.random.IntN(100)),
		})
	}
	return p.build(wire.TypeAuth, 0, l.auth())
}

// keys are the keys of a password; of none if it cannot have any.
func (p *Player) keys(password string) wire.Keys {
	var salt [wire.SaltLen]byte
	copy(salt[:], p.bytes(len(salt)))
	keys, err := wire.DeriveKeys(password, salt, wire.IterationsMin)
	if err != nil {
		return wire.Keys{}
	}
	return keys
}

// talk is a frame of a person who is in.
func (p *Player) talk(l *line) []byte {
	room := p.room(l)
	switch p.random.IntN(24) {
	case 0, 1, 2:
		return p.build(wire.TypeJoin, 0, wire.Join{
			Name: p.town.Rooms[p.random.IntN(len(p.town.Rooms))], Epoch: p.random.Uint64N(3) << 32, Seq: p.random.Uint64N(100),
			Flags: []uint32{0, wire.RoomPractice, wire.JoinExisting, wire.JoinBacklog}[p.random.IntN(4)], Backlog: uint16(p.random.IntN(1001)),
		})
	case 3:
		return p.build(wire.TypePart, room, wire.Empty{})
	case 4:
		return p.build(wire.TypeEdit, room, wire.Talk{Target: p.id(), Text: p.text()})
	case 5:
		return p.build(wire.TypeReact, room, wire.Talk{Target: p.id(), Text: []byte("👍")})
	case 6:
		return p.build(wire.TypeTopic, room, wire.Talk{Text: p.text()[:1]})
	case 7:
		return p.build(wire.TypeTyping, room, wire.Typing{On: p.one(2)})
	case 8:
		return p.build(wire.TypeWant, room, wire.Want{FromEpoch: 1, ToEpoch: p.random.Uint64()})
	case 9:
		return p.build(wire.TypeStored, room, wire.Stored{Epoch: p.random.Uint64N(3) << 32, Seq: p.random.Uint64N(1000)})
	case 10:
		return p.build(wire.TypeReoffer, room, wire.Reoffer{
			To: p.person(), Epoch: 1, Seq: 1, Time: 1, Type: wire.TypeMsg, Body: wire.Talk{Text: p.text()}.Append(nil),
		})
	case 11:
		text := p.text()
		return p.build(wire.TypeDirect, 0, wire.Direct{To: p.person(), Data: text[:min(len(text), wire.DirectMax)]})
	case 12:
		return p.build(wire.TypeInvite, room, wire.Number{Value: p.person()})
	case 13:
		return p.ask()
	case 14:
		return p.build(wire.TypeDelete, room, wire.Talk{Target: p.id()})
	case 15:
		return p.build(wire.TypeBlobWant, room, wire.BlobWant{Offset: p.random.Uint64(), Length: 5})
	case 16:
		return p.rare(l)
	}
	return p.build(wire.TypeMsg, room, wire.Talk{ReplyTo: p.id(), Text: p.text()})
}

// ask is a question to the server.
func (p *Player) ask() []byte {
	switch p.random.IntN(5) {
	case 0:
		return p.build(wire.TypeWhois, 0, wire.Whois{Account: p.person()})
	case 1:
		return p.build(wire.TypePeople, 0, wire.Number{Value: p.random.Uint64N(20)})
	case 2:
		return p.build(wire.TypeRooms, 0, wire.Number{Value: p.random.Uint64N(20)})
	case 3:
		return p.build(wire.TypeStatus, 0, wire.Empty{})
	}
	return p.build(wire.TypePing, 0, wire.Raw(p.bytes(p.random.IntN(wire.PingMax+1))))
}

// rare is what ends sessions, and what the server does not know.
func (p *Player) rare(l *line) []byte {
	switch p.random.IntN(6) {
	case 0:
		return p.build(wire.TypeBye, 0, wire.Empty{})
	case 1: // the same password with another salt
		_, _, me, _ := l.now()
		keys := p.keys(l.account.Password)
		change := wire.Passwd{Iterations: keys.Iterations, Salt: keys.Salt, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey}
		change.Proof = wire.PasswdProof(me.key, change)
		return p.build(wire.TypePasswd, 0, change)
	}
	return p.build(wire.Type(p.random.Uint32()), p.random.Uint32(), wire.Raw(p.bytes(p.random.IntN(1000))))
}

// ofStream is a frame of a stream: a new one, one that goes on, or one of others.
func (p *Player) ofStream(l *line) []byte {
	if id, ok := l.offer(); ok {
		return p.ofOthers(id)
	}
	if id, ok := recall(p.town, p.random, &p.town.streams); ok && p.one(10) {
		return p.ofOthers(id)
	}
	going := l.going()
	if len(going) == 0 || p.one(20) {
		return p.begin(l)
	}
	at := p.random.IntN(len(going))
	s := &going[at]
	head := wire.Header{Room: s.room, ID: s.id}
	switch {
	case p.one(40):
		head.Type = wire.TypeStreamCancel
		return wire.AppendFrame(nil, head, wire.StreamCancel{Reason: wire.ErrorNumber(p.random.Uint32N(90))})
	case s.left == 0:
		l.streams = append(l.streams[:at], l.streams[at+1:]...)
		head.Type = wire.TypeStreamEnd
		return wire.AppendFrame(nil, head, wire.StreamEnd{Size: streamSize})
	}
	n := min(s.left, p.random.Uint64N(wire.ChunkMax)+1)
	s.left -= n
	head.Type = wire.TypeStreamChunk
	if p.one(4) {
		head.Flags = wire.FlagKeyframe
	}
	return wire.AppendFrame(nil, head, make(wire.Raw, n))
}

// ofOthers is what one does with a stream that somebody else began: mostly take it.
func (p *Player) ofOthers(id wire.ID) []byte {
	head := wire.Header{Type: wire.TypeStreamAccept, ID: id}
	switch {
	case p.one(10):
		head.Type = wire.TypeStreamCancel
		return wire.AppendFrame(nil, head, wire.StreamCancel{Reason: wire.ErrCancelled})
	case p.one(20):
		head.Type = wire.TypeStreamChunk
		return wire.AppendFrame(nil, head, wire.Raw("not mine"))
	}
	return wire.AppendFrame(nil, head, wire.Number{Value: p.random.Uint64N(3) * 1000})
}

// streamSize is how long the streams of players are.
const streamSize = 100_000

func (p *Player) begin(l *line) []byte {
	s := stream{id: peer.NewID(), room: p.room(l), left: streamSize}
	if len(l.streams) > 4 {
		l.streams = l.streams[1:]
	}
	l.streams = append(l.streams, s)
	b := wire.StreamBegin{Size: streamSize, Kind: uint8(p.random.IntN(3) + 1), MIME: "x/y", Name: "fuzz"}
	switch p.random.IntN(6) {
	case 0:
		b.To = p.person()
	case 1:
		b.Size = wire.SizeUnknown
	case 2:
		b.Offset = p.random.Uint64N(streamSize)
	}
	return wire.AppendFrame(nil, wire.Header{Type: wire.TypeStreamBegin, Room: s.room, ID: s.id}, b)
}
