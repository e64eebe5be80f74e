// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"cmp"
	"context"
	"slices"

	"kchat/rooms"
)

// Coverage says what of a room is here. A gap is a part of the talk that is missing: everything after From and up to
// To. If both are of one epoch, To.Seq - From.Seq messages are missing; otherwise it is not known how many, and perhaps
// none.
type Coverage struct {
	Highest    rooms.Position // the last message stored
	Contiguous rooms.Position // the last one in its epoch before which nothing is missing since the first stored
	Gaps       []rooms.Gap    // oldest first
}

// epochSpan is a span with its epoch.
type epochSpan struct {
	epoch uint64
	span
}

func (s epochSpan) end() rooms.Position { return rooms.Position{Epoch: s.epoch, Seq: s.last} }

// Stored is the position in the room's newest epoch from which the server is to go on: up to there nothing is missing,
// counted from the first message of that epoch that is here, but what Missing recorded, which the server had no more.
// It is zero when nothing is stored.
func (s *Store) Stored(ctx context.Context, community rooms.UUID, room string) (rooms.Position, error) {
	spans, recorded, err := s.stored(ctx, Key{Community: community, Room: room})
	return resumeAt(spans, recorded), err
}

// MissingIn returns the gaps that Missing recorded, oldest first, without what has been stored since.
func (s *Store) MissingIn(ctx context.Context, community rooms.UUID, room string) ([]rooms.Gap, error) {
	spans, recorded, err := s.stored(ctx, Key{Community: community, Room: room})
	var left []rooms.Gap
	for _, g := range recorded {
		left = append(left, narrow(g, spans)...)
	}
	return merge(left), err
}

// Epochs returns how far the newest epochs of a room are stored or noted as missing, newest first, at most so many.
func (s *Store) Epochs(ctx context.Context, community rooms.UUID, room string, most int) ([]rooms.Position, error) {
	spans, recorded, err := s.stored(ctx, Key{Community: community, Room: room})
	last := map[uint64]uint64{}
	for _, e := range spans {
		last[e.epoch] = max(last[e.epoch], e.last)
	}
	for _, g := range recorded {
		if g.From.Epoch == g.To.Epoch {
			last[g.To.Epoch] = max(last[g.To.Epoch], g.To.Seq)
		}
	}
	ends := make([]rooms.Position, 0, len(last))
	for epoch, seq := range last {
		ends = append(ends, rooms.Position{Epoch: epoch, Seq: seq})
	}
	slices.SortFunc(ends, func(a, b rooms.Position) int { return b.Compare(a) })
	return ends[:min(most, len(ends))], err
}

// Coverage reads what is stored of a room and what is missing.
func (s *Store) Coverage(ctx context.Context, key Key) (Coverage, error) {
	spans, recorded, err := s.stored(ctx, key)
	return coverage(spans, recorded), err
}

// stored reads the spans of a room, sorted, and its recorded gaps.
func (s *Store) stored(ctx context.Context, key Key) (spans []epochSpan, recorded []rooms.Gap, err error) {
	room, err := s.ready(ctx, key)
	if err != nil || room == 0 {
		return nil, nil, err
	}
	spans, err = collect(ctx, s, func(sc scanner) (e epochSpan, err error) {
		err = sc.Scan(&e.epoch, &e.first, &e.last)
		return e, err
	}, "SELECT epoch, first, last FROM spans WHERE room = ? ORDER BY epoch, first", room)
	if err != nil {
		return nil, nil, err
	}
	recorded, err = collect(ctx, s, scanGap,
		"SELECT from_epoch, from_seq, to_epoch, to_seq FROM gaps WHERE room = ?", room)
	return spans, recorded, err
}

// resumeAt computes Stored: recorded gaps count as if they were stored.
func resumeAt(spans []epochSpan, recorded []rooms.Gap) (at rooms.Position) {
	if len(spans) == 0 {
		return at
	}
	highest := spans[len(spans)-1].end()
	var accounted []span
	for _, s := range spans {
		if s.epoch == highest.Epoch {
			accounted = append(accounted, s.span)
		}
	}
	for _, g := range recorded {
		switch {
		case g.To.Epoch != highest.Epoch || g.To.Seq == 0:
		case g.From.Epoch == highest.Epoch:
			accounted = append(accounted, span{g.From.Seq + 1, g.To.Seq})
		default:
			accounted = append(accounted, span{1, g.To.Seq})
		}
	}
	slices.SortFunc(accounted, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	last := accounted[0].last
	for _, s := range accounted {
		if s.first > last+1 {
			break
		}
		last = max(last, s.last)
	}
	return rooms.Position{Epoch: highest.Epoch, Seq: min(last, highest.Seq)}
}

// coverage computes the gaps: the holes between spans of one epoch, and what the spans leave of the recorded gaps.
// Spans are sorted.
func coverage(spans []epochSpan, recorded []rooms.Gap) Coverage {
	gaps := holes(spans)
	for _, g := range recorded {
		gaps = append(gaps, narrow(g, spans)...)
	}
	c := Coverage{Gaps: merge(gaps)}
	if len(spans) == 0 {
		return c
	}
	c.Highest = spans[len(spans)-1].end()
	c.Contiguous = c.Highest
	for _, g := range c.Gaps {
		if g.From.Epoch == c.Highest.Epoch && g.From.Compare(c.Contiguous) < 0 {
			c.Contiguous = g.From
		}
	}
	return c
}

func holes(spans []epochSpan) (gaps []rooms.Gap) {
	for i := 1; i < len(spans); i++ {
		before, after := spans[i-1], spans[i]
		if before.epoch == after.epoch {
			gaps = append(gaps, rooms.Gap{From: before.end(), To: rooms.Position{Epoch: after.epoch, Seq: after.first - 1}})
		}
	}
	return gaps
}

// narrow cuts out of a gap what has been stored since it was recorded.
func narrow(g rooms.Gap, spans []epochSpan) (left []rooms.Gap) {
	at := g.From
	for _, s := range spans {
		before := rooms.Position{Epoch: s.epoch, Seq: s.first - 1}
		if s.end().Compare(at) <= 0 {
			continue
		}
		if before.Compare(g.To) >= 0 {
			break
		}
		if at.Compare(before) < 0 {
			left = append(left, rooms.Gap{From: at, To: before})
		}
		at = s.end()
	}
	if at.Compare(g.To) < 0 {
		left = append(left, rooms.Gap{From: at, To: g.To})
	}
	return left
}

// merge sorts gaps and joins those that touch.
func merge(gaps []rooms.Gap) (merged []rooms.Gap) {
	slices.SortFunc(gaps, func(a, b rooms.Gap) int { return a.From.Compare(b.From) })
	for _, g := range gaps {
		if n := len(merged); n > 0 && g.From.Compare(merged[n-1].To) <= 0 {
			if g.To.Compare(merged[n-1].To) > 0 {
				merged[n-1].To = g.To
			}
			continue
		}
		merged = append(merged, g)
	}
	return merged
}
