// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"kchat/rooms"
)

// shownKinds leaves out what is shown by what it does to its target; shown is the same after another condition.
const (
	shownKinds = "m.kind NOT IN (2, 3, 4)"
	shown      = " AND " + shownKinds + " "
)

const selectMessages = "SELECT " + messageColumns + " FROM messages m WHERE m.room = ? "

// Last returns the newest n entries of a room, oldest first, and after them our own that have not settled.
func (s *Store) Last(ctx context.Context, key Key, n int) ([]Entry, error) {
	list, err := s.Before(ctx, key, rooms.Position{}, n)
	if err != nil {
		return nil, err
	}
	unsent, err := s.Unsent(ctx, key)
	return append(list, pending(unsent)...), err
}

// Before returns the n settled entries that come before pos, oldest first; pos zero is the end of the talk.
func (s *Store) Before(ctx context.Context, key Key, pos rooms.Position, n int) ([]Entry, error) {
	if pos.IsZero() {
		return s.page(ctx, key, true, n, "")
	}
	return s.page(ctx, key, true, n, "AND (m.epoch, m.seq) < (?, ?)", int64(pos.Epoch), int64(pos.Seq))
}

// After returns the n settled entries that come after pos, oldest first; pos zero is the beginning.
func (s *Store) After(ctx context.Context, key Key, pos rooms.Position, n int) ([]Entry, error) {
	return s.page(ctx, key, false, n, "AND (m.epoch, m.seq) > (?, ?)", int64(pos.Epoch), int64(pos.Seq))
}

// Around returns up to n settled entries before pos, the one at pos, and up to n after it, oldest first. It is how
// one jumps to a search hit.
func (s *Store) Around(ctx context.Context, key Key, pos rooms.Position, n int) ([]Entry, error) {
	list, err := s.Before(ctx, key, rooms.Position{Epoch: pos.Epoch, Seq: pos.Seq + 1}, n+1)
	if err != nil {
		return nil, err
	}
	after, err := s.After(ctx, key, pos, n)
	return append(list, after...), err
}

// Since yields the settled entries from the first one on that was said at or after a time, oldest first. Within a
// room positions decide the order; so if the server's clock once went backwards, what follows may be older.
func (s *Store) Since(ctx context.Context, key Key, from time.Time) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		first, err := s.firstSince(ctx, key, from)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		if first.IsZero() {
			return
		}
		s.pages(ctx, key, rooms.Position{Epoch: first.Epoch, Seq: first.Seq - 1})(yield)
	}
}

// All yields all settled entries of a room, oldest first.
func (s *Store) All(ctx context.Context, key Key) iter.Seq2[Entry, error] {
	return s.pages(ctx, key, rooms.Position{})
}

// pageSize is how many entries are read at once where all are wanted.
const pageSize = 500

func (s *Store) pages(ctx context.Context, key Key, at rooms.Position) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		room, err := s.ready(ctx, key)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for rows, err := range s.rowPages(ctx, room, at, shown) {
			var list []Entry
			if err == nil {
				list, err = s.entries(ctx, rows)
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// rowPages yields the rows of a room after a position that meet a condition, in order, a page at a time. The id
// belongs to the place where the next page begins, since several messages may claim one position.
func (s *Store) rowPages(ctx context.Context, room int64, at rooms.Position, where string, filter ...any) iter.Seq2[[]row, error] {
	query := selectMessages + "AND (m.epoch, m.seq, m.id) > (?, ?, ?) " + where +
		" ORDER BY m.epoch, m.seq, m.id LIMIT ?"
	return func(yield func([]row, error) bool) {
		id := rooms.MessageID(bytes.Repeat([]byte{0xff}, len(rooms.MessageID{}))) // after all that stands at `at`
		for {
			args := append([]any{room, int64(at.Epoch), int64(at.Seq), id[:]}, filter...)
			rows, err := s.rows(ctx, query, append(args, pageSize)...)
			if !yield(rows, err) || err != nil || len(rows) < pageSize {
				return
			}
			at, id = rows[len(rows)-1].message.Pos, rows[len(rows)-1].message.ID
		}
	}
}

func (s *Store) firstSince(ctx context.Context, key Key, from time.Time) (pos rooms.Position, err error) {
	room, err := s.ready(ctx, key)
	if err != nil || room == 0 {
		return pos, err
	}
	// A key is never smaller than its time, and the range of keys is short for the dates people ask for. The plus
	// keeps the index on rooms out of it.
	rows, err := s.rows(ctx, "SELECT "+messageColumns+` FROM messages m
		WHERE +m.room = ? AND m.key >= ? AND m.time >= ?`+shown+"ORDER BY m.epoch, m.seq LIMIT 1",
		room, micros(from), micros(from))
	if err != nil || len(rows) == 0 {
		return pos, err
	}
	return rows[0].message.Pos, nil
}

// page reads n entries that meet a condition, from the end or from the beginning, and returns them oldest first.
func (s *Store) page(ctx context.Context, key Key, fromEnd bool, n int, where string, args ...any) ([]Entry, error) {
	room, err := s.ready(ctx, key)
	if err != nil || room == 0 || n <= 0 {
		return nil, err
	}
	order := " ORDER BY m.epoch, m.seq, m.id LIMIT ?"
	if fromEnd {
		order = " ORDER BY m.epoch DESC, m.seq DESC, m.id DESC LIMIT ?"
	}
	rows, err := s.rows(ctx, selectMessages+where+shown+order, append(append([]any{room}, args...), n)...)
	if err != nil {
		return nil, err
	}
	if fromEnd {
		slices.Reverse(rows)
	}
	return s.entries(ctx, rows)
}

// ready waits for what is queued and finds the room; 0 when nothing is known of it.
func (s *Store) ready(ctx context.Context, key Key) (int64, error) {
	if err := s.catchUp(ctx); err != nil {
		return 0, err
	}
	return s.roomNumber(ctx, key)
}

// catchUp waits for what is queued, unless it cannot be written at present: what is on disk can be read even so.
func (s *Store) catchUp(ctx context.Context) error {
	if s.writer.failing() != nil {
		return ctx.Err()
	}
	if err := s.Flush(ctx); errors.Is(err, ErrClosed) {
		return err
	}
	return ctx.Err()
}

// Message finds a settled message of a room by its id.
func (s *Store) Message(ctx context.Context, key Key, id rooms.MessageID) (e Entry, found bool, err error) {
	room, err := s.ready(ctx, key)
	if err != nil || room == 0 {
		return Entry{}, false, err
	}
	rows, err := s.rows(ctx, selectMessages+"AND m.id = ?", room, id[:])
	if err != nil || len(rows) == 0 {
		return Entry{}, false, err
	}
	list, err := s.entries(ctx, rows)
	if err != nil {
		return Entry{}, false, err
	}
	return list[0], true, nil
}

// Own yields what sender said in a room after from and up to to, as it was first said, oldest first: the messages
// that answer a WANT, edits and the like among them.
func (s *Store) Own(ctx context.Context, community rooms.UUID, room string, sender rooms.AccountID, from, to rooms.Position) iter.Seq2[rooms.Message, error] {
	return func(yield func(rooms.Message, error) bool) {
		number, err := s.ready(ctx, Key{Community: community, Room: room})
		if err != nil {
			yield(rooms.Message{}, err)
			return
		}
		s.raw(ctx, number, sender, from, to)(yield)
	}
}

// raw yields the messages themselves, of one sender or (0) of all, after from and, unless to is zero, up to to.
func (s *Store) raw(ctx context.Context, room int64, sender rooms.AccountID, from, to rooms.Position) iter.Seq2[rooms.Message, error] {
	where, filter := "", []any(nil)
	if !to.IsZero() {
		where += " AND (m.epoch, m.seq) <= (?, ?)"
		filter = append(filter, int64(to.Epoch), int64(to.Seq))
	}
	if sender != 0 {
		where += " AND m.sender = ?"
		filter = append(filter, int64(sender))
	}
	return func(yield func(rooms.Message, error) bool) {
		for rows, err := range s.rowPages(ctx, room, from, where, filter...) {
			if err != nil {
				yield(rooms.Message{}, err)
				return
			}
			for _, r := range rows {
				if !yield(r.message, nil) {
					return
				}
			}
		}
	}
}
