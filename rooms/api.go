// SPDX-License-Identifier: GPL-2.0-only

// Package rooms is the chat client without a screen: it connects, logs in, joins rooms, keeps roster and
// presence, sends, receives, repairs and reconnects. The screen and the headless commands stand on it alike.
//
// A Client is made by New and lives as long as its Run. What happens comes out of Events in one order; what is
// wanted goes in by methods, which may be called from any goroutine. Methods that ask the server wait for
// its answer or for their context; Send and Typing return at once.
package rooms

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net"
	"time"

	"kchat/wire"
)

// PersonState says whether somebody is there.
type PersonState uint8

// The states of a person, with the numbers of the protocol.
const (
	Offline PersonState = iota
	Present
	Away
	Reconnecting
	Left
	Lost
)

// Here reports whether the state counts as present.
func (s PersonState) Here() bool { return s == Present || s == Away }

// Person is somebody as a room or the server sees them.
type Person struct {
	ID       AccountID
	Name     string
	State    PersonState
	Bot      bool
	Admin    bool
	Owner    bool // of the room in which they are seen; so with the next three
	Operator bool
	Voice    bool // may speak where that is moderated
	Muted    bool
	Sessions int
}

// ServerInfo is what a server says of itself before anybody logs in.
type ServerInfo struct {
	Address   string
	Server    UUID
	Community UUID
	Name      string
	Register  bool // registration is open to this connection
	Invite    bool // and needs an invite code
}

// RoomInfo is a room as it was when it was joined, or as the list of rooms shows it.
type RoomInfo struct {
	Name     string
	Number   uint32
	Epoch    uint64
	Head     uint64 // sequence of the last lasting frame
	Topic    string
	People   int
	Practice bool // bots count as people
	Direct   bool // of two people
	Rules
	Backlog int
	Made    time.Time
}

// Rules is what holds in a room.
type Rules struct {
	Registered  bool // kept when the last person has gone, and over a restart of the server
	InviteOnly  bool // whoever is not invited stays outside
	Moderated   bool // only who has a voice may speak
	Password    bool // has one
	TopicLocked bool // only operators set the topic
}

// Status is what the server counts, by the names of docs/protocol.md.
type Status struct {
	Kernel   string
	Module   string
	Counters []Counter
}

// Counter is one figure of Status.
type Counter struct {
	Name  string
	Value uint64
}

// JoinOptions says how to join. The zero value joins or creates an ordinary room.
type JoinOptions struct {
	Existing bool   // do not create the room
	Practice bool   // when it is created: bots count as people
	Backlog  int    // when it is created: messages a newcomer sees; 0: the default, negative: none
	Password string // the room's own
}

// Draft is a message to be sent.
type Draft struct {
	Room     string
	Kind     Kind // KindText when zero
	Text     string
	ReplyTo  MessageID
	Thread   MessageID
	Target   MessageID
	Mentions []AccountID // of KindText and KindEdit; beyond MentionsMost they are left out
	Removed  bool
	Attached *Attachment // its blob must be in the blob store
}

// Transfer is one blob on its way, in either direction.
type Transfer struct {
	Room     string
	Stream   MessageID
	From     AccountID
	Attached Attachment
	Kind     StreamKind
	Outgoing bool
	Done     uint64 // bytes so far
	Takers   int    // of an outgoing one: who takes it
}

// StreamKind says what a stream carries.
type StreamKind uint8

// The kinds of streams, with the numbers of the protocol.
const (
	StreamImage StreamKind = iota + 1
	StreamFile
	StreamVideo
)

// Event is one thing that happened. It is one of the types below.
type Event interface{ event() }

// The events of a Client, in the order in which they happened.
type (
	// Connecting: an attempt begins; the first has the number 1.
	Connecting struct{ Attempt int }
	// Online: logged in, or resumed.
	Online struct {
		Server  ServerInfo
		Me      Person
		Resumed bool
	}
	// Disconnected: the connection is gone; the next attempt comes after Retry.
	Disconnected struct {
		Err   error
		Retry time.Duration
	}
	// Joined: in the room now, with all who are in it. Again after each reconnect.
	Joined struct {
		Room   RoomInfo
		People []Person
		Kept   Position // how far the room was kept here before; zero: nothing of it
	}
	// Live: all that was said before the join has come.
	Live struct{ Room string }
	// Parted: out of the room; Err is nil when we asked for it.
	Parted struct {
		Room string
		Err  error
	}
	// Moved: the room we are in goes on at another server. Joined follows, with those who are there already; the others are
	// on their way as we were, so that nobody else is there means nothing for Settle.
	Moved struct {
		Room string
		To   ServerInfo
	}
	// PersonChanged: somebody came, went or changed.
	PersonChanged struct {
		Room   string
		Person Person
		Was    PersonState
	}
	// MessageChanged: a message is new, or its state changed. It has been handed to the Store already.
	MessageChanged struct{ Message Message }
	// TypingChanged: somebody else began or ended typing.
	TypingChanged struct {
		Room   string
		Person AccountID
		Typing bool
	}
	// Ruled: an operator has done something to somebody, or the owner to the room.
	Ruled struct {
		Room   string
		By     AccountID
		Ruling Ruling
		Rules  Rules // that hold from now on
	}
	// ReadChanged: somebody else has read everything up to Upto.
	ReadChanged struct {
		Room   string
		Person AccountID
		Upto   Position
	}
	// GapChanged: messages after From and up to To are missing (Open), have come, or cannot be had.
	GapChanged struct {
		Room     string
		From, To Position
		State    GapState
	}
	// Invited: somebody asks us into a room. Direct rooms have been joined already.
	Invited struct {
		Room   string
		Direct bool
		From   Person
	}
	// Enveloped: a directed envelope came.
	Enveloped struct {
		From    AccountID
		Payload []byte
	}
	// TransferChanged: a transfer began or went on.
	TransferChanged struct{ Transfer Transfer }
	// TransferEnded: it is complete and its hash right, or Err says why not. Of a video that was shown with parts left
	// out Err is ErrSkipped.
	TransferEnded struct {
		Transfer Transfer
		Err      error
	}
	// Offered: somebody sends something that Config.Accept did not take. Take takes it, as long as it is being sent.
	Offered struct{ Transfer Transfer }
)

// Settle is how long after Moved the others may take to come, unless a server says otherwise.
const Settle = 20 * time.Second

// GapState says what became of a gap.
type GapState uint8

// The states of a gap.
const (
	GapOpen GapState = iota
	GapFilled
	GapGivenUp
)

func (Connecting) event()      {}
func (Online) event()          {}
func (Disconnected) event()    {}
func (Joined) event()          {}
func (Live) event()            {}
func (Parted) event()          {}
func (Moved) event()           {}
func (PersonChanged) event()   {}
func (MessageChanged) event()  {}
func (TypingChanged) event()   {}
func (ReadChanged) event()     {}
func (Ruled) event()           {}
func (GapChanged) event()      {}
func (Invited) event()         {}
func (Enveloped) event()       {}
func (TransferChanged) event() {}
func (TransferEnded) event()   {}
func (Offered) event()         {}

// Errors that callers tell apart with errors.Is. An error from the server also is a *ServerError.
var (
	ErrAlone     = errors.New("nobody else is present in the room")
	ErrNoServer  = errors.New("no kchat server answers")
	ErrRefused   = errors.New("the login was refused")
	ErrPinned    = errors.New("another server answers at a known address")
	ErrWeakened  = errors.New("the server asks for weaker keys than before")
	ErrEndless   = errors.New("the server asks for more work than a login is worth")
	ErrImpostor  = errors.New("the server does not know our password's keys")
	ErrNotInRoom = errors.New("not in this room")
	ErrOffline   = errors.New("this person is not connected")
	ErrClosed    = errors.New("the client has ended")
	ErrDamaged   = errors.New("the bytes that came are not those of the blob")
	ErrSkipped   = errors.New("parts of the video were left out, since they came too slowly")
	ErrNoStream  = errors.New("this is not being sent any more")
	ErrElsewhere = errors.New("another program of yours receives it")
	ErrKeeping   = errors.New("keeping") // begins the errors of what cannot be kept here: asking others would not help
)

// Store keeps what must survive the program. history implements it.
type Store interface {
	// Save keeps messages; it returns when they are durable. Of one that is saved again the delivery counts
	// if it went on, and of two positions the larger one.
	Save(ctx context.Context, messages ...Message) error
	// Stored returns the position up to which everything of a room is kept without a gap; zero: nothing.
	Stored(ctx context.Context, community UUID, room string) (Position, error)
	// Own yields what sender wrote in the room after from and up to to, oldest first.
	Own(ctx context.Context, community UUID, room string, sender AccountID, from, to Position) iter.Seq2[Message, error]
	// Outbox returns our messages that are waiting or sending, oldest first.
	Outbox(ctx context.Context, community UUID, sender AccountID) ([]Message, error)
	// Missing records that what lies after from and up to to is missing, or (filled) no longer is.
	Missing(ctx context.Context, community UUID, room string, from, to Position, filled bool) error
	// Forget drops one of our messages that was never acknowledged.
	Forget(ctx context.Context, community UUID, room string, id MessageID) error
}

// Pins keeps what was seen of servers, so that another or a weakened one is noticed. history implements it.
type Pins interface {
	Pin(ctx context.Context, address string) (Pin, bool, error)
	SetPin(ctx context.Context, pin Pin) error
}

// Pin is what is remembered of the server at an address.
type Pin struct {
	Address    string
	Server     UUID
	Community  UUID
	Name       string
	Iterations uint32
	Salts      map[string][]byte // by login name
}

// Blobs keeps blobs by their hash. media implements it.
type Blobs interface {
	Has(hash Hash) bool
	// Open returns the blob for reading.
	Open(hash Hash) (io.ReadSeekCloser, error)
	// Partial returns how many bytes of an unfinished blob are kept.
	Partial(hash Hash) (uint64, error)
	// Receive returns a writer that goes on at offset. Commit checks the hash and makes the blob visible; Close
	// without Commit keeps what came for a later Receive. With a zero hash, or wire.SizeUnknown as size, the blob has
	// no name yet: Expect gives it one, and without Commit nothing of it is kept. ErrElsewhere: it comes already, to
	// another program.
	Receive(hash Hash, size, offset uint64) (BlobWriter, error)
}

// BlobWriter takes the bytes of one blob.
type BlobWriter interface {
	io.WriteCloser
	// Expect says before Commit what hash and size must be that were not known to Receive.
	Expect(hash Hash, size uint64)
	// Commit fails with ErrDamaged when the hash is not that of the bytes, which are thrown away.
	Commit() error
}

// Films is what Blobs also is where videos are shown while they come: they go on behind what a slow line leaves out.
type Films interface {
	// ReceiveVideo begins to take a video whose first chunk is at offset from. Of one whose size is not known no more
	// than most bytes are to be kept.
	ReceiveVideo(t Transfer, from, most uint64) (FilmWriter, error)
}

// FilmWriter takes the bytes of one video.
type FilmWriter interface {
	// Chunk takes a piece. What was to come before it may be missing.
	Chunk(at uint64, key bool, data []byte) error
	// End takes the end; kept reports that nothing was missing, that the hash is right and the blob visible.
	End(size uint64, hash Hash) (kept bool, err error)
	// Close without End gives it up.
	Close() error
}

// Piece is a chunk of a video.
type Piece struct {
	Data []byte // at most wire.ChunkMax bytes; valid until the next piece is asked for
	Key  bool   // a decoder can begin with it
}

// Pieces cuts a video.
type Pieces interface {
	// Next gives the next piece, or io.EOF.
	Next() (Piece, error)
}

// LivePieces cuts a video that is being made.
type LivePieces interface {
	Pieces
	// Stop lets a Next that waits for what is yet to be made return, whatever it returns then. It may be called by any
	// goroutine, and more than once.
	Stop()
}

// StreamMaxDefault is enough for some minutes of live video, in bytes.
const StreamMaxDefault = 256 << 20

// Ticket is a session that somebody else has begun for us.
type Ticket struct {
	Session uint64
	Key     [wire.KeyLen]byte
}

// Config says who connects to what. Address, User, Password, Store and Pins are needed.
type Config struct {
	Address      string // host:port
	User         string // name as typed; prepared by PRECIS before it is sent
	Password     string
	Agent        string // for HELLO, for example "kchat-tui/1.0"
	Rooms        []string
	RoomPassword string // of Rooms that have one
	Store        Store
	Pins         Pins
	Blobs        Blobs // nil: attachments are not fetched and cannot be sent
	// Accept decides whether an offered blob is taken; nil takes pictures of up to 16 MiB and nothing else. A hash
	// that is not known yet is zero, a size wire.SizeUnknown: TransferEnded has them.
	Accept func(Transfer) bool
	// Cut cuts a blob that is sent as a video, from its first byte, so that recipients find where they can begin.
	// nil: anywhere.
	Cut func(blob io.Reader) Pieces
	// StreamMax is the most bytes that are taken of a stream whose size nobody knows, and kept of a video; 0:
	// StreamMaxDefault.
	StreamMax uint64
	// Once ends Run on the first failure instead of reconnecting.
	Once bool
	// Trust accepts another server at a known address and pins it anew.
	Trust  bool
	Logger *slog.Logger // nil: nothing is logged
	// Ticket gives a session to go on with in place of a password, where the kernel knows who one is. It is asked
	// whenever there is no session that can be resumed. nil: Password.
	Ticket func(ctx context.Context) (Ticket, error)
	// Dial connects to Address; nil dials TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}
