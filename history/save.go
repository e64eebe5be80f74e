// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"golang.org/x/text/unicode/norm"

	"kchat/rooms"
)

// ErrInvalid is the error of saving a message that no server can have sent.
var ErrInvalid = errors.New("history: not a valid message")

// Save writes messages and returns when they are durable. A message that is there already changes nothing but its
// delivery marks, with one exception: of two positions the larger one stays, in whichever order
// they come. A message without a position goes to the outbox, and leaves it when it comes again with one.
//
// Messages that are not valid are left out and named in the error; the others are saved. If the file cannot be
// written, the messages are kept in memory and tried again, and the error says so.
func (s *Store) Save(ctx context.Context, messages ...rooms.Message) error {
	err := s.Queue(ctx, messages...)
	if flushErr := s.Flush(ctx); flushErr != nil && !errors.Is(err, flushErr) {
		err = errors.Join(err, flushErr)
	}
	return err
}

// Queue is Save without the wait: it returns when the messages are in the queue, and waits only while that is full.
func (s *Store) Queue(ctx context.Context, messages ...rooms.Message) error {
	valid := make([]rooms.Message, 0, len(messages))
	var errs []error
	for _, m := range messages {
		if err := validate(m); err != nil {
			errs = append(errs, err)
			continue
		}
		valid = append(valid, tidy(m))
	}
	for len(valid) > 0 {
		n := min(len(valid), batchMessages)
		if err := s.writer.save(ctx, valid[:n:n]); err != nil {
			return errors.Join(append(errs, err)...)
		}
		valid = valid[n:]
	}
	return errors.Join(errs...)
}

func validate(m rooms.Message) error {
	switch {
	case m.ID.IsZero():
		return fmt.Errorf("%w: no id", ErrInvalid)
	case m.Room == "":
		return fmt.Errorf("%w: %v: no room", ErrInvalid, m.ID)
	case m.Kind == 0:
		return fmt.Errorf("%w: %v: no kind", ErrInvalid, m.ID)
	case modifies(m.Kind) && m.Target.IsZero():
		return fmt.Errorf("%w: %v: no target", ErrInvalid, m.ID)
	case !m.Pos.IsZero() && m.Pos.Seq == 0, m.Pos.Epoch > math.MaxInt64, m.Pos.Seq >= math.MaxInt64:
		return fmt.Errorf("%w: %v: position %v", ErrInvalid, m.ID, m.Pos)
	}
	return nil
}

// modifies tells whether a kind is shown by what it does to its target and not by itself.
func modifies(k rooms.Kind) bool {
	return k == rooms.KindEdit || k == rooms.KindDelete || k == rooms.KindReact
}

func tidy(m rooms.Message) rooms.Message {
	m.Stored, m.Present = min(max(m.Stored, 0), maxCount), min(max(m.Present, 0), maxCount)
	m.Text, m.Name, m.Failure = normal(m.Text), normal(m.Name), normal(m.Failure)
	if m.Attached != nil {
		a := *m.Attached
		a.Name, a.MIME = normal(a.Name), normal(a.MIME)
		m.Attached = &a
	}
	return m
}

// normal makes text valid UTF-8 in NFC, so that what looks the same is found the same.
func normal(s string) string { return norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD")) }

// extra holds the parts of a message that few have.
type extra struct {
	Attached *rooms.Attachment `json:"attached,omitempty"`
	Thread   string            `json:"thread,omitempty"` // hexadecimal, as the index of threads has it
	Mentions []rooms.AccountID `json:"mentions,omitempty"`
}

func packExtra(m rooms.Message) (any, error) {
	e := extra{Attached: m.Attached, Mentions: m.Mentions}
	if !m.Thread.IsZero() {
		e.Thread = m.Thread.String()
	}
	if e.Attached == nil && e.Thread == "" && len(e.Mentions) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(e)
	return string(b), err
}

// blobOrNull writes a zero id as NULL, which the partial index on targets leaves out.
func blobOrNull(id rooms.MessageID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// saveAll saves messages, and notes what follows from them.
func (t *txn) saveAll(ctx context.Context, messages []rooms.Message) error {
	if err := t.saveEach(ctx, messages); err != nil {
		return err
	}
	return t.note(ctx)
}

func (t *txn) saveEach(ctx context.Context, messages []rooms.Message) error {
	if err := t.ask(ctx); err != nil {
		return err
	}
	for _, m := range messages {
		room, err := t.roomNumber(ctx, KeyOf(m))
		if err != nil {
			return err
		}
		if m.Pos.IsZero() {
			err = t.queueOut(ctx, room, m)
		} else {
			at := spanKey{room: room, epoch: m.Pos.Epoch}
			t.batch.covered[at] = append(t.batch.covered[at], m.Pos.Seq)
			err = t.saveSettled(ctx, room, m)
		}
		if err != nil {
			return fmt.Errorf("saving message %v: %w", m.ID, err)
		}
	}
	return nil
}

func (t *txn) saveSettled(ctx context.Context, room int64, m rooms.Message) error {
	if t.batch.outgoing {
		if err := t.exec(ctx, "DELETE FROM outbox WHERE room = ? AND id = ?", room, m.ID[:]); err != nil {
			return err
		}
	}
	// Mostly it is new: the insertion finds out.
	if inserted, err := t.insert(ctx, room, m); err != nil || inserted {
		return err
	}
	old, found, err := t.find(ctx, room, m.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("%w: neither there nor new", errDamaged)
	case old.message.Sender != m.Sender:
		return nil // ids are their author's to choose, and the first to use one keeps it
	case m.Pos.Compare(old.message.Pos) > 0:
		return t.move(ctx, old, m)
	}
	return t.exec(ctx, `UPDATE messages SET stored = max(stored, ?), present = ?, state = max(state, ?),
		backfill = min(backfill, ?) WHERE key = ? AND (stored < ? OR state < ? OR backfill > ?)`,
		m.Stored, m.Present, settledState(m), m.Backfill, old.key, m.Stored, settledState(m), m.Backfill)
}

// move gives a message the position and time that m, the same message, has for it. An author sends a message again
// only while not knowing its first place, so the last place is the one that everybody can agree on. Its key follows
// its time.
func (t *txn) move(ctx context.Context, old row, m rooms.Message) error {
	for _, query := range []string{"DELETE FROM grams WHERE rowid = ?", "DELETE FROM messages WHERE key = ?"} {
		if err := t.exec(ctx, query, old.key); err != nil {
			return err
		}
	}
	first := old.message
	first.Pos, first.Time = m.Pos, m.Time
	first.Community, first.Room = m.Community, m.Room
	t.inserted--
	_, err := t.insert(ctx, old.room, first)
	return err
}

// find reads a settled message of a room whose name is of no matter.
func (t *txn) find(ctx context.Context, room int64, id rooms.MessageID) (r row, found bool, err error) {
	s, err := t.prepare(ctx, "SELECT "+messageColumns+" FROM messages m WHERE m.room = ? AND m.id = ?")
	if err != nil {
		return row{}, false, err
	}
	rows, err := s.QueryContext(ctx, room, id[:])
	if err != nil {
		return row{}, false, err
	}
	if found = rows.Next(); found {
		r, err = scanRow(rows)
	}
	return r, found, errors.Join(err, rows.Err(), rows.Close())
}

// settledState is the state to keep of a message that has a position: it can no longer wait or be refused.
func settledState(m rooms.Message) rooms.State {
	switch m.State {
	case rooms.StateSent, rooms.StateDelivered:
		return m.State
	case rooms.StateReceived:
		return rooms.StateReceived
	}
	return rooms.StateSent
}

// insert puts a message where there is none of its id; false: there is one.
func (t *txn) insert(ctx context.Context, room int64, m rooms.Message) (bool, error) {
	key, err := t.freeKey(ctx, micros(m.Time))
	if err != nil {
		return false, err
	}
	extra, err := packExtra(m)
	if err != nil {
		return false, err
	}
	touched := false
	if !modifies(m.Kind) {
		if touched, err = t.isTargeted(ctx, room, m.ID); err != nil {
			return false, err
		}
	}
	n, err := t.execN(ctx, `INSERT INTO messages (key, room, id, epoch, seq, time, sender, name, kind, text, reply,
		target, removed, extra, state, stored, present, backfill, touched)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (room, id) DO NOTHING`,
		key, room, m.ID[:], int64(m.Pos.Epoch), int64(m.Pos.Seq), micros(m.Time), int64(m.Sender), m.Name, m.Kind,
		m.Text, blobOrNull(m.ReplyTo), blobOrNull(m.Target), m.Removed, extra, settledState(m), m.Stored, m.Present,
		m.Backfill, touched)
	if err != nil || n == 0 {
		return false, err
	}
	t.inserted++
	t.batch.lastKey = max(t.batch.lastKey, key)
	t.sawPerson(m)
	if modifies(m.Kind) {
		t.batch.targeted[room] = true
		return true, t.touch(ctx, room, m)
	}
	return true, t.index(ctx, key, room, m, touched)
}

// crowd is how far from its time a key may lie without a search for a better one.
const crowd = 64

// freeKey is the smallest free key from a time on, or close to it: after a crowded moment the search widens by
// factors instead of steps, so that a million messages of one moment still cost a few look-ups each. What is newer
// than all needs none.
func (t *txn) freeKey(ctx context.Context, us int64) (int64, error) {
	key, last := max(us, 0), t.batch.lastKey
	if key > last {
		return key, nil
	}
	if last-key < crowd {
		return last + 1, nil
	}
	for width := int64(crowd); ; width *= 4 {
		taken, err := t.get(ctx, []any{&last},
			"SELECT key FROM messages WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT 1", key, key+width)
		if err != nil {
			return 0, err
		}
		if !taken {
			return key, nil
		}
		key = last + 1
	}
}

// touch marks the target of an edit, deletion or reaction, and finds it from now on by its new words.
func (t *txn) touch(ctx context.Context, room int64, m rooms.Message) error {
	if err := t.exec(ctx, "UPDATE messages SET touched = 1 WHERE room = ? AND id = ?", room, m.Target[:]); err != nil {
		return err
	}
	if m.Kind == rooms.KindReact {
		return nil
	}
	target, found, err := t.find(ctx, room, m.Target)
	if err != nil || !found || modifies(target.message.Kind) {
		return err // what comes later is indexed as it then stands
	}
	return t.index(ctx, target.key, room, target.message, true)
}
