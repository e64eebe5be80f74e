// SPDX-License-Identifier: GPL-2.0-only

package wire

// Flags qualify a frame.
type Flags uint16

// The flags.
const (
	FlagKeyframe Flags = 0x0001 // STREAM_CHUNK: a decoder can start here
	FlagLast     Flags = 0x0002 // the last frame of a reply; in ERROR: the connection ends
	FlagRemove   Flags = 0x0004 // REACT: the reaction is taken back
	FlagSealed   Flags = 0x0008 // reserved
	FlagSigned   Flags = 0x0010 // reserved
)

// Features a side knows, in HELLO and WELCOME.
const (
	FeatureTLS      uint64 = 0x0001 // reserved: transport encryption
	FeatureBinding  uint64 = 0x0002 // reserved: channel binding
	FeatureSealed   uint64 = 0x0004 // reserved: sealed payloads
	FeatureRegister uint64 = 0x0008 // this connection may send REGISTER
	FeatureInvite   uint64 = 0x0010 // and REGISTER needs an invite code
)

// Largest sizes, in bytes, of what the protocol carries.
const (
	NameMax       = 64    // a person's name
	RoomNameMax   = 64    // a room's name
	ServerNameMax = 64    // a server's name
	AgentMax      = 64    // a client's description of itself
	CodeMax       = 64    // an invite code
	ScramMax      = 512   // a SCRAM message
	TextMax       = 16384 // a message's text
	AttrsMax      = 1024  // a message's attributes
	ReactionMax   = 64    // a reaction
	TopicMax      = 256   // a topic
	ReasonMax     = 256   // the reason of a ruling
	MIMEMax       = 64    // a MIME type
	FileNameMax   = 255   // a file's name
	ChunkMax      = 16384 // data of a STREAM_CHUNK
	DirectMax     = 4096  // an envelope from person to person
	PingMax       = 32    // what a ping carries back and forth
	ReplyMax      = 16384 // the body of one frame of a reply in several
	ServerMax     = 17456 // the body of any frame a server sends
	UnknownMax    = 65536 // the body of a frame of a type that is not known
)

// Other numbers of the protocol.
const (
	SaltLen        = 16
	KeyLen         = 32 // SHA-256: StoredKey, ServerKey, proofs, hashes
	NonceLen       = 16
	IterationsMin  = 4096 // RFC 7677, 4
	BacklogDefault = 50   // messages a newcomer sees
	BacklogMax     = 1000
	StepsMax       = 8 // steps of DELIVERED
	ReoffersMax    = 8 // REOFFER of one connection that are not answered
)

// SizeMax is the size of the largest blob, and the last offset in one.
const SizeMax = 1<<63 - 1

// SizeUnknown is the size of a stream whose end is not known yet.
const SizeUnknown = ^uint64(0)

// Attributes of MSG, EDIT, DELETE, REACT and TOPIC.
const (
	AttrReplyTo    uint16 = 0x0001
	AttrTarget     uint16 = 0x8002
	AttrThread     uint16 = 0x0003
	AttrMention    uint16 = 0x0004
	AttrDescriptor uint16 = 0x0005
	AttrSignature  uint16 = 0x8006 // reserved
)

// PersonState says whether a person is there.
type PersonState uint8

// The states of a person.
const (
	PersonOffline PersonState = iota // not connected
	PersonPresent
	PersonAway         // present, and says so
	PersonReconnecting // not present
	PersonLeft         // parted
	PersonLost         // silent for too long
)

// Present reports whether a person in this state is there to hear.
func (s PersonState) Present() bool { return s == PersonPresent || s == PersonAway }

// Flags of a person. Those from PersonOwner on are what somebody is in a room.
const (
	PersonBot      = 0x01 // counts only in rooms for practice
	PersonAdmin    = 0x02
	PersonOwner    = 0x04
	PersonOperator = 0x08
	PersonVoice    = 0x10 // may speak where that is moderated
	PersonMuted    = 0x20
)

// Flags of a room, in JOIN, JOINED and ROOMS_ARE.
const (
	RoomPractice    uint32 = 0x0001 // bots count as people; fixed when the room is made
	RoomDirect      uint32 = 0x0002 // of two people
	RoomRegistered  uint32 = 0x0004 // kept over its last person and a restart
	RoomInviteOnly  uint32 = 0x0008
	RoomModerated   uint32 = 0x0010 // only who has a voice may speak
	RoomPassword    uint32 = 0x0020
	RoomTopicLocked uint32 = 0x0040 // only operators set the topic
	JoinExisting    uint32 = 0x0100 // JOIN: do not make the room
	JoinBacklog     uint32 = 0x0200 // JOIN: the backlog field counts when the room is made
)

// Kinds of RESUME.
const (
	ResumeSession = 0 // replaces the session's connection
	ResumeMedia   = 1 // adds the session's media connection
)

// Kinds of stream.
const (
	StreamImage = 1
	StreamFile  = 2
	StreamVideo = 3
)

// Limits as WELCOME lists them.
const (
	LimitText      uint16 = 1  // bytes
	LimitChunk     uint16 = 2  // bytes
	LimitName      uint16 = 3  // bytes
	LimitRoomName  uint16 = 4  // bytes
	LimitRooms     uint16 = 5  // rooms one connection can be in
	LimitMembers   uint16 = 6  // people in a room
	LimitStreams   uint16 = 7  // streams a person can send at once
	LimitWindow    uint16 = 8  // bytes of a stream under way
	LimitPingMS    uint16 = 9  // send something at least this often
	LimitSilenceMS uint16 = 10 // silent for so long: reconnecting
	LimitLostMS    uint16 = 11 // silent for so long: lost
	LimitSessionMS uint16 = 12 // how long a session can be resumed
	LimitLoginMS   uint16 = 13 // time to log in
	LimitStoredMS  uint16 = 14 // at most one STORED per room in this time
)

// Counters as STATUS_IS lists them.
const (
	CounterConnections   uint16 = 1
	CounterSessions      uint16 = 2
	CounterPeople        uint16 = 3
	CounterRooms         uint16 = 4
	CounterStreams       uint16 = 5
	CounterAccounts      uint16 = 6
	CounterLogBytes      uint16 = 7
	CounterAccepted      uint16 = 8
	CounterRefused       uint16 = 9
	CounterLogins        uint16 = 10
	CounterLoginFailures uint16 = 11
	CounterFramesIn      uint16 = 12
	CounterFramesOut     uint16 = 13
	CounterBytesIn       uint16 = 14
	CounterBytesOut      uint16 = 15
	CounterMessages      uint16 = 16
	CounterRepeats       uint16 = 17
	CounterAlone         uint16 = 18
	CounterErrors        uint16 = 19
	CounterGaps          uint16 = 20
	CounterStreamBytes   uint16 = 21
	CounterStreamDrops   uint16 = 22
	CounterUptimeMS      uint16 = 23
	CounterQuestions     uint16 = 24
	CounterAnswers       uint16 = 25
)

// counterNames is indexed by the number of the counter.
var counterNames = [...]string{
	"", "CONNECTIONS", "SESSIONS", "PEOPLE", "ROOMS", "STREAMS", "ACCOUNTS", "LOG_BYTES", "ACCEPTED", "REFUSED",
	"LOGINS", "LOGIN_FAILURES", "FRAMES_IN", "FRAMES_OUT", "BYTES_IN", "BYTES_OUT", "MESSAGES", "REPEATS", "ALONE",
	"ERRORS", "GAPS", "STREAM_BYTES", "STREAM_DROPS", "UPTIME_MS",
	"QUESTIONS", "ANSWERS",
}

// CounterName is the name of a counter in the document, "" if the number is not known.
func CounterName(number uint16) string {
	if int(number) >= len(counterNames) {
		return ""
	}
	return counterNames[number]
}
