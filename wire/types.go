// SPDX-License-Identifier: GPL-2.0-only

package wire

import "fmt"

// Type says what a frame is.
type Type uint16

// Critical is the bit of a type, or of an attribute, that forbids skipping what is not known.
const Critical = 0x8000

// The types of frames.
const (
	TypeHello      Type = 0x8001
	TypeWelcome    Type = 0x8002
	TypeAuth       Type = 0x8003
	TypeChallenge  Type = 0x8004
	TypeProof      Type = 0x8005
	TypeAuthOK     Type = 0x8006
	TypeResume     Type = 0x8007
	TypeRegister   Type = 0x8008
	TypeRegistered Type = 0x8009
	TypePasswd     Type = 0x800A
	TypeBye        Type = 0x800B
	TypeError      Type = 0x800C
	TypeOK         Type = 0x800D
	TypePing       Type = 0x0010
	TypePong       Type = 0x0011

	TypeWhois     Type = 0x8012
	TypePerson    Type = 0x8013
	TypePeople    Type = 0x8014
	TypePeopleAre Type = 0x8015
	TypeRooms     Type = 0x8016
	TypeRoomsAre  Type = 0x8017
	TypeStatus    Type = 0x8018
	TypeStatusIs  Type = 0x8019

	TypeJoin    Type = 0x8020
	TypeJoined  Type = 0x8021
	TypeRoster  Type = 0x8022
	TypeLive    Type = 0x8023
	TypePart    Type = 0x8024
	TypeParted  Type = 0x8025
	TypeMoved   Type = 0x8026
	TypeGap     Type = 0x8027
	TypeAck     Type = 0x8028
	TypeStored  Type = 0x8029
	TypeReoffer Type = 0x802A
	TypeDirect  Type = 0x802B
	TypeInvite  Type = 0x802C
	TypeInvited Type = 0x802D
	TypeRule    Type = 0x802E
	TypeAway    Type = 0x802F

	TypeMsg    Type = 0x8040
	TypeEdit   Type = 0x8041
	TypeDelete Type = 0x8042
	TypeReact  Type = 0x8043
	TypeTopic  Type = 0x8044

	TypePresence    Type = 0x8060
	TypeTyping      Type = 0x0061
	TypeDelivered   Type = 0x8062
	TypeWant        Type = 0x8063
	TypeBlobWant    Type = 0x8064
	TypeStreamBegin Type = 0x8065
	TypeRuled       Type = 0x8066
	TypeRead        Type = 0x8067

	TypeStreamAccept Type = 0x8070
	TypeStreamStart  Type = 0x8071
	TypeStreamCredit Type = 0x8072
	TypeStreamChunk  Type = 0x8073
	TypeStreamEnd    Type = 0x8074
	TypeStreamCancel Type = 0x8075
)

// State is the state of a connection, as a set of one bit, so that rules can hold several.
type State uint8

// The states of a connection.
const (
	StateNew State = 1 << iota
	StateGreeted
	StateChallenged
	StateOpen
	StateMedia

	StateAny State = StateNew | StateGreeted | StateChallenged | StateOpen | StateMedia
)

// Direction says who sends a type of frame, as a set of bits.
type Direction uint8

// The directions.
const (
	FromClient Direction = 1 << iota
	FromServer
	Relayed // sent by a client, and by the server to the people of the room
)

// Rule is what the protocol says about one type of frame.
type Rule struct {
	Type      Type
	Name      string
	Direction Direction
	Max       int   // largest body in bytes
	States    State // in which a client may send it; 0 if it may not
	Flags     Flags // that a client may set
}

// rules stands in the order of the document.
var rules = [...]Rule{
	{TypeHello, "HELLO", FromClient, 80, StateNew, 0},
	{TypeWelcome, "WELCOME", FromServer, ServerMax, 0, 0},
	{TypeAuth, "AUTH", FromClient, ScramMax, StateGreeted, 0},
	{TypeChallenge, "CHALLENGE", FromServer, ServerMax, 0, 0},
	{TypeProof, "PROOF", FromClient, ScramMax, StateChallenged, 0},
	{TypeAuthOK, "AUTH_OK", FromServer, ServerMax, 0, 0},
	{TypeResume, "RESUME", FromClient, 64, StateGreeted, 0},
	{TypeRegister, "REGISTER", FromClient, 216, StateGreeted, 0},
	{TypeRegistered, "REGISTERED", FromServer, ServerMax, 0, 0},
	{TypePasswd, "PASSWD", FromClient, 120, StateOpen, 0},
	{TypeBye, "BYE", FromClient, 0, StateAny, 0},
	{TypeError, "ERROR", FromServer, ServerMax, 0, 0},
	{TypeOK, "OK", FromServer, ServerMax, 0, 0},
	{TypePing, "PING", FromClient | FromServer, PingMax, StateAny, 0},
	{TypePong, "PONG", FromClient | FromServer, PingMax, StateAny, 0},
	{TypeWhois, "WHOIS", FromClient, 80, StateOpen, 0},
	{TypePerson, "PERSON", FromServer, ServerMax, 0, 0},
	{TypePeople, "PEOPLE", FromClient, 8, StateOpen, 0},
	{TypePeopleAre, "PEOPLE_ARE", FromServer, ServerMax, 0, 0},
	{TypeRooms, "ROOMS", FromClient, 8, StateOpen, 0},
	{TypeRoomsAre, "ROOMS_ARE", FromServer, ServerMax, 0, 0},
	{TypeStatus, "STATUS", FromClient, 0, StateOpen, 0},
	{TypeStatusIs, "STATUS_IS", FromServer, ServerMax, 0, 0},
	{TypeJoin, "JOIN", FromClient, 24 + RoomNameMax + KeyLen, StateOpen, 0},
	{TypeJoined, "JOINED", FromServer, ServerMax, 0, 0},
	{TypeRoster, "ROSTER", FromServer, ServerMax, 0, 0},
	{TypeLive, "LIVE", FromServer, ServerMax, 0, 0},
	{TypePart, "PART", FromClient, 0, StateOpen, 0},
	{TypeParted, "PARTED", FromServer, ServerMax, 0, 0},
	{TypeMoved, "MOVED", FromServer, ServerMax, 0, 0},
	{TypeGap, "GAP", FromServer, ServerMax, 0, 0},
	{TypeAck, "ACK", FromServer, ServerMax, 0, 0},
	{TypeStored, "STORED", FromClient, 16, StateOpen, 0},
	{TypeReoffer, "REOFFER", FromClient | FromServer, 17456, StateOpen, 0},
	{TypeDirect, "DIRECT", FromClient | FromServer, 8 + DirectMax, StateOpen, 0},
	{TypeInvite, "INVITE", FromClient, 8, StateOpen, 0},
	{TypeInvited, "INVITED", FromServer, ServerMax, 0, 0},
	{TypeRule, "RULE", FromClient, ruleFixed + ReasonMax, StateOpen, 0},
	{TypeAway, "AWAY", FromClient, 8, StateOpen, 0},
	{TypeMsg, "MSG", Relayed, 8 + AttrsMax + TextMax, StateOpen, 0},
	{TypeEdit, "EDIT", Relayed, 8 + AttrsMax + TextMax, StateOpen, 0},
	{TypeDelete, "DELETE", Relayed, 8 + AttrsMax, StateOpen, 0},
	{TypeReact, "REACT", Relayed, 8 + AttrsMax + ReactionMax, StateOpen, FlagRemove},
	{TypeTopic, "TOPIC", Relayed, 8 + AttrsMax + TopicMax, StateOpen, 0},
	{TypePresence, "PRESENCE", FromServer, ServerMax, 0, 0},
	{TypeTyping, "TYPING", Relayed, 1, StateOpen, 0},
	{TypeDelivered, "DELIVERED", FromServer, ServerMax, 0, 0},
	{TypeWant, "WANT", Relayed, 32, StateOpen, 0},
	{TypeBlobWant, "BLOB_WANT", Relayed, 48, StateOpen, 0},
	{TypeStreamBegin, "STREAM_BEGIN", Relayed, 76 + MIMEMax + FileNameMax, StateOpen, 0},
	{TypeRuled, "RULED", FromServer, ServerMax, 0, 0},
	{TypeRead, "READ", Relayed, 16, StateOpen, 0},
	{TypeStreamAccept, "STREAM_ACCEPT", FromClient, 8, StateOpen | StateMedia, 0},
	{TypeStreamStart, "STREAM_START", FromServer, ServerMax, 0, 0},
	{TypeStreamCredit, "STREAM_CREDIT", FromServer, ServerMax, 0, 0},
	{TypeStreamChunk, "STREAM_CHUNK", Relayed, ChunkMax, StateOpen | StateMedia, FlagKeyframe},
	{TypeStreamEnd, "STREAM_END", Relayed, 40, StateOpen | StateMedia, 0},
	{TypeStreamCancel, "STREAM_CANCEL", FromClient | FromServer, 8, StateOpen | StateMedia, 0},
}

// Rule returns what the protocol says about the type, and whether it knows it.
func (t Type) Rule() (Rule, bool) {
	for i := range rules {
		if rules[i].Type == t {
			return rules[i], true
		}
	}
	return Rule{}, false
}

// Known reports whether the type belongs to this version of the protocol.
func (t Type) Known() bool {
	_, ok := t.Rule()
	return ok
}

// Critical reports whether a receiver that does not know the type must refuse it rather than skip it.
func (t Type) Critical() bool { return t&Critical != 0 }

// Lasting reports whether frames of this type take a sequence number of their room.
func (t Type) Lasting() bool { return t >= TypeMsg && t <= TypeTopic }

// Max is the largest body of a frame of this type, in bytes.
func (t Type) Max() int {
	if r, ok := t.Rule(); ok {
		return r.Max
	}
	return UnknownMax
}

// String is the name of the type in the document, or its number.
func (t Type) String() string {
	if r, ok := t.Rule(); ok {
		return r.Name
	}
	return fmt.Sprintf("%#04x", uint16(t))
}

// CheckRequest says what a server answers to a frame of a client with this header, by the header alone: 0 if it may
// be handled. ErrUnknownType stands for types with the critical bit; others that are not known are skipped, and 0.
func (h Header) CheckRequest(state State) ErrorNumber {
	r, known := h.Type.Rule()
	switch {
	case !known && h.Type.Critical():
		return ErrUnknownType
	case !known:
		return 0
	case r.States&state == 0:
		return ErrWrongState
	case h.Epoch|h.Seq|h.Time|h.Sender != 0, h.Flags&^r.Flags != 0:
		return ErrBadFrame
	}
	return 0
}
