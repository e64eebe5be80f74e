// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"slices"

	"kchat/rooms"
)

// inThread is met by what was said in a thread, so that the index of threads is used.
const inThread = "AND m.extra IS NOT NULL AND json_extract(m.extra, '$.thread') = ? "

// Thread returns the settled entries of a thread, oldest first: its first message, if that is here, and of what was said
// in it the newest n.
func (s *Store) Thread(ctx context.Context, key Key, root rooms.MessageID, n int) ([]Entry, error) {
	room, err := s.ready(ctx, key)
	if err != nil || room == 0 || n <= 0 {
		return nil, err
	}
	rows, err := s.rows(ctx, selectMessages+inThread+shown+"ORDER BY m.epoch DESC, m.seq DESC, m.id DESC LIMIT ?",
		room, root.String(), n)
	if err != nil {
		return nil, err
	}
	first, err := s.rows(ctx, selectMessages+"AND m.id = ?"+shown, room, root[:])
	if err != nil {
		return nil, err
	}
	if len(first) > 0 && first[0].message.Thread != root { // else it says of itself that it is said in its own thread
		rows = append(rows, first...)
	}
	slices.Reverse(rows)
	return s.entries(ctx, rows)
}
