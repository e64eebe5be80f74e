// SPDX-License-Identifier: GPL-2.0-only

package promise

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"

	"kchat/rooms"
)

// Ledger is a Store in memory that remembers each message as it first came: a disk for each of two hundred clients
// would test the disk.
type Ledger struct {
	mu       sync.Mutex
	byID     map[rooms.MessageID]int
	bySender map[rooms.AccountID][]int // in messages: what each wrote is asked for again and again
	messages []rooms.Message
	settled  int                      // how many of them have a place in the room
	alone    map[rooms.MessageID]bool // that were refused while nobody else was there
	gaps     []rooms.Gap
	last     rooms.Position
	changed  chan struct{}
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{
		byID: map[rooms.MessageID]int{}, bySender: map[rooms.AccountID][]int{}, alone: map[rooms.MessageID]bool{},
		changed: make(chan struct{}, 1),
	}
}

// Save keeps messages, see rooms.Store.
func (l *Ledger) Save(_ context.Context, messages ...rooms.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range messages {
		l.keep(m)
	}
	select {
	case l.changed <- struct{}{}:
	default:
	}
	return nil
}

// keep enters one message, or what has become of it.
func (l *Ledger) keep(m rooms.Message) {
	at, known := l.byID[m.ID]
	settled := known && !l.messages[at].Pos.IsZero()
	switch {
	case !known:
		at = len(l.messages)
		l.byID[m.ID] = at
		l.bySender[m.Sender] = append(l.bySender[m.Sender], at)
		l.messages = append(l.messages, m)
	case !settled, m.Pos.Compare(l.messages[at].Pos) > 0:
		if l.messages[at].Sender != m.Sender { // written before the first login
			l.bySender[m.Sender] = append(l.bySender[m.Sender], at)
		}
		l.messages[at] = m // the last place counts
	default:
		l.messages[at].State = m.State
	}
	if !settled && !m.Pos.IsZero() {
		l.settled++
	}
	if m.State == rooms.StateAlone {
		l.alone[m.ID] = true
	} else {
		delete(l.alone, m.ID)
	}
	if m.Pos.Compare(l.last) > 0 {
		l.last = m.Pos
	}
}

// Stored is the last position there is.
func (l *Ledger) Stored(context.Context, rooms.UUID, string) (rooms.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}

// Own yields what sender wrote in the room after from and up to to, oldest first.
func (l *Ledger) Own(_ context.Context, _ rooms.UUID, _ string, sender rooms.AccountID, from, to rooms.Position) iter.Seq2[rooms.Message, error] {
	l.mu.Lock()
	var own []rooms.Message
	for _, at := range l.bySender[sender] {
		if m := l.messages[at]; m.Sender == sender && !m.Pos.IsZero() && m.Pos.Compare(from) > 0 && m.Pos.Compare(to) <= 0 {
			own = append(own, m)
		}
	}
	l.mu.Unlock()
	slices.SortFunc(own, func(a, b rooms.Message) int { return a.Pos.Compare(b.Pos) })
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
	return l.settled
}

// Changed gets something whenever messages were kept.
func (l *Ledger) Changed() <-chan struct{} { return l.changed }

// Alone are the messages that were refused while nobody else was there.
func (l *Ledger) Alone() []rooms.MessageID {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.alone))
}

// Gaps are the ranges that the client knows to be missing.
func (l *Ledger) Gaps() []rooms.Gap {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.gaps)
}

// Lacking are those of the words that are not in the ledger with a place in the room.
func (l *Ledger) Lacking(words []Word) (lacking []Word) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range words {
		if at, known := l.byID[w.ID]; !known || l.messages[at].Pos.IsZero() {
			lacking = append(lacking, w)
		}
	}
	return lacking
}
