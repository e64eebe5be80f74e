// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"fmt"
	"math"

	"kchat/rooms"
)

// RoomState is what is to be found again of a room at the next start.
type RoomState struct {
	Open      bool
	Draft     string
	Favourite bool
	Notify    uint8
	Read      rooms.Position
	// Threads is how far threads were looked at of which something was not; nil: it is as it was.
	Threads map[rooms.MessageID]rooms.Position
}

// Remember keeps the state of a room, all of it or nothing. How far it was read never goes back.
func (s *Store) Remember(ctx context.Context, key Key, state RoomState) error {
	if err := checkPosition(state.Read); err != nil {
		return err
	}
	for _, pos := range state.Threads {
		if err := checkPosition(pos); err != nil {
			return err
		}
	}
	return s.writer.do(ctx, func(ctx context.Context, t *txn) error {
		room, err := t.roomNumber(ctx, key)
		if err != nil {
			return err
		}
		err = t.exec(ctx, "UPDATE rooms SET open = ?, draft = ?, favourite = ?, notify = ? WHERE id = ?",
			state.Open, normal(state.Draft), state.Favourite, int64(state.Notify), room)
		if err == nil {
			err = t.exec(ctx, setRead, int64(state.Read.Epoch), int64(state.Read.Seq), room)
		}
		if err != nil || state.Threads == nil {
			return err
		}
		return t.setThreadMarks(ctx, room, state.Threads)
	})
}

// setRead moves the mark up to which a room was read, but never back.
const setRead = `UPDATE rooms SET read_epoch = ?1, read_seq = ?2
	WHERE id = ?3 AND (read_epoch, read_seq) < (?1, ?2)`

func checkPosition(pos rooms.Position) error {
	if max(pos.Epoch, pos.Seq) > math.MaxInt64 {
		return fmt.Errorf("%w: position %v", ErrInvalid, pos)
	}
	return nil
}

// setThreadMarks replaces the marks of a room's threads.
func (t *txn) setThreadMarks(ctx context.Context, room int64, marks map[rooms.MessageID]rooms.Position) error {
	if err := t.exec(ctx, "DELETE FROM thread_marks WHERE room = ?", room); err != nil {
		return err
	}
	for root, pos := range marks {
		err := t.exec(ctx, "INSERT INTO thread_marks (room, root, epoch, seq) VALUES (?, ?, ?, ?)",
			room, root[:], int64(pos.Epoch), int64(pos.Seq))
		if err != nil {
			return err
		}
	}
	return nil
}

// threadMark is how far one thread was looked at.
type threadMark struct {
	root rooms.MessageID
	pos  rooms.Position
}

// ThreadMarks returns how far the threads of a room were looked at of which something was not.
func (s *Store) ThreadMarks(ctx context.Context, key Key) (map[rooms.MessageID]rooms.Position, error) {
	room, err := s.ready(ctx, key)
	if err != nil || room == 0 {
		return nil, err
	}
	all, err := collect(ctx, s, func(row scanner) (m threadMark, err error) {
		var root []byte
		err = row.Scan(&root, &m.pos.Epoch, &m.pos.Seq)
		copy(m.root[:], root)
		return m, err
	}, "SELECT root, epoch, seq FROM thread_marks WHERE room = ?", room)
	if err != nil {
		return nil, err
	}
	marks := make(map[rooms.MessageID]rooms.Position, len(all))
	for _, m := range all {
		marks[m.root] = m.pos
	}
	return marks, nil
}
