// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"kchat/history"
	"kchat/rooms"
)

// fakeArchive is a history in memory.
type fakeArchive struct {
	mu      sync.Mutex
	entries []history.Entry // oldest first, of one room
	saved   map[string]SavedRoom
	unsent  []rooms.Message
	saves   []string
	files   map[string][]history.Entry // that can be read
	held    chan struct{}              // Remember waits for it; nil: it does not
	reading chan struct{}              // so does Page
	read    []int                      // how many hits were read at once
}

func (a *fakeArchive) Rooms(context.Context) ([]SavedRoom, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []SavedRoom
	for _, s := range a.saved {
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y SavedRoom) int { return cmp.Compare(x.Name, y.Name) })
	return out, nil
}

func (a *fakeArchive) Remember(ctx context.Context, all ...SavedRoom) error {
	if a.held != nil {
		select {
		case <-a.held:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.saved == nil {
		a.saved = make(map[string]SavedRoom)
	}
	for _, s := range all {
		if s.Threads == nil {
			s.Threads = a.saved[s.Name].Threads
		}
		a.saved[s.Name] = s
	}
	return nil
}

func (a *fakeArchive) ThreadMarks(_ context.Context, _ rooms.UUID, room string) (map[rooms.MessageID]rooms.Position, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if marks := a.saved[room].Threads; marks != nil {
		return marks.Read, nil
	}
	return nil, nil
}

// end is the place of the newest message that is kept of a room.
func (a *fakeArchive) end(room string) (end rooms.Position) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.entries {
		if e.Message.Room == room && e.Message.Pos.Compare(end) > 0 {
			end = e.Message.Pos
		}
	}
	return end
}

func (a *fakeArchive) draft(room string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.saved[room].Draft
}

func (a *fakeArchive) Page(_ context.Context, _ rooms.UUID, room string, before rooms.Position, n int) ([]history.Entry, error) {
	if a.reading != nil {
		<-a.reading
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []history.Entry
	for _, e := range a.entries {
		if e.Message.Room == room && (before.IsZero() || e.Message.Pos.Compare(before) < 0) {
			out = append(out, e)
		}
	}
	if n >= 0 && len(out) > n {
		out = out[len(out)-n:]
	}
	return out, nil
}

func (a *fakeArchive) After(_ context.Context, _ rooms.UUID, room string, after rooms.Position, n int) ([]history.Entry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []history.Entry
	for _, e := range a.entries {
		if e.Message.Room == room && e.Message.Pos.Compare(after) > 0 && len(out) < n {
			out = append(out, e)
		}
	}
	return out, nil
}

func (a *fakeArchive) Around(ctx context.Context, c rooms.UUID, room string, at rooms.Position, n int) ([]history.Entry, error) {
	before, err := a.Page(ctx, c, room, rooms.Position{Epoch: at.Epoch, Seq: at.Seq + 1}, n+1)
	if err != nil {
		return nil, err
	}
	after, err := a.After(ctx, c, room, at, n)
	return append(before, after...), err
}

func (a *fakeArchive) Since(ctx context.Context, c rooms.UUID, room string, before rooms.Position, _ string) ([]history.Entry, error) {
	return a.Page(ctx, c, room, before, -1)
}

func (a *fakeArchive) Media(_ context.Context, _ rooms.UUID, room, kind string, n int) ([]history.Entry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []history.Entry
	for _, e := range slices.Backward(a.entries) {
		at := e.Message.Attached
		if e.Message.Room != room || at == nil || len(out) == n {
			continue
		}
		of, _, _ := strings.Cut(at.MIME, "/")
		if kind == "" || kind == of || kind == "file" && of != "image" && of != "video" {
			out = append(out, e)
		}
	}
	return out, nil
}

// Find says which messages meet a query: a Ref is one more than the place in entries.
func (a *fakeArchive) Find(ctx context.Context, q history.Query, yield func([]history.Ref) bool) error {
	a.mu.Lock()
	found := slices.Clone(a.entries)
	a.mu.Unlock()
	for i, e := range slices.Backward(found) {
		m := e.Message
		in := slices.ContainsFunc(q.Rooms, func(k history.Key) bool { return k.Room == m.Room })
		if len(q.Rooms) > 0 && !in || len(history.Marks(m.Text, q.Terms)) < len(q.Terms) {
			continue
		}
		if len(q.From) > 0 && q.From[0] != m.Name {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !yield([]history.Ref{history.Ref(i + 1)}) {
			break
		}
	}
	return nil
}

func (a *fakeArchive) Hits(_ context.Context, _ history.Query, refs []history.Ref) (hits []history.Hit, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.read = append(a.read, len(refs))
	for _, ref := range refs {
		if !a.entries[ref-1].Deleted {
			hits = append(hits, history.Hit{Entry: a.entries[ref-1], Ref: ref})
		}
	}
	return hits, nil
}

func (a *fakeArchive) Naming(_ context.Context, _ rooms.UUID, word string, person rooms.AccountID, yield func(history.Entry) bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range slices.Backward(a.entries) {
		named := slices.Contains(e.Message.Mentions, person) || strings.Contains(strings.ToLower(e.Message.Text), strings.ToLower(word))
		if named && !yield(e) {
			break
		}
	}
	return nil
}

func (a *fakeArchive) Message(_ context.Context, _ rooms.UUID, room string, id rooms.MessageID) (history.Entry, bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.entries {
		if e.Message.Room == room && e.Message.ID == id {
			return e, true, nil
		}
	}
	return history.Entry{}, false, nil
}

func (a *fakeArchive) Thread(_ context.Context, _ rooms.UUID, room string, root rooms.MessageID, _ int) ([]history.Entry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []history.Entry
	for _, e := range a.entries {
		if e.Message.Room == room && (e.Message.ID == root || e.Message.Thread == root) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (a *fakeArchive) Unsent(_ context.Context, _ rooms.UUID, room string) ([]rooms.Message, error) {
	return a.unsent, nil
}

func (a *fakeArchive) Import(_ context.Context, _ rooms.UUID, _, path string) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fresh, ok := a.files[path]
	if !ok {
		return 0, fmt.Errorf("opening %s: %w", path, fs.ErrNotExist)
	}
	a.files[path] = nil // what was read once is not new again
	a.entries = append(fresh, a.entries...)
	return len(fresh), nil
}

func (a *fakeArchive) Export(_ context.Context, _ rooms.UUID, _, path string) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Contains(a.saves, path) {
		return 0, fmt.Errorf("writing %s: %w", path, fs.ErrExist)
	}
	a.saves = append(a.saves, path)
	return len(a.entries), nil
}
