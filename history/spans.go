// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"kchat/rooms"
)

// spanKey is where spans are kept apart.
type spanKey struct {
	room  int64
	epoch uint64
}

// span is a range of sequence numbers, both inclusive.
type span struct{ first, last uint64 }

// cover notes that sequence numbers are stored.
func (t *txn) cover(ctx context.Context, at spanKey, seqs []uint64) error {
	slices.Sort(seqs)
	for i := 0; i < len(seqs); {
		s := span{seqs[i], seqs[i]}
		for i++; i < len(seqs) && seqs[i] <= s.last+1; i++ {
			s.last = seqs[i]
		}
		if err := t.coverSpan(ctx, at, s); err != nil {
			return err
		}
	}
	return nil
}

// coverSpan adds a span and joins it with those that it touches.
func (t *txn) coverSpan(ctx context.Context, at spanKey, s span) error {
	epoch := int64(at.epoch)
	from, to := int64(s.first), int64(s.last)
	var first, last *int64
	var touching int
	// Spans neither touch nor overlap, so that their ends rise with their beginnings, and of those that begin
	// before this one only the last can reach it.
	if _, err := t.get(ctx, []any{&first, &last, &touching}, `SELECT min(first), max(last), count(*) FROM spans WHERE room = ?1
		AND epoch = ?2 AND first <= ?4 + 1 AND last >= ?3 - 1 AND first >= coalesce(
		(SELECT first FROM spans WHERE room = ?1 AND epoch = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1), 0)`,
		at.room, epoch, from, to); err != nil {
		return err
	}
	if first != nil {
		if touching == 1 && *first <= from && *last >= to {
			return nil
		}
		if err := t.exec(ctx, "DELETE FROM spans WHERE room = ? AND epoch = ? AND first BETWEEN ? AND ?",
			at.room, epoch, *first, *last); err != nil {
			return err
		}
		from, to = min(from, *first), max(to, *last)
	}
	return t.exec(ctx, "INSERT INTO spans (room, epoch, first, last) VALUES (?, ?, ?, ?)", at.room, epoch, from, to)
}

// Missing notes that what lies after from and up to to is missing, or (filled) that it no longer is, or that
// nobody should look for it any more. Messages that are saved fill what was missing by themselves.
func (s *Store) Missing(ctx context.Context, community rooms.UUID, room string, from, to rooms.Position, filled bool) error {
	if from.Compare(to) >= 0 || to.Epoch > math.MaxInt64 || max(from.Seq, to.Seq) >= math.MaxInt64 {
		return fmt.Errorf("history: not a gap: after %v, up to %v", from, to)
	}
	gap := rooms.Gap{From: from, To: to}
	return s.writer.do(ctx, func(ctx context.Context, t *txn) error {
		n, err := t.roomNumber(ctx, Key{Community: community, Room: room})
		if err != nil {
			return err
		}
		if filled {
			return t.closeGap(ctx, n, gap)
		}
		return t.insertGap(ctx, n, gap)
	})
}

func (t *txn) insertGap(ctx context.Context, room int64, g rooms.Gap) error {
	return t.exec(ctx, "INSERT INTO gaps VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		room, int64(g.From.Epoch), int64(g.From.Seq), int64(g.To.Epoch), int64(g.To.Seq))
}

// closeGap takes a range out of the gaps, and where its sequence numbers are known counts them as stored.
func (t *txn) closeGap(ctx context.Context, room int64, g rooms.Gap) error {
	recorded, err := t.gaps(ctx, room)
	if err != nil {
		return err
	}
	for _, r := range recorded {
		if r.To.Compare(g.From) <= 0 || r.From.Compare(g.To) >= 0 {
			continue
		}
		if err := t.exec(ctx, `DELETE FROM gaps WHERE room = ? AND from_epoch = ? AND from_seq = ? AND to_epoch = ?
			AND to_seq = ?`, room, int64(r.From.Epoch), int64(r.From.Seq), int64(r.To.Epoch), int64(r.To.Seq)); err != nil {
			return err
		}
		for _, rest := range []rooms.Gap{{From: r.From, To: g.From}, {From: g.To, To: r.To}} {
			if rest.From.Compare(rest.To) >= 0 {
				continue
			}
			if err := t.insertGap(ctx, room, rest); err != nil {
				return err
			}
		}
	}
	known := span{first: 1, last: g.To.Seq}
	if g.From.Epoch == g.To.Epoch {
		known.first = g.From.Seq + 1
	}
	if known.first > known.last {
		return nil
	}
	return t.coverSpan(ctx, spanKey{room: room, epoch: g.To.Epoch}, known)
}

func (t *txn) gaps(ctx context.Context, room int64) (list []rooms.Gap, err error) {
	rows, err := t.conn.QueryContext(ctx,
		"SELECT from_epoch, from_seq, to_epoch, to_seq FROM gaps WHERE room = ?", room)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		g, err := scanGap(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	return list, rows.Err()
}

func scanGap(s scanner) (g rooms.Gap, err error) {
	err = s.Scan(&g.From.Epoch, &g.From.Seq, &g.To.Epoch, &g.To.Seq)
	return g, err
}
