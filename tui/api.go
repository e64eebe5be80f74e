// SPDX-License-Identifier: GPL-2.0-only

// Package tui is the screen of kchat: a Bubble Tea program on top of the client in rooms.
//
// One root model routes what comes; each region of the screen is a plain struct in its own file with methods that
// change it and one that draws it. Nothing here waits in Update: whatever asks the server, the disk or the machine
// is a command, and its result comes back as a message.
package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/media"
	"kchat/rooms"
	"kchat/tui/notify"
	"kchat/tui/pixels"
	"kchat/tui/styles"
)

// Client is what the screen needs of a *rooms.Client.
type Client interface {
	Run(ctx context.Context) error
	Close() // says goodbye; Run ends
	Events() <-chan rooms.Event
	Join(ctx context.Context, room string, opt rooms.JoinOptions) (rooms.RoomInfo, error)
	Part(ctx context.Context, room string) error
	Send(draft rooms.Draft) (rooms.Message, error)
	Resend(room string, id rooms.MessageID) error
	Discard(room string, id rooms.MessageID) error
	SendBlob(ctx context.Context, room string, kind rooms.StreamKind, att rooms.Attachment, text string, body io.Reader) (rooms.Message, error)
	Fetch(ctx context.Context, room string, att rooms.Attachment) error
	StopBlob(room string, hash rooms.Hash)
	Take(ctx context.Context, stream rooms.MessageID) error
	Cancel(stream rooms.MessageID)
	Typing(room string, on bool)
	Read(room string, upTo rooms.Position)
	SetAway(ctx context.Context, away bool) error
	Rule(ctx context.Context, room string, do rooms.Ruling) error
	SetRoomPassword(ctx context.Context, room, password string) error
	Want(room string, from, to rooms.Position) error
	Invite(ctx context.Context, room string, person rooms.AccountID) error
	Whois(ctx context.Context, name string) (rooms.Person, error)
	Person(ctx context.Context, id rooms.AccountID) (rooms.Person, error)
	People(ctx context.Context) ([]rooms.Person, error)
	Rooms(ctx context.Context) ([]rooms.RoomInfo, error)
	Status(ctx context.Context) (rooms.Status, error)
	ChangePassword(ctx context.Context, password string) error
}

// Credentials are what somebody logs in with, or registers.
type Credentials struct {
	Address  string
	User     string
	Password string
	Code     string // the invite code, for registering where one is needed
	Trust    bool   // accept another server at a known address
}

// Session is a client that has been made but does not run yet, with the history of its account.
type Session struct {
	Client  Client
	Archive Archive // nil: nothing is kept
	Close   func() error
}

// Gate leads to servers and to what is kept of them.
type Gate interface {
	// Probe asks what answers at an address.
	Probe(ctx context.Context, address string) (rooms.ServerInfo, error)
	// Register creates an account.
	Register(ctx context.Context, with Credentials) error
	// Open makes the client for an account. The screen runs it, and closes the session in the end.
	Open(ctx context.Context, with Credentials) (Session, error)
	// Saved returns the names of the accounts that have a history here.
	Saved(ctx context.Context) ([]string, error)
	// OpenSaved opens the history of an account for reading without a server.
	OpenSaved(ctx context.Context, user string) (Archive, func() error, error)
	// Last returns who was logged in at an address last, or nothing.
	Last(ctx context.Context, address string) string
	// Known returns what is remembered of the server at an address.
	Known(ctx context.Context, address string) (rooms.Pin, bool)
}

// SavedRoom is what is remembered of a room between two runs.
type SavedRoom struct {
	Community rooms.UUID
	Name      string
	Open      bool
	Read      rooms.Position
	Draft     string
	Favourite bool  // it stands before the others
	Notify    uint8 // what is to be noticed of it; 0: as usual
	Threads   *ThreadMarks
}

// ThreadMarks is how far the threads of a room were looked at of which something was not; nil: as it was kept before. It
// is not changed once it is made.
type ThreadMarks struct {
	Read map[rooms.MessageID]rooms.Position
}

// Archive is the history of one account.
type Archive interface {
	// Rooms returns all rooms that are known.
	Rooms(ctx context.Context) ([]SavedRoom, error)
	// Remember keeps what must be found again: whether a room is open, how far it was read, its draft,
	// what one wants of it.
	Remember(ctx context.Context, rooms ...SavedRoom) error
	// ThreadMarks returns how far the threads of a room were looked at of which something was not.
	ThreadMarks(ctx context.Context, community rooms.UUID, room string) (map[rooms.MessageID]rooms.Position, error)
	// Page returns up to n messages from before a position (zero: the newest), oldest first, with what was done to them.
	// A negative n: all.
	Page(ctx context.Context, community rooms.UUID, room string, before rooms.Position, n int) ([]history.Entry, error)
	// After returns up to n messages from after a position (zero: from the beginning), oldest first.
	After(ctx context.Context, community rooms.UUID, room string, after rooms.Position, n int) ([]history.Entry, error)
	// Around returns the message at a position with up to n before and n after it, oldest first.
	Around(ctx context.Context, community rooms.UUID, room string, at rooms.Position, n int) ([]history.Entry, error)
	// Find yields which messages meet a query, newest first, some at a time as they are found, until yield wants no more.
	Find(ctx context.Context, q history.Query, yield func([]history.Ref) bool) error
	// Hits reads what a query found. What has gone since is left out.
	Hits(ctx context.Context, q history.Query, refs []history.Ref) ([]history.Hit, error)
	// Since is Page back to a date as people write it.
	Since(ctx context.Context, community rooms.UUID, room string, before rooms.Position, date string) ([]history.Entry, error)
	// Media returns up to n messages of a room that have a picture, film or file, or of one kind alone ("image", "video",
	// "file"), newest first.
	Media(ctx context.Context, community rooms.UUID, room, kind string, n int) ([]history.Entry, error)
	// Naming yields the messages of all rooms of a community that have a word in them or mean a person, newest first, until
	// yield says no.
	Naming(ctx context.Context, community rooms.UUID, word string, person rooms.AccountID, yield func(history.Entry) bool) error
	// Message finds a message of a room by its id.
	Message(ctx context.Context, community rooms.UUID, room string, id rooms.MessageID) (e history.Entry, found bool, err error)
	// Thread returns a thread's first message, if it is here, and the newest n that were said in it, oldest first.
	Thread(ctx context.Context, community rooms.UUID, room string, root rooms.MessageID, n int) ([]history.Entry, error)
	// Unsent returns our messages that the server never took, oldest first.
	Unsent(ctx context.Context, community rooms.UUID, room string) ([]rooms.Message, error)
	// Import reads a file that Export wrote into the room, and returns how many messages were new.
	Import(ctx context.Context, community rooms.UUID, room, path string) (int, error)
	// Export writes a room to a file in the format that the file's name asks for, and returns how many messages.
	Export(ctx context.Context, community rooms.UUID, room, path string) (int, error)
}

// Prepared is a file that is ready to be sent.
type Prepared struct {
	rooms.Attachment
	PlaceRemoved bool // the file said where the picture was taken; what is sent does not
}

// Pictures turns blobs into pictures. A nil Pictures shows no pictures and sends none.
type Pictures interface {
	// Attach checks a file, puts it into the blob store without what it tells of its author, and describes it.
	Attach(ctx context.Context, path string, kind rooms.StreamKind) (Prepared, error)
	// Load decodes a blob. The error says when it is not there. What was decoded is kept for a while, up to a limit.
	Load(ctx context.Context, hash rooms.Hash) (*media.Picture, error)
	// Has reports whether a blob is there.
	Has(hash rooms.Hash) bool
	// Kind tells what a file is to be sent as, if it is a picture or a film.
	Kind(path string) (kind rooms.StreamKind, fits bool)
	// Preview decodes a file that is to be looked at before it is sent.
	Preview(ctx context.Context, path string) (*media.Picture, error)
	// Path is the file in which a blob that is there lies.
	Path(hash rooms.Hash) string
}

// Found says what is here of a blob.
type Found struct {
	Here bool
	Part uint64 // bytes of an unfinished one
	Kept bool   // it is never evicted
}

// Files does with blobs what one does with files. A nil Files saves and keeps nothing.
type Files interface {
	// Look says what is here of a blob.
	Look(hash rooms.Hash) Found
	// Save copies a blob into the download folder under a safe form of a name, never over another file, and returns where.
	Save(ctx context.Context, hash rooms.Hash, name string) (path string, err error)
	// Keep protects a blob from eviction, or no longer.
	Keep(hash rooms.Hash, keep bool) error
	// Drop forgets what there is of an unfinished blob.
	Drop(hash rooms.Hash)
}

// Seat is where a second client sits down.
type Seat struct {
	Address string
	Room    string
}

// ErrNoBrowser means that nothing here shows web pages.
var ErrNoBrowser = errors.New("there is no browser here")

// Host is what the machine can do for the screen. What it cannot do is nil.
type Host struct {
	// StartServer starts a server here and returns its address.
	StartServer func(ctx context.Context) (string, error)
	// Discover waits until a server around answers that is none of seen. Where it is nil none are offered.
	Discover func(ctx context.Context, seen []Around) (Around, error)
	// SecondSeat opens another real client beside this one.
	SecondSeat func(ctx context.Context, at Seat) error
	// Partner starts the practice partner in a room for practice. It ends when the room is left to it.
	Partner func(ctx context.Context, at Seat) error
	// PublicAddress returns the address that others use to reach the server at address.
	PublicAddress func(ctx context.Context, address string) string
	// Outside says what tmux runs in, and whether it lets sequences through to that. It is asked in tmux only.
	Outside func(ctx context.Context) (terminal string, passes bool)
	// OpenLink shows a link, which is http, https or mailto, in a browser. ErrNoBrowser: there is none.
	OpenLink func(ctx context.Context, link string) error
	// Mode says how the server at address runs ("microVM", "native"), or nothing when it is not here.
	Mode func(ctx context.Context, address string) string
}

// Desktop shows notifications.
type Desktop interface {
	// Show shows a note in place of the one before.
	Show(ctx context.Context, note notify.Note) error
	// Withdraw takes the last note back.
	Withdraw(ctx context.Context) error
}

// Config says what the screen stands on.
type Config struct {
	Address  string   // of the server
	User     string   // filled into the form
	Password string   // with User: log in at once
	Known    bool     // log in at once: the gate knows the user without a password
	Trust    bool     // accept another server at a known address
	Rooms    []string // to be opened when nothing is remembered
	Command  string   // the program's name in lines to type; empty: kchat-tui
	Gate     Gate
	Pictures Pictures
	Videos   Videos
	Folder   string         // to begin in when a file is to be chosen; empty: the current one
	Images   pixels.Setting // how pictures are shown; empty: as the terminal can
	Output   io.Writer      // the terminal; nil: standard output
	Files    Files
	Editor   string // the command of the user's own; empty: there is none
	Recent   Recent
	AskAbove uint64 // bytes; what is larger is not taken before one has said so
	Host     Host
	LogPath  string        // named when something went wrong
	Idle     time.Duration // without a key for so long we are away; 0: never
	NoTyping bool          // the others are not told that we type
	NoRead   bool          // nor how far we have read
	Reach
	Looks
	Locale  string // such as ko_KR.UTF-8
	NoMouse bool   // the mouse stays with the terminal
	Keys    Keymap // that are not as usual
	Clock   func() time.Time
	Tick    tickFunc // tea.Tick, by the same clock
	Zone    *time.Location
	Options []tea.ProgramOption
}

func (c *Config) fill() {
	if c.Output == nil {
		c.Output = os.Stdout
	}
	if c.Images == "" {
		c.Images = pixels.Auto
	}
	if c.Theme.Name == "" {
		c.Theme, _ = styles.Builtin(styles.Auto)
	}
	if c.Themes == nil {
		c.Themes = builtin{}
	}
	if c.Notify == "" {
		c.Notify = notify.Auto
	}
	if c.Command == "" {
		c.Command = "kchat-tui"
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Tick == nil {
		c.Tick = tea.Tick
	}
	if c.Zone == nil {
		c.Zone = time.Local
	}
}
