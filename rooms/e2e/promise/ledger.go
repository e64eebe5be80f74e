// SPDX-License-Identifier: GPL-2.0-only

package promise

import (
	"context"
	"iter"
	"slices"
	"sync"

	"kchat/rooms"
)

// Ledger is a Store in memory that remembers each message as it first came: a disk for each of two hundred clients
// would test the disk.
type Ledger struct {
	mu       sync.Mutex
	byID     map[rooms.MessageID]int
	messages []rooms.Message
	gaps     []rooms.Gap
	last     rooms.Position
	changed  chan struct{}
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{byID: map[rooms.MessageID]int{}, changed: make(chan struct{}, 1)}
}

// Save keeps messages, see rooms.Store.
func (l *Ledger) Save(_ context.Context, messages ...rooms.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range messages {
		at, known := l.byID[m.ID]
		switch {
		case !known:
			l.byID[m.ID] = len(l.messages)
			l.messages = append(l.messages, m)
		case m.Pos.Compare(l.messages[at].Pos) > 0, l.messages[at].Pos.IsZero():
			l.messages[at] = m // the last place counts
		default:
			l.messages[at].State = m.State
		}
		if m.Pos.Compare(l.last) > 0 {
			l.last = m.Pos
		}
	}
	select {
	case l.changed <- struct{}{}:
	default:
	}
	return nil
}

// Stored is the last position there is.
func (l *Ledger) Stored(context.Context, rooms.UUID, string) (rooms.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}

// Own yields what sender wrote in the room after from and up to to, oldest first.
func (l *Ledger) Own(_ context.Context, _ rooms.UUID, _ string, sender rooms.AccountID, from, to rooms.Position) iter.Seq2[rooms.Message, error] {
	own := slices.DeleteFunc(l.Settled(), func(m rooms.Message) bool {
		return m.Sender != sender || m.Pos.Compare(from) <= 0 || m.Pos.Compare(to) > 0
	})
	return func(yield func(rooms.Message, error) bool) {
		for _, m := range own {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// Outbox returns our messages that are waiting or sending, oldest first.
func (l *Ledger) Outbox(_ context.Context, _ rooms.UUID, sender rooms.AccountID) ([]rooms.Message, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []rooms.Message
	for _, m := range l.messages {
		if m.Sender == sender && m.Pos.IsZero() && (m.State == rooms.StateWaiting || m.State == rooms.StateSending) {
			out = append(out, m)
		}
	}
	return out, nil
}

// Missing records that something is missing, or no longer is.
func (l *Ledger) Missing(_ context.Context, _ rooms.UUID, _ string, from, to rooms.Position, filled bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gaps = slices.DeleteFunc(l.gaps, func(g rooms.Gap) bool { return g == rooms.Gap{From: from, To: to} })
	if !filled {
		l.gaps = append(l.gaps, rooms.Gap{From: from, To: to})
	}
	return nil
}

// Forget drops nothing: what was said once stays on record.
func (l *Ledger) Forget(context.Context, rooms.UUID, string, rooms.MessageID) error { return nil }

// Settled is what has a place in the room, in order.
func (l *Ledger) Settled() []rooms.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(l.messages), func(m rooms.Message) bool { return m.Pos.IsZero() })
	slices.SortFunc(list, func(a, b rooms.Message) int { return a.Pos.Compare(b.Pos) })
	return list
}

// Count is how many messages have a place in the room.
func (l *Ledger) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, m := range l.messages {
		if !m.Pos.IsZero() {
			n++
		}
	}
	return n
}

// Changed gets something whenever messages were kept.
func (l *Ledger) Changed() <-chan struct{} { return l.changed }

// Alone are the messages that were refused while nobody else was there.
func (l *Ledger) Alone() (ids []rooms.MessageID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.messages {
		if m.State == rooms.StateAlone {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// Gaps are the ranges that the client knows to be missing.
func (l *Ledger) Gaps() []rooms.Gap {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.gaps)
}

// Lacks is how many of the words are not in the ledger with a place in the room.
func (l *Ledger) Lacks(words []Word) (lacks int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range words {
		if at, known := l.byID[w.ID]; !known || l.messages[at].Pos.IsZero() {
			lacks++
		}
	}
	return lacks
}
