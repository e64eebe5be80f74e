// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"time"
)

// UUID identifies a server or a community. It is compared as raw bytes.
type UUID [16]byte

// String writes the UUID in the 8-4-4-4-12 form of RFC 9562.
func (u UUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

// MessageID is the lasting name of a message: a UUIDv7 chosen by its author (RFC 9562, 5.7).
// Edits, deletions, reactions and re-offers refer to it, and repeats are recognised by it.
type MessageID [16]byte

// IsZero reports whether the id names no message.
func (id MessageID) IsZero() bool { return id == MessageID{} }

// String writes the id as 32 hexadecimal digits.
func (id MessageID) String() string { return hex.EncodeToString(id[:]) }

// Hash is the SHA-256 of a blob.
type Hash [32]byte

// IsZero reports whether no hash is known.
func (h Hash) IsZero() bool { return h == Hash{} }

// String writes the hash as 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// AccountID is the number of a person. Servers that share accounts share it, and it is never used again.
type AccountID uint64

// Position orders everything a room ever said: epochs grow, and within one the sequence grows by one
// for each lasting frame.
type Position struct {
	Epoch uint64
	Seq   uint64
}

// IsZero reports whether the position names nothing, as for a message the server has not accepted yet.
func (p Position) IsZero() bool { return p == Position{} }

// Compare orders positions by epoch, then by sequence.
func (p Position) Compare(q Position) int {
	if c := cmp.Compare(p.Epoch, q.Epoch); c != 0 {
		return c
	}
	return cmp.Compare(p.Seq, q.Seq)
}

// String writes the position as EPOCH:SEQ, the form that --since takes.
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Epoch, p.Seq) }

// Kind says what a lasting frame does.
type Kind uint8

// The kinds of lasting frames a room's talk is made of.
const (
	KindText   Kind = iota + 1 // words, perhaps with an attachment
	KindEdit                   // Text replaces the words of Target
	KindDelete                 // Target is withdrawn by its author
	KindReact                  // Text is the reaction to Target; Removed takes it back
	KindTopic                  // Text is the room's new topic
)

// Attachment describes a blob that belongs to a message. The bytes travel and are kept apart from it,
// found by their hash.
type Attachment struct {
	Hash     Hash
	Size     uint64 // bytes
	MIME     string
	Name     string        // base name, never a path
	Width    uint32        // pixels; 0 when it has none
	Height   uint32        // pixels; 0 when it has none
	Duration time.Duration // 0 when it has none
}

// State is where a message stands in its life, seen from this client. docs/messages.md has the table of
// states and events.
type State uint8

// The states of a message.
const (
	StateReceived  State = iota // by somebody else, or by us and long settled
	StateWaiting                // in the outbox, no connection
	StateSending                // on its way, not acknowledged
	StateSent                   // acknowledged: sequenced, with another person present
	StateDelivered              // stored by at least one other person present
	StateAlone                  // refused, since nobody else was present; kept to be sent again
	StateFailed                 // refused for another reason, see Failure; kept to be sent again
)

// Message is one lasting frame of a room's talk with all that the client knows of it.
type Message struct {
	Community UUID
	Room      string
	ID        MessageID
	Pos       Position // zero until acknowledged
	Time      time.Time
	Sender    AccountID
	Name      string // the sender's name when it was seen
	Kind      Kind
	Text      string
	ReplyTo   MessageID   // zero when it answers nothing
	Thread    MessageID   // the first message of the thread that it is said in; zero: in the room itself
	Target    MessageID   // of an edit, deletion or reaction
	Mentions  []AccountID // whom its author means, besides what the words say; with an edit, from then on
	Removed   bool        // a reaction taken back
	Attached  *Attachment
	State     State
	Failure   string // with StateFailed: what the server or the client said
	Stored    int    // other persons known to have stored it ("delivered Stored of Present")
	Present   int    // other persons present when Stored was last counted
	Backfill  bool   // said before we joined the room
}
