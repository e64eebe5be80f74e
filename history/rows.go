// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"kchat/rooms"
)

var errNoRow = sql.ErrNoRows

// row is a settled message with what only the store knows of it.
type row struct {
	key     int64
	room    int64
	touched bool
	message rooms.Message
}

// messageColumns is what scanRow reads, from messages m. The driver takes its time for every column of every row, and a
// search may bring all rows there are; so the small numbers come as one.
const messageColumns = `m.key, m.room, m.kind | (m.state << 8) | (m.removed << 16) | (m.backfill << 17) |
	(m.touched << 18) | (m.stored << 20) | (m.present << 40), m.id, m.epoch, m.seq, m.time, m.sender, m.name, m.text,
	m.reply, m.target, m.extra`

// maxCount is the largest number of people that messageColumns has room for.
const maxCount = 1<<20 - 1

// outboxColumns is what scanOutbox reads, from outbox m and rooms r.
const outboxColumns = `r.community, r.name, m.id, m.time, m.sender, m.name, m.kind, m.text, m.reply, m.target,
	m.removed, m.extra, m.state, m.failure`

type scanner interface{ Scan(dest ...any) error }

// scanRow reads a row without the name of its room, which Store.named adds.
func scanRow(s scanner) (row, error) {
	var r row
	m := &r.message
	var id, reply, target sql.RawBytes
	var numbers, time, sender int64
	var extra sql.NullString
	err := s.Scan(&r.key, &r.room, &numbers, &id, &m.Pos.Epoch, &m.Pos.Seq, &time, &sender, &m.Name, &m.Text, &reply,
		&target, &extra)
	if err != nil {
		return row{}, err
	}
	m.Kind, m.State = rooms.Kind(numbers&0xff), rooms.State(numbers>>8&0xff)
	m.Removed, m.Backfill, r.touched = numbers>>16&1 == 1, numbers>>17&1 == 1, numbers>>18&1 == 1
	m.Stored, m.Present = int(numbers>>20&maxCount), int(numbers>>40&maxCount)
	m.Time, m.Sender = fromMicros(time), rooms.AccountID(sender)
	copy(m.ID[:], id)
	copy(m.ReplyTo[:], reply)
	copy(m.Target[:], target)
	return r, unpackExtra(m, extra)
}

func scanOutbox(s scanner) (rooms.Message, error) {
	var m rooms.Message
	var id, community, reply, target []byte
	var time, sender int64
	var extra sql.NullString
	err := s.Scan(&community, &m.Room, &id, &time, &sender, &m.Name, &m.Kind, &m.Text, &reply, &target, &m.Removed,
		&extra, &m.State, &m.Failure)
	if err != nil {
		return rooms.Message{}, err
	}
	m.Time, m.Sender = fromMicros(time), rooms.AccountID(sender)
	copy(m.Community[:], community)
	copy(m.ID[:], id)
	copy(m.ReplyTo[:], reply)
	copy(m.Target[:], target)
	return m, unpackExtra(&m, extra)
}

func unpackExtra(m *rooms.Message, packed sql.NullString) error {
	if !packed.Valid {
		return nil
	}
	var e extra
	if err := json.Unmarshal([]byte(packed.String), &e); err != nil {
		return fmt.Errorf("history: reading message %v: %w", m.ID, err)
	}
	m.Attached, m.Mentions = e.Attached, e.Mentions
	if e.Thread == "" {
		return nil
	}
	if err := unhex(m.Thread[:], e.Thread); err != nil {
		return fmt.Errorf("history: reading the thread of message %v: %w", m.ID, err)
	}
	return nil
}

// rows runs a query and reads all of its rows.
func (s *Store) rows(ctx context.Context, query string, args ...any) ([]row, error) {
	list, err := collect(ctx, s, scanRow, query, args...)
	if err != nil {
		return nil, err
	}
	return list, s.named(ctx, list)
}

// named puts the names of their rooms into rows. Rooms are never removed or renamed, so what was read once holds.
func (s *Store) named(ctx context.Context, list []row) error {
	for i := range list {
		r := &list[i]
		key, known := s.roomKeys.Load(r.room)
		if !known {
			read, err := collect(ctx, s, scanKey, "SELECT community, name FROM rooms WHERE id = ?", r.room)
			if err != nil {
				return err
			}
			if len(read) != 1 {
				return fmt.Errorf("history: %s: no room has the number %d", s.path, r.room)
			}
			s.roomKeys.Store(r.room, read[0])
			key = read[0]
		}
		r.message.Community, r.message.Room = key.(Key).Community, key.(Key).Room
	}
	return nil
}

func scanKey(s scanner) (key Key, err error) {
	var community []byte
	err = s.Scan(&community, &key.Room)
	copy(key.Community[:], community)
	return key, err
}

// collect runs a query and reads each of its rows with scan.
func collect[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), query string, args ...any) (list []T, err error) {
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.readError(ctx, err)
	}
	defer func() { err = errors.Join(err, s.readError(ctx, rows.Close())) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, s.readError(ctx, err)
		}
		list = append(list, one)
	}
	return list, s.readError(ctx, rows.Err())
}

// readError names the file. An interrupted read is its context's error, not SQLite's.
func (s *Store) readError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("history: reading %s: %w", s.path, s.damage(err))
}

// roomNumber is the number of a room in the file; 0 when nothing is known of it.
func (s *Store) roomNumber(ctx context.Context, key Key) (int64, error) {
	var n int64
	err := s.readers.QueryRowContext(ctx, "SELECT id FROM rooms WHERE community = ? AND name = ?",
		key.Community[:], key.Room).Scan(&n)
	if errors.Is(err, errNoRow) {
		return 0, nil
	}
	return n, s.readError(ctx, err)
}
