// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"kchat/history"
	"kchat/rooms"
	"kchat/wire"
)

var (
	community = rooms.UUID{0xc0}
	serverID  = rooms.UUID{0x5e}
	noon      = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

// fakeClient is a client whose server is the test.
type fakeClient struct {
	events chan rooms.Event
	err    chan error // ends Run

	mu        sync.Mutex
	sent      []rooms.Draft
	resent    []rooms.MessageID
	discarded []rooms.MessageID
	joined    []string
	typing    []bool
	taken     []rooms.MessageID
	cancelled []rooms.MessageID
	people    []rooms.Person
	status    rooms.Status
	sendErr   error
	whoisErr  error
	inviteErr error
	invited   []rooms.AccountID
	passwords []string // that were set
	away      []bool   // that was said
	awayErr   error
	read      map[string]rooms.Position
	ruled     []rooms.Ruling
	ruleErr   error
	keys      []string // passwords of rooms that were set
	locked    string   // the password of all rooms
	slow      bool     // what comes with a join is for the test to tell
	rooms     []rooms.RoomInfo
	fetched   []rooms.Hash
	fetchErr  error
	wanted    [][2]rooms.Position
	stopped   []rooms.Hash
	next      byte
	now       func() time.Time
	me        rooms.Person

	telling sync.Mutex // held while an event is told; protects ended
	ended   bool
}

func newFakeClient() *fakeClient {
	return &fakeClient{
		events: make(chan rooms.Event, 1024), err: make(chan error, 1),
		me: rooms.Person{ID: 1, Name: "mina", State: rooms.Present, Sessions: 1}, now: func() time.Time { return noon },
	}
}

func (f *fakeClient) Run(ctx context.Context) error {
	defer f.end()
	select {
	case <-ctx.Done():
		return nil
	case err := <-f.err:
		return err
	}
}

// tell is not heard by anybody once Run has ended.
func (f *fakeClient) tell(e rooms.Event) {
	f.telling.Lock()
	defer f.telling.Unlock()
	if !f.ended {
		f.events <- e
	}
}

func (f *fakeClient) end() {
	f.telling.Lock()
	defer f.telling.Unlock()
	f.ended = true
	close(f.events)
}

func (f *fakeClient) Close() {
	select {
	case f.err <- nil:
	default:
	}
}

func (f *fakeClient) Events() <-chan rooms.Event { return f.events }

func (f *fakeClient) Join(_ context.Context, room string, opt rooms.JoinOptions) (rooms.RoomInfo, error) {
	f.mu.Lock()
	f.joined = append(f.joined, room)
	locked := f.locked
	f.mu.Unlock()
	if opt.Password != locked {
		return rooms.RoomInfo{}, fmt.Errorf("joining %s: %w", room, wire.ErrRoomPassword)
	}
	info := rooms.RoomInfo{Name: room, Number: 1, Epoch: 1, Practice: opt.Practice}
	if f.slow {
		return info, nil
	}
	f.tell(rooms.Joined{Room: info, People: []rooms.Person{f.me}})
	f.tell(rooms.Live{Room: room})
	return info, nil
}

func (f *fakeClient) Part(_ context.Context, room string) error {
	f.tell(rooms.Parted{Room: room})
	return nil
}

func (f *fakeClient) Send(d rooms.Draft) (rooms.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, d)
	if f.sendErr != nil {
		return rooms.Message{}, f.sendErr
	}
	f.next++
	return rooms.Message{
		Community: community, Room: d.Room, ID: rooms.MessageID{0xaa, f.next}, Time: f.now(), Sender: f.me.ID,
		Name: f.me.Name, Kind: max(d.Kind, rooms.KindText), Text: d.Text, ReplyTo: d.ReplyTo, Thread: d.Thread, Target: d.Target, State: rooms.StateSending,
	}, nil
}

func (f *fakeClient) Resend(_ string, id rooms.MessageID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resent = append(f.resent, id)
	return nil
}

func (f *fakeClient) Discard(_ string, id rooms.MessageID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.discarded = append(f.discarded, id)
	return nil
}

func (f *fakeClient) SendBlob(_ context.Context, room string, _ rooms.StreamKind, att rooms.Attachment, _ string, _ io.Reader) (rooms.Message, error) {
	m, err := f.Send(rooms.Draft{Room: room, Attached: &att})
	m.Attached = &att
	f.tell(rooms.MessageChanged{Message: m})
	return m, err
}

func (f *fakeClient) Fetch(_ context.Context, _ string, a rooms.Attachment) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fetched = append(f.fetched, a.Hash)
	return f.fetchErr
}

func (f *fakeClient) StopBlob(_ string, hash rooms.Hash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = append(f.stopped, hash)
}

func (f *fakeClient) Take(_ context.Context, stream rooms.MessageID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken = append(f.taken, stream)
	return nil
}

func (f *fakeClient) Cancel(stream rooms.MessageID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cancelled = append(f.cancelled, stream)
}

func (f *fakeClient) Typing(_ string, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.typing = append(f.typing, on)
}

func (f *fakeClient) Read(room string, upTo rooms.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.read == nil {
		f.read = map[string]rooms.Position{}
	}
	f.read[room] = upTo
}

func (f *fakeClient) SetAway(_ context.Context, away bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = append(f.away, away)
	return f.awayErr
}

func (f *fakeClient) Rule(_ context.Context, _ string, do rooms.Ruling) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ruled = append(f.ruled, do)
	return f.ruleErr
}

func (f *fakeClient) SetRoomPassword(_ context.Context, _, password string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys = append(f.keys, password)
	return nil
}

func (f *fakeClient) Want(_ string, from, to rooms.Position) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted = append(f.wanted, [2]rooms.Position{from, to})
	return nil
}

func (f *fakeClient) Invite(_ context.Context, _ string, person rooms.AccountID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.invited = append(f.invited, person)
	return f.inviteErr
}

func (f *fakeClient) ChangePassword(_ context.Context, password string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passwords = append(f.passwords, password)
	return nil
}

func (f *fakeClient) Rooms(context.Context) ([]rooms.RoomInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rooms, nil
}

func (f *fakeClient) Status(context.Context) (rooms.Status, error) { return f.status, nil }

func (f *fakeClient) Person(context.Context, rooms.AccountID) (rooms.Person, error) {
	return rooms.Person{}, nil
}

func (f *fakeClient) People(context.Context) ([]rooms.Person, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.people), nil
}

func (f *fakeClient) Whois(_ context.Context, name string) (rooms.Person, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.whoisErr != nil {
		return rooms.Person{}, f.whoisErr
	}
	for _, p := range f.people {
		if strings.EqualFold(p.Name, name) {
			return p, nil
		}
	}
	return rooms.Person{}, errors.New("there is no such person")
}

// drafts returns the texts that were sent so far.
func (f *fakeClient) drafts() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, d := range f.sent {
		out = append(out, d.Text)
	}
	return out
}

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

func (a *fakeArchive) Naming(_ context.Context, _ rooms.UUID, word string, yield func(history.Entry) bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range slices.Backward(a.entries) {
		if strings.Contains(strings.ToLower(e.Message.Text), strings.ToLower(word)) && !yield(e) {
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

// fakeGate leads to one client.
type fakeGate struct {
	client  *fakeClient
	archive *fakeArchive
	info    rooms.ServerInfo

	mu        sync.Mutex
	probeErr  error
	opened    []Credentials
	openErr   error
	pinned    bool // another server than before
	register  []Credentials
	known     rooms.Pin
	savedUser []string
}

func (g *fakeGate) Probe(context.Context, string) (rooms.ServerInfo, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.info, g.probeErr
}

func (g *fakeGate) Register(_ context.Context, with Credentials) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.register = append(g.register, with)
	if g.pinned && !with.Trust {
		return rooms.ErrPinned
	}
	return nil
}

func (g *fakeGate) Open(_ context.Context, with Credentials) (Session, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = append(g.opened, with)
	if g.openErr != nil {
		return Session{}, g.openErr
	}
	return Session{Client: g.client, Archive: g.archive}, nil
}

func (g *fakeGate) Saved(context.Context) ([]string, error) { return g.savedUser, nil }

func (g *fakeGate) OpenSaved(context.Context, string) (Archive, func() error, error) {
	return g.archive, nil, nil
}

func (g *fakeGate) Known(context.Context, string) (rooms.Pin, bool) { return g.known, true }

// said makes a message of the room.
func said(seq uint64, by rooms.Person, text string) rooms.Message {
	return rooms.Message{
		Community: community, Room: "lobby", ID: rooms.MessageID{0xbb, byte(seq >> 16), byte(seq >> 8), byte(seq)},
		Pos: rooms.Position{Epoch: 1, Seq: seq}, Time: noon.Add(time.Duration(seq) * time.Minute), Sender: by.ID,
		Name: by.Name, Kind: rooms.KindText, Text: text,
	}
}

var (
	joon = rooms.Person{ID: 2, Name: "준호", State: rooms.Present, Sessions: 1}
	lena = rooms.Person{ID: 3, Name: "lena", State: rooms.Away, Sessions: 1}
)
