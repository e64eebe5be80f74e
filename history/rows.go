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

// messageColumns is what scanRow reads, from messages m and rooms r.
const messageColumns = `m.key, m.room, m.touched, r.community, r.name, m.id, m.epoch, m.seq, m.time, m.sender, m.name,
	m.kind, m.text, m.reply, m.target, m.removed, m.extra, m.state, m.stored, m.present, m.backfill`

// outboxColumns is what scanOutbox reads, from outbox m and rooms r.
const outboxColumns = `r.community, r.name, m.id, m.time, m.sender, m.name, m.kind, m.text, m.reply, m.target,
	m.removed, m.extra, m.state, m.failure`

type scanner interface{ Scan(dest ...any) error }

func scanRow(s scanner) (row, error) {
	var r row
	m := &r.message
	var id, community, reply, target []byte
	var time, sender int64
	var extra sql.NullString
	err := s.Scan(&r.key, &r.room, &r.touched, &community, &m.Room, &id, &m.Pos.Epoch, &m.Pos.Seq, &time, &sender,
		&m.Name, &m.Kind, &m.Text, &reply, &target, &m.Removed, &extra, &m.State, &m.Stored, &m.Present, &m.Backfill)
	if err != nil {
		return row{}, err
	}
	m.Time, m.Sender = fromMicros(time), rooms.AccountID(sender)
	copyIDs(m, community, id, reply, target)
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
	copyIDs(&m, community, id, reply, target)
	return m, unpackExtra(&m, extra)
}

func copyIDs(m *rooms.Message, community, id, reply, target []byte) {
	copy(m.Community[:], community)
	copy(m.ID[:], id)
	copy(m.ReplyTo[:], reply)
	copy(m.Target[:], target)
}

func unpackExtra(m *rooms.Message, packed sql.NullString) error {
	if !packed.Valid {
		return nil
	}
	var e extra
	if err := json.Unmarshal([]byte(packed.String), &e); err != nil {
		return fmt.Errorf("history: reading message %v: %w", m.ID, err)
	}
	m.Attached = e.Attached
	return nil
}

// rows runs a query and reads all of its rows.
func (s *Store) rows(ctx context.Context, query string, args ...any) ([]row, error) {
	return collect(ctx, s, scanRow, query, args...)
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
