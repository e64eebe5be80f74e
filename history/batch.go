// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"fmt"
	"time"

	"kchat/rooms"
)

// personKey is somebody of a community.
type personKey struct {
	community rooms.UUID
	account   rooms.AccountID
}

// sighting is a name and when it was seen.
type sighting struct {
	name string
	seen time.Time
}

// batch is what a transaction has to note once for many messages, and what it knows so that it need not ask for each.
// Nobody else can write meanwhile, so that what it knows stays true until a change is made, or the transaction ends.
type batch struct {
	covered map[spanKey][]uint64
	people  map[personKey]sighting

	asked    bool  // lastKey and outgoing are known
	lastKey  int64 // the largest key of messages
	outgoing bool  // there is something in the outbox
	targeted map[int64]bool
}

func newBatch() batch {
	return batch{covered: map[spanKey][]uint64{}, people: map[personKey]sighting{}, targeted: map[int64]bool{}}
}

// forget lets go of what is known, since it may not be true any more.
func (b *batch) forget() {
	b.asked = false
	clear(b.targeted)
}

// reset forgets all.
func (b *batch) reset() {
	b.forget()
	clear(b.covered)
	clear(b.people)
}

// ask finds out what is to be known.
func (t *txn) ask(ctx context.Context) error {
	b := &t.batch
	if b.asked {
		return nil
	}
	if _, err := t.get(ctx, []any{&b.lastKey}, "SELECT coalesce(max(key), 0) FROM messages"); err != nil {
		return err
	}
	outgoing, err := t.get(ctx, []any{new(int)}, "SELECT 1 FROM outbox LIMIT 1")
	b.outgoing, b.asked = outgoing, err == nil
	return err
}

// isTargeted reports whether anything edits, deletes or reacts to a message.
func (t *txn) isTargeted(ctx context.Context, room int64, id rooms.MessageID) (bool, error) {
	some, known := t.batch.targeted[room]
	if !known {
		var err error
		some, err = t.get(ctx, []any{new(int)}, "SELECT 1 FROM messages WHERE room = ? AND target IS NOT NULL LIMIT 1", room)
		if err != nil {
			return false, err
		}
		t.batch.targeted[room] = some
	}
	if !some {
		return false, nil
	}
	return t.get(ctx, []any{new(int)}, "SELECT 1 FROM messages WHERE room = ? AND target = ? LIMIT 1", room, id[:])
}

// sawPerson remembers the name that a person had last.
func (t *txn) sawPerson(m rooms.Message) {
	if m.Name == "" {
		return
	}
	key := personKey{m.Community, m.Sender}
	if known, ok := t.batch.people[key]; !ok || !m.Time.Before(known.seen) {
		t.batch.people[key] = sighting{m.Name, m.Time}
	}
}

// note writes down what was only remembered so far.
func (t *txn) note(ctx context.Context) error {
	for at, seqs := range t.batch.covered {
		if err := t.cover(ctx, at, seqs); err != nil {
			return fmt.Errorf("noting what is stored: %w", err)
		}
	}
	for who, s := range t.batch.people {
		if err := t.exec(ctx, `INSERT INTO people (community, account, name, seen) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET name = excluded.name, seen = excluded.seen WHERE seen <= excluded.seen`,
			who.community[:], int64(who.account), s.name, micros(s.seen)); err != nil {
			return fmt.Errorf("noting who spoke: %w", err)
		}
	}
	clear(t.batch.covered)
	clear(t.batch.people)
	return nil
}
