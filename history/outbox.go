// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"

	"kchat/rooms"
)

// queueOut puts one of our messages into the outbox, or changes its state there. What has settled does not return.
func (t *txn) queueOut(ctx context.Context, room int64, m rooms.Message) error {
	settled, err := t.get(ctx, []any{new(int)}, "SELECT 1 FROM messages WHERE room = ? AND id = ?", room, m.ID[:])
	if err != nil || settled {
		return err
	}
	extra, err := packExtra(m)
	if err != nil {
		return err
	}
	t.batch.outgoing = true
	return t.exec(ctx, `INSERT INTO outbox (room, id, time, sender, name, kind, text, reply, target, removed, extra,
		state, failure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (room, id) DO UPDATE SET text = excluded.text, extra = excluded.extra, state = excluded.state,
		failure = excluded.failure`,
		room, m.ID[:], micros(m.Time), int64(m.Sender), m.Name, m.Kind, m.Text, blobOrNull(m.ReplyTo),
		blobOrNull(m.Target), m.Removed, extra, m.State, m.Failure)
}

// Outbox returns the messages of sender that are waiting or sending, in the order in which they were first saved.
func (s *Store) Outbox(ctx context.Context, community rooms.UUID, sender rooms.AccountID) ([]rooms.Message, error) {
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	return collect(ctx, s, scanOutbox, "SELECT "+outboxColumns+` FROM outbox m JOIN rooms r ON r.id = m.room
		WHERE r.community = ? AND m.sender = ? AND m.state IN (?, ?) ORDER BY m.n`,
		community[:], int64(sender), rooms.StateWaiting, rooms.StateSending)
}

// Unsent returns all messages of a room that have no position, in the order in which they were first saved: those
// that wait, and those that were refused and are kept to be sent again.
func (s *Store) Unsent(ctx context.Context, key Key) ([]rooms.Message, error) {
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	return collect(ctx, s, scanOutbox, "SELECT "+outboxColumns+` FROM outbox m JOIN rooms r ON r.id = m.room
		WHERE r.community = ? AND r.name = ? ORDER BY m.n`, key.Community[:], key.Room)
}

// UnsentIn is Unsent for a client that is to send them again.
func (s *Store) UnsentIn(ctx context.Context, community rooms.UUID, room string) ([]rooms.Message, error) {
	return s.Unsent(ctx, Key{Community: community, Room: room})
}

// Forget drops a message from the outbox. It is no error when it is not there, and settled messages stay.
func (s *Store) Forget(ctx context.Context, community rooms.UUID, room string, id rooms.MessageID) error {
	return s.writer.do(ctx, func(ctx context.Context, t *txn) error {
		return t.exec(ctx, `DELETE FROM outbox WHERE id = ? AND
			room = (SELECT id FROM rooms WHERE community = ? AND name = ?)`, id[:], community[:], room)
	})
}
