// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"kchat/rooms"
	"kchat/wire"
)

// fakeClient is a client whose server is the test.
type fakeClient struct {
	events chan rooms.Event
	kept   func(room string) rooms.Position // the end of what the history has of a room; nil: it has nothing
	err    chan error                       // ends Run

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
	joined := rooms.Joined{Room: info, People: []rooms.Person{f.me}}
	if f.kept != nil {
		joined.Kept = f.kept(room)
		joined.Room.Head = joined.Kept.Seq
	}
	f.tell(joined)
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
