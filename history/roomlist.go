// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"time"

	"kchat/rooms"
)

// Room is a room as the history knows it.
type Room struct {
	Key
	Unread int            // said by others after Read, and not before we joined; at most MaxUnread
	First  time.Time      // of the first message
	Last   time.Time      // of the last message
	Read   rooms.Position // up to where it was read
	Open   bool           // it was open when the client ended
	Draft  string         // what was typed and not sent

	Favourite bool
	Notify    uint8 // what is to be noticed of it, as the screen counts it; 0: as usual
}

// MaxUnread is where counting the unread ends: "99+", so that the list of rooms is there at once.
const MaxUnread = 100

// Rooms returns the rooms of a community, or of all (the zero UUID), by name. What me said is never unread.
func (s *Store) Rooms(ctx context.Context, community rooms.UUID, me rooms.AccountID) ([]Room, error) {
	if err := s.catchUp(ctx); err != nil {
		return nil, err
	}
	where, args := "", []any{int64(me), MaxUnread}
	if community != (rooms.UUID{}) {
		where = " WHERE r.community = ?"
		args = append(args, community[:])
	}
	return collect(ctx, s, scanRoom, `SELECT r.community, r.name, r.read_epoch, r.read_seq, r.open, r.draft,
		r.favourite, r.notify,
		(SELECT count(*) FROM (SELECT 1 FROM messages m WHERE m.room = r.id
			AND (m.epoch, m.seq) > (r.read_epoch, r.read_seq)
			AND m.sender <> ? AND NOT m.backfill`+shown+`LIMIT ?)),
		(SELECT time FROM messages m WHERE m.room = r.id ORDER BY epoch, seq LIMIT 1),
		(SELECT time FROM messages m WHERE m.room = r.id ORDER BY epoch DESC, seq DESC LIMIT 1)
		FROM rooms r`+where+" ORDER BY r.name, r.community", args...)
}

func scanRoom(s scanner) (r Room, err error) {
	var community []byte
	var first, last *int64
	err = s.Scan(&community, &r.Room, &r.Read.Epoch, &r.Read.Seq, &r.Open, &r.Draft,
		&r.Favourite, &r.Notify, &r.Unread, &first, &last)
	copy(r.Community[:], community)
	if first != nil && last != nil {
		r.First, r.Last = fromMicros(*first), fromMicros(*last)
	}
	return r, err
}

// Count returns how many entries of a room are stored. It reads through the room.
func (s *Store) Count(ctx context.Context, key Key) (n int, err error) {
	room, err := s.ready(ctx, key)
	if err != nil || room == 0 {
		return 0, err
	}
	err = s.readers.QueryRowContext(ctx, "SELECT count(*) FROM messages m WHERE m.room = ?"+shown, room).Scan(&n)
	return n, s.readError(ctx, err)
}

// SetRead notes up to where a room was read. It never goes back.
func (s *Store) SetRead(ctx context.Context, key Key, pos rooms.Position) error {
	if err := checkPosition(pos); err != nil {
		return err
	}
	return s.changeRoom(ctx, key, setRead, int64(pos.Epoch), int64(pos.Seq))
}

// SetOpen notes whether a room is open, so that it can be opened again at the next start.
func (s *Store) SetOpen(ctx context.Context, key Key, open bool) error {
	return s.changeRoom(ctx, key, "UPDATE rooms SET open = ? WHERE id = ?", open)
}

// SetDraft keeps what is typed and not sent; "" forgets it.
func (s *Store) SetDraft(ctx context.Context, key Key, text string) error {
	return s.changeRoom(ctx, key, "UPDATE rooms SET draft = ? WHERE id = ?", normal(text))
}

// changeRoom runs an UPDATE whose last parameter is the room's number, which is made if it is new.
func (s *Store) changeRoom(ctx context.Context, key Key, query string, args ...any) error {
	return s.writer.do(ctx, func(ctx context.Context, t *txn) error {
		n, err := t.roomNumber(ctx, key)
		if err != nil {
			return err
		}
		return t.exec(ctx, query, append(args[:len(args):len(args)], n)...)
	})
}

// Draft returns what was typed into a room and not sent, or "".
func (s *Store) Draft(ctx context.Context, key Key) (string, error) {
	if err := s.catchUp(ctx); err != nil {
		return "", err
	}
	drafts, err := collect(ctx, s, func(sc scanner) (text string, err error) { return text, sc.Scan(&text) },
		"SELECT draft FROM rooms WHERE community = ? AND name = ?", key.Community[:], key.Room)
	if err != nil || len(drafts) == 0 {
		return "", err
	}
	return drafts[0], nil
}
