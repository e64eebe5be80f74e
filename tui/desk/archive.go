// SPDX-License-Identifier: GPL-2.0-only

package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui"
)

// Archive is the history of one account for the screen.
type Archive struct{ store *history.Store }

// everything is a page that no room fills.
const everything = 1 << 30

// Rooms implements tui.Archive.
func (a *Archive) Rooms(ctx context.Context) ([]tui.SavedRoom, error) {
	all, err := a.store.Rooms(ctx, rooms.UUID{}, 0)
	if err != nil {
		return nil, err
	}
	saved := make([]tui.SavedRoom, len(all))
	for i, r := range all {
		saved[i] = tui.SavedRoom{
			Community: r.Community, Name: r.Room, Open: r.Open, Read: r.Read, Draft: r.Draft,
			Favourite: r.Favourite, Notify: r.Notify,
		}
	}
	return saved, nil
}

// Remember implements tui.Archive.
func (a *Archive) Remember(ctx context.Context, all ...tui.SavedRoom) error {
	for _, r := range all {
		state := history.RoomState{Open: r.Open, Draft: r.Draft, Favourite: r.Favourite, Notify: r.Notify, Read: r.Read}
		if r.Threads != nil {
			state.Threads = r.Threads.Read
		}
		if err := a.store.Remember(ctx, history.Key{Community: r.Community, Room: r.Name}, state); err != nil {
			return fmt.Errorf("remembering %s: %w", r.Name, err)
		}
	}
	return nil
}

// ThreadMarks implements tui.Archive.
func (a *Archive) ThreadMarks(ctx context.Context, community rooms.UUID, room string) (map[rooms.MessageID]rooms.Position, error) {
	return a.store.ThreadMarks(ctx, history.Key{Community: community, Room: room})
}

// Page implements tui.Archive.
func (a *Archive) Page(ctx context.Context, community rooms.UUID, room string, before rooms.Position, n int) ([]history.Entry, error) {
	if n < 0 {
		n = everything
	}
	return a.store.Before(ctx, history.Key{Community: community, Room: room}, before, n)
}

// After implements tui.Archive.
func (a *Archive) After(ctx context.Context, community rooms.UUID, room string, after rooms.Position, n int) ([]history.Entry, error) {
	return a.store.After(ctx, history.Key{Community: community, Room: room}, after, n)
}

// Around implements tui.Archive.
func (a *Archive) Around(ctx context.Context, community rooms.UUID, room string, at rooms.Position, n int) ([]history.Entry, error) {
	return a.store.Around(ctx, history.Key{Community: community, Room: room}, at, n)
}

// Find implements tui.Archive.
func (a *Archive) Find(ctx context.Context, q history.Query, yield func([]history.Ref) bool) error {
	for refs, err := range a.store.Find(ctx, q) {
		if err != nil {
			return err
		}
		if !yield(refs) {
			return nil
		}
	}
	return nil
}

// Hits implements tui.Archive.
func (a *Archive) Hits(ctx context.Context, q history.Query, refs []history.Ref) ([]history.Hit, error) {
	return a.store.Hits(ctx, q, refs)
}

// Since implements tui.Archive.
func (a *Archive) Since(ctx context.Context, community rooms.UUID, room string, before rooms.Position, date string) ([]history.Entry, error) {
	from, err := history.ParseDate(date, time.Now())
	if err != nil {
		return nil, err
	}
	var page []history.Entry
	for e, err := range a.store.Since(ctx, history.Key{Community: community, Room: room}, from) {
		if err != nil {
			return nil, err
		}
		if !before.IsZero() && e.Message.Pos.Compare(before) >= 0 {
			break
		}
		page = append(page, e)
	}
	return page, nil
}

// Media implements tui.Archive.
func (a *Archive) Media(ctx context.Context, community rooms.UUID, room, kind string, n int) ([]history.Entry, error) {
	kinds := []string{kind}
	if kind == "" {
		kinds = []string{"image", "video", "file"}
	}
	var all []history.Entry
	for _, kind := range kinds {
		found := 0
		q := history.Query{Rooms: []history.Key{{Community: community, Room: room}}, Has: []string{kind}}
		for hit, err := range a.store.Search(ctx, q) {
			if err != nil {
				return nil, err
			}
			if hit.Message.Attached == nil {
				continue // it was withdrawn
			}
			if all = append(all, hit.Entry); found+1 == n {
				break
			}
			found++
		}
	}
	slices.SortStableFunc(all, func(x, y history.Entry) int { return y.Message.Time.Compare(x.Message.Time) })
	return all[:min(n, len(all))], nil
}

// namedMost is how many messages Naming finds that mean a person whatever their words say.
const namedMost = 1000

// Naming implements tui.Archive.
func (a *Archive) Naming(ctx context.Context, community rooms.UUID, word string, person rooms.AccountID, yield func(history.Entry) bool) error {
	means, err := a.meaning(ctx, community, person)
	if err != nil {
		return err
	}
	seen := make(map[rooms.MessageID]bool)
	give := func(e history.Entry) bool {
		if seen[e.Message.ID] {
			return true
		}
		seen[e.Message.ID] = true
		return yield(e)
	}
	for hit, err := range a.store.Search(ctx, history.Query{Community: community, Terms: []string{word}}) {
		if err != nil {
			return fmt.Errorf("looking for %s: %w", word, err)
		}
		for len(means) > 0 && means[0].Message.Time.After(hit.Message.Time) {
			if !give(means[0]) {
				return nil
			}
			means = means[1:]
		}
		if hit.Message.Kind == rooms.KindText && !give(hit.Entry) {
			return nil
		}
	}
	for _, e := range means {
		if !give(e) {
			break
		}
	}
	return nil
}

// meaning is the newest messages whose authors meant somebody, newest first.
func (a *Archive) meaning(ctx context.Context, community rooms.UUID, person rooms.AccountID) (means []history.Entry, err error) {
	for hit, err := range a.store.Search(ctx, history.Query{Community: community, Naming: []rooms.AccountID{person}}) {
		if err != nil {
			return nil, fmt.Errorf("looking for who is meant: %w", err)
		}
		if means = append(means, hit.Entry); len(means) == namedMost {
			break
		}
	}
	return means, nil
}

// Message implements tui.Archive.
func (a *Archive) Message(ctx context.Context, community rooms.UUID, room string, id rooms.MessageID) (history.Entry, bool, error) {
	return a.store.Message(ctx, history.Key{Community: community, Room: room}, id)
}

// Thread implements tui.Archive.
func (a *Archive) Thread(ctx context.Context, community rooms.UUID, room string, root rooms.MessageID, n int) ([]history.Entry, error) {
	return a.store.Thread(ctx, history.Key{Community: community, Room: room}, root, n)
}

// Unsent implements tui.Archive.
func (a *Archive) Unsent(ctx context.Context, community rooms.UUID, room string) ([]rooms.Message, error) {
	return a.store.Unsent(ctx, history.Key{Community: community, Room: room})
}

// Import implements tui.Archive. Messages keep the room that they were said in; a file of another room is refused.
func (a *Archive) Import(ctx context.Context, community rooms.UUID, room, path string) (int, error) {
	key := history.Key{Community: community, Room: room}
	before, err := a.store.Count(ctx, key)
	if err != nil {
		return 0, err
	}
	var batch []rooms.Message
	seen, bad := 0, error(nil)
	for m, err := range history.ReadFile(path) {
		if line := (*history.LineError)(nil); errors.As(err, &line) {
			bad = err
			continue
		}
		if err != nil {
			return 0, err
		}
		seen++
		if history.KeyOf(m) == key {
			batch = append(batch, m)
		}
	}
	switch {
	case len(batch) == 0 && seen > 0:
		return 0, errors.New("it holds the talk of another room")
	case len(batch) == 0 && bad != nil:
		return 0, bad
	}
	if err := a.store.Save(ctx, batch...); err != nil {
		return 0, err
	}
	after, err := a.store.Count(ctx, key)
	return after - before, err
}

// Export implements tui.Archive.
func (a *Archive) Export(ctx context.Context, community rooms.UUID, room, path string) (int, error) {
	return a.store.SaveFile(ctx, path, history.ExportOptions{Rooms: []history.Key{{Community: community, Room: room}}})
}
