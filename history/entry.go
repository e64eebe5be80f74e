// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kchat/rooms"
)

// Entry is a message as it is to be shown: with its author's edits, and what others said to it.
type Entry struct {
	// Message has the words as they stand now. When Deleted, Text is "" and Attached nil.
	Message rooms.Message
	Deleted bool
	// Edited is when the words last changed; zero if never.
	Edited time.Time
	// Original is what was first said, if Edited.
	Original  string
	Reactions []Reaction
}

// Reaction is one reaction to a message and who stands by it, in the order of their coming.
type Reaction struct {
	Text string
	By   []rooms.AccountID
}

// modifiersAtOnce bounds the number of SQL parameters in one query.
const modifiersAtOnce = 500

// entries makes rows into entries, in their order.
func (s *Store) entries(ctx context.Context, rows []row) ([]Entry, error) {
	list := make([]Entry, len(rows))
	touched := map[int64][]int{} // by room: indexes of list
	for i, r := range rows {
		list[i].Message = r.message
		if r.touched {
			touched[r.room] = append(touched[r.room], i)
		}
	}
	for room, indexes := range touched {
		for part := range slices.Chunk(indexes, modifiersAtOnce) {
			if err := s.applyModifiers(ctx, room, list, part); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// applyModifiers reads what edits, deletes and reacts to list[indexes], all in one room, and applies it.
func (s *Store) applyModifiers(ctx context.Context, room int64, list []Entry, indexes []int) error {
	args := []any{room}
	byID := make(map[rooms.MessageID]*Entry, len(indexes))
	for _, i := range indexes {
		id := list[i].Message.ID
		byID[id] = &list[i]
		args = append(args, id[:])
	}
	query := fmt.Sprintf("SELECT "+messageColumns+` FROM messages m WHERE m.room = ? AND m.target IN (%s) ORDER BY m.epoch, m.seq`,
		strings.TrimSuffix(strings.Repeat("?,", len(indexes)), ","))
	modifiers, err := s.rows(ctx, query, args...)
	if err != nil {
		return err
	}
	for _, m := range modifiers {
		byID[m.message.Target].apply(m.message)
	}
	return nil
}

// apply applies one modifier. They come in the order of their positions. Nothing comes after a deletion.
func (e *Entry) apply(m rooms.Message) {
	own := m.Sender == e.Message.Sender
	switch {
	case e.Deleted:
	case m.Kind == rooms.KindDelete && own:
		*e = Entry{Message: e.Message, Deleted: true}
		e.Message.Text, e.Message.Attached = "", nil
	case m.Kind == rooms.KindEdit && own:
		if e.Edited.IsZero() {
			e.Original = e.Message.Text
		}
		e.Message.Text, e.Message.Mentions, e.Edited = m.Text, m.Mentions, m.Time
	case m.Kind == rooms.KindReact:
		e.react(m)
	}
}

func (e *Entry) react(m rooms.Message) {
	i := slices.IndexFunc(e.Reactions, func(r Reaction) bool { return r.Text == m.Text })
	if i < 0 {
		if m.Removed {
			return
		}
		e.Reactions = append(e.Reactions, Reaction{Text: m.Text})
		i = len(e.Reactions) - 1
	}
	r := &e.Reactions[i]
	by := slices.Index(r.By, m.Sender)
	switch {
	case m.Removed && by >= 0:
		if r.By = slices.Delete(r.By, by, by+1); len(r.By) == 0 {
			e.Reactions = slices.Delete(e.Reactions, i, i+1)
		}
	case !m.Removed && by < 0:
		r.By = append(r.By, m.Sender)
	}
}

// pending makes entries of messages that have no position.
func pending(messages []rooms.Message) []Entry {
	var list []Entry
	for _, m := range messages {
		if !modifies(m.Kind) {
			list = append(list, Entry{Message: m})
		}
	}
	return list
}
