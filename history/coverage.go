// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"slices"

	"kchat/rooms"
)

// Coverage says what of a room is here.
type Coverage struct {
	Highest    rooms.Position // the last message stored
	Contiguous rooms.Position // the last one in its epoch before which nothing is missing since the first stored
	Gaps       []Gap          // oldest first
}

// epochSpan is a span with its epoch.
type epochSpan struct {
	epoch uint64
	span
}

func (s epochSpan) end() rooms.Position { return rooms.Position{Epoch: s.epoch, Seq: s.last} }

// Stored is the position in the room's newest epoch up to which everything is here, counted from the first message
// of that epoch that is here; zero when nothing is.
func (s *Store) Stored(ctx context.Context, community rooms.UUID, room string) (rooms.Position, error) {
	c, err := s.Coverage(ctx, Key{Community: community, Room: room})
	return c.Contiguous, err
}

// Coverage reads what is stored of a room and what is missing.
func (s *Store) Coverage(ctx context.Context, key Key) (Coverage, error) {
	if err := s.catchUp(ctx); err != nil {
		return Coverage{}, err
	}
	room, err := s.roomNumber(ctx, key)
	if err != nil || room == 0 {
		return Coverage{}, err
	}
	spans, err := collect(ctx, s, func(sc scanner) (e epochSpan, err error) {
		err = sc.Scan(&e.epoch, &e.first, &e.last)
		return e, err
	}, "SELECT epoch, first, last FROM spans WHERE room = ? ORDER BY epoch, first", room)
	if err != nil {
		return Coverage{}, err
	}
	recorded, err := collect(ctx, s, scanGap,
		"SELECT from_epoch, from_seq, to_epoch, to_seq FROM gaps WHERE room = ?", room)
	if err != nil {
		return Coverage{}, err
	}
	return coverage(spans, recorded), nil
}

// MissingIn returns what is missing of a room, oldest first, so that a client goes on asking for it after a restart.
func (s *Store) MissingIn(ctx context.Context, community rooms.UUID, room string) ([]rooms.Gap, error) {
	c, err := s.Coverage(ctx, Key{Community: community, Room: room})
	missing := make([]rooms.Gap, len(c.Gaps))
	for i, g := range c.Gaps {
		missing[i] = rooms.Gap(g)
	}
	return missing, err
}

// coverage computes the gaps: the holes between spans of one epoch, and what the spans leave of the recorded gaps.
// Spans are sorted.
func coverage(spans []epochSpan, recorded []Gap) Coverage {
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

func holes(spans []epochSpan) (gaps []Gap) {
	for i := 1; i < len(spans); i++ {
		before, after := spans[i-1], spans[i]
		if before.epoch == after.epoch {
			gaps = append(gaps, Gap{before.end(), rooms.Position{Epoch: after.epoch, Seq: after.first - 1}})
		}
	}
	return gaps
}

// narrow cuts out of a gap what has been stored since it was recorded.
func narrow(g Gap, spans []epochSpan) (left []Gap) {
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
			left = append(left, Gap{at, before})
		}
		at = s.end()
	}
	if at.Compare(g.To) < 0 {
		left = append(left, Gap{at, g.To})
	}
	return left
}

// merge sorts gaps and joins those that touch.
func merge(gaps []Gap) (merged []Gap) {
	slices.SortFunc(gaps, func(a, b Gap) int { return a.From.Compare(b.From) })
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
