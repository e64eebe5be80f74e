// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/wire"
)

func TestJoinShowsWhoIsThere(t *testing.T) {
	t.Parallel()
	a, b := enter(t), enter(t)
	name := room()
	first := a.join(name)
	r := b.join(name)
	if r.Number != first.Number || r.Epoch != first.Epoch || r.Name != name || r.Flags != 0 || r.Backlog != wire.BacklogDefault {
		t.Errorf("JOINED: %+v, and before %+v", r, first)
	}
	p, ok := r.Find(a.Me.Account)
	if !ok || p.State != wire.PersonPresent || p.Name != a.acct.name || p.Sessions != 1 || p.Flags != wire.PersonOwner {
		t.Errorf("ROSTER: %+v", r.Roster)
	}
	f := a.sees(r.Number, b, wire.PersonPresent)
	if f.Epoch != r.Epoch || f.Seq != r.Seq {
		t.Errorf("PRESENCE in epoch %d has the sequence %d, want %d and %d", f.Epoch, f.Seq, r.Epoch, r.Seq)
	}
	made := time.UnixMicro(int64(r.Made))
	if since := time.Since(made); since < -time.Minute || since > time.Minute {
		t.Errorf("the room was made at %v", made)
	}
}

func TestRoomNames(t *testing.T) {
	t.Parallel()
	w := enter(t)
	for _, name := range []string{"x", strings.Repeat("n", 64), "한국어", strings.Repeat("한", 21), "UPPER and lower", "a/b#c", "a\u0301"} {
		if r := w.join(name); r.Name != name {
			t.Errorf("joined %q, got %q", name, r.Name)
		}
	}
	if r := w.join("#den"); r.Name != "den" {
		t.Errorf("joined #den, got %q", r.Name)
	}
	for what, name := range map[string]string{
		"empty": "", "only the sign": "#", "two signs": "##x", "a space after the sign": "# x", "65 bytes": strings.Repeat("n", 65), "a space first": " x", "a space last": "x ", "only a space": " ",
		"a zero": "a\x00b", "newline": "a\nb", "tab": "a\tb", "escape": "\x1b[31m", "delete": "a\x7f",
		"direct without numbers": "@", "direct, one number": "@1", "direct, not numbers": "@a-b", "direct, equal": "@1-1",
		"direct, the other way round": "@9-3", "direct, leading zero": "@01-2", "direct, too large": "@1-99999999999999999999999",
		"direct, more": "@1-2-3", "direct, sign": "@-1-2",
	} {
		id := w.send(wire.TypeJoin, 0, wire.Join{Name: name})
		if e := w.error(w.gets(id, wire.TypeError)); e.Number != wire.ErrRoomName {
			t.Errorf("%s: ERROR %s", what, e.Number.Name())
		}
	}
	for what, name := range map[string]string{
		"a lone continuation": "a\x80", "overlong": "\xc0\xaf", "surrogate": "\xed\xa0\x80", "cut": "\xe2\x82", "beyond Unicode": "\xf5\x80\x80\x80",
	} {
		id := w.send(wire.TypeJoin, 0, wire.Join{Name: name})
		if e := w.error(w.gets(id, wire.TypeError)); e.Number != wire.ErrUTF8 && e.Number != wire.ErrRoomName {
			t.Errorf("%s: ERROR %s", what, e.Number.Name())
		}
	}
}

func TestJoinMalformed(t *testing.T) {
	t.Parallel()
	w := enter(t)
	good := wire.Join{Name: "name"}.Append(nil)
	for what, body := range map[string][]byte{
		"empty": {}, "no name": good[:24], "name cut": good[:26], "one more": append(good[:len(good):len(good)], 'x'),
		"backlog of 1001": wire.Join{Name: "name", Flags: wire.JoinBacklog, Backlog: 1001}.Append(nil),
	} {
		id := w.send(wire.TypeJoin, 0, wire.Raw(body))
		if e := w.error(w.gets(id, wire.TypeError)); e.Number != wire.ErrBadFrame {
			t.Errorf("%s: ERROR %s", what, e.Number.Name())
		}
	}
}

func TestJoinTwicePartTwice(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	b.refused(b.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrInRoom)
	last, err := b.Part(r.Number)
	b.ok(err)
	for _, f := range last {
		if f.Type != wire.TypePresence {
			t.Errorf("%v before PARTED", f.Type)
		}
	}
	a.sees(r.Number, b, wire.PersonLeft)
	b.refused(b.send(wire.TypePart, r.Number, wire.Empty{}), wire.ErrNotInRoom)
	b.refused(b.send(wire.TypePart, 0, wire.Empty{}), wire.ErrNotInRoom)
	b.refused(b.send(wire.TypePart, 0xffffffff, wire.Empty{}), wire.ErrNotInRoom)
	b.join(r.Name)
	a.sees(r.Number, b, wire.PersonPresent)
}

// TestNotInTheRoom: every frame with a room, into one that exists and into one that does not.
func TestNotInTheRoom(t *testing.T) {
	t.Parallel()
	_, b, r := pair(t)
	stranger := enter(t)
	for _, number := range []uint32{r.Number, 0, 0xfffffff0} {
		for _, c := range relayed(peer.NewID()) {
			id := stranger.send(c.kind, number, c.body)
			if e := stranger.refused(id, wire.ErrNotInRoom); e.Cause != c.kind {
				t.Errorf("%v: ERROR names %v as its cause", c.kind, e.Cause)
			}
		}
		stranger.refused(stranger.send(wire.TypeReoffer, number, wire.Reoffer{
			To: b.Me.Account, Epoch: 1, Seq: 1, Time: 1, Type: wire.TypeMsg, Body: wire.Talk{Text: []byte("x")}.Append(nil),
		}), wire.ErrNotInRoom)
		stranger.refused(stranger.send(wire.TypeInvite, number, wire.Number{Value: b.Me.Account}), wire.ErrNotInRoom)
	}
}

type request struct {
	kind wire.Type
	body wire.Body
}

// relayed has one good frame of each type that goes to the people of a room.
func relayed(target wire.ID) []request {
	text := []byte("words")
	return []request{
		{wire.TypeMsg, wire.Talk{Text: text}},
		{wire.TypeEdit, wire.Talk{Target: target, Text: text}},
		{wire.TypeDelete, wire.Talk{Target: target}},
		{wire.TypeReact, wire.Talk{Target: target, Text: []byte("👍")}},
		{wire.TypeTopic, wire.Talk{Text: text}},
		{wire.TypeTyping, wire.Typing{On: true}},
		{wire.TypeWant, wire.Want{FromEpoch: 1, ToEpoch: 1, ToSeq: 9}},
		{wire.TypeBlobWant, wire.BlobWant{Hash: [32]byte{1}}},
		{wire.TypeRead, wire.Stored{Epoch: 1, Seq: 1}},
		{wire.TypeStreamBegin, wire.StreamBegin{Size: 10, Kind: wire.StreamFile, Name: "f"}},
	}
}

func TestJoinExistingOnly(t *testing.T) {
	t.Parallel()
	a, b := enter(t), enter(t)
	name := room()
	b.refused(b.send(wire.TypeJoin, 0, wire.Join{Name: name, Flags: wire.JoinExisting}), wire.ErrNoRoom)
	a.join(name)
	b.joinAs(wire.Join{Name: name, Flags: wire.JoinExisting})
}

func TestBacklog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ backlog, said, seen int }{{0, 5, 0}, {3, 5, 3}, {5, 5, 5}, {1000, 5, 5}, {50, 60, 50}} {
		t.Run(fmt.Sprintf("%d of %d", c.backlog, c.said), func(t *testing.T) {
			t.Parallel()
			a, b, late := enter(t), enter(t), enter(t)
			name := room()
			a.joinAs(wire.Join{Name: name, Flags: wire.JoinBacklog, Backlog: uint16(c.backlog)})
			// The property is fixed when the room is made.
			r := b.joinAs(wire.Join{Name: name, Flags: wire.JoinBacklog, Backlog: 7})
			a.sees(r.Number, b, wire.PersonPresent)
			var last wire.ID
			for i := range c.said {
				last = a.say(r.Number, fmt.Sprint("message ", i))
			}
			a.gets(last, wire.TypeMsg)
			got := late.join(name)
			if int(got.Backlog) != c.backlog || got.Seq != uint64(c.said) || got.Start != uint64(c.said-c.seen) {
				t.Errorf("JOINED: backlog %d, sequence %d, start %d", got.Backlog, got.Seq, got.Start)
			}
			past := lasting(got.Past)
			if len(past) != c.seen {
				t.Fatalf("%d messages before LIVE, want %d", len(past), c.seen)
			}
			for i, f := range past {
				if f.Seq != got.Start+1+uint64(i) {
					t.Errorf("message %d has the sequence %d", i, f.Seq)
				}
			}
		})
	}
}

func TestBacklogDefault(t *testing.T) {
	t.Parallel()
	a, b, late := enter(t), enter(t), enter(t)
	name := room()
	a.joinAs(wire.Join{Name: name, Backlog: 3}) // without JoinBacklog the field does not count
	r := b.join(name)
	a.sees(r.Number, b, wire.PersonPresent)
	if r.Backlog != wire.BacklogDefault {
		t.Errorf("backlog %d", r.Backlog)
	}
	var last wire.ID
	for range 60 {
		last = a.say(r.Number, "x")
	}
	a.gets(last, wire.TypeMsg)
	if got := late.join(name); len(lasting(got.Past)) != wire.BacklogDefault {
		t.Errorf("%d messages before LIVE", len(lasting(got.Past)))
	}
}

// TestJoinWithPosition: who comes back gets what it does not have.
func TestJoinWithPosition(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	var last wire.ID
	for range 80 {
		last = a.say(r.Number, "x")
	}
	b.gets(last, wire.TypeMsg)
	_, err := b.Part(r.Number)
	b.ok(err)
	for _, c := range []struct {
		name       string
		epoch, seq uint64
		start      uint64
	}{
		{"nothing missed", r.Epoch, 80, 80},
		{"some missed", r.Epoch, 75, 75},
		{"more than the backlog missed", r.Epoch, 10, 10},
		{"all missed", r.Epoch, 0, 0},
		{"an earlier epoch", r.Epoch - 1, 500, 0},
		{"an epoch to come", r.Epoch + 1, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := b.joinAs(wire.Join{Name: r.Name, Epoch: c.epoch, Seq: c.seq})
			if got.Start != c.start || got.Seq != 80 || got.First != 1 {
				t.Errorf("JOINED: start %d, first %d, sequence %d", got.Start, got.First, got.Seq)
			}
			past := lasting(got.Past)
			if len(past) != int(80-c.start) {
				t.Errorf("%d messages before LIVE, want %d", len(past), 80-c.start)
			}
			for i, f := range past {
				if f.Seq != c.start+1+uint64(i) {
					t.Fatalf("message %d has the sequence %d", i, f.Seq)
				}
			}
			_, err := b.Part(r.Number)
			b.ok(err)
		})
	}
	// A position that nobody can have is no reason to show nothing new.
	got := b.joinAs(wire.Join{Name: r.Name, Epoch: r.Epoch, Seq: 1 << 60})
	if got.Start > 80 {
		t.Errorf("start %d after a sequence that is not there yet", got.Start)
	}
	id := a.say(r.Number, "after")
	b.gets(id, wire.TypeMsg)
}

func TestRosterOfManyComesInSeveralFrames(t *testing.T) {
	t.Parallel()
	name := room()
	var all []*who
	for range 30 {
		a := account{number: firstAccount + world.number(), login: fmt.Sprintf("%s-%d", strings.Repeat("long", 14), world.number()), password: "p"}
		a.name = a.login
		world.give(t, a, 0)
		w := enterAs(t, a)
		w.join(name)
		all = append(all, w)
	}
	r := enter(t).join(name)
	for _, w := range all {
		if p, ok := r.Find(w.Me.Account); !ok || p.Name != w.acct.name || p.State != wire.PersonPresent {
			t.Errorf("%d is not on the roster", w.Me.Account)
		}
	}
}

// TestPresenceCountsPeopleNotConnections: a second session of a person is no second person.
func TestPresenceCountsPeopleNotConnections(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	second := enterAs(t, a.acct)
	got := second.join(r.Name)
	if p, ok := got.Find(a.Me.Account); !ok || p.State != wire.PersonPresent {
		t.Errorf("ROSTER: %+v", got.Roster)
	}
	people := 0
	for _, p := range got.Roster {
		if p.Account == a.Me.Account {
			people++
		}
	}
	if people != 1 {
		t.Errorf("one person with two sessions is %d times on the roster", people)
	}
	_, err := second.Part(r.Number)
	b.ok(err)
	// The person is still there, so nobody may be told otherwise.
	id := a.say(r.Number, "still here")
	b.gets(id, wire.TypeMsg)
	for _, f := range b.Passed() {
		if f.Type != wire.TypePresence || f.Sender != a.Me.Account {
			continue
		}
		if p, err := wire.ParsePerson(f.Body); err != nil || p.State != wire.PersonPresent {
			t.Errorf("PRESENCE: %+v, %v", p, err)
		}
	}
	if _, err := a.Part(r.Number); err != nil {
		t.Fatal(err)
	}
	b.sees(r.Number, a, wire.PersonLeft)
}

func TestPresenceNamesABot(t *testing.T) {
	t.Parallel()
	a := enter(t)
	bot := enterAs(t, world.account(t, genl.FlagBot))
	name := room()
	r := a.join(name)
	bot.join(name)
	p, err := wire.ParsePerson(a.sees(r.Number, bot, wire.PersonPresent).Body)
	if err != nil || p.Flags != wire.PersonBot || p.Name != bot.acct.name {
		t.Errorf("PRESENCE: %+v, %v", p, err)
	}
}

func TestManyRoomsOnOneConnection(t *testing.T) {
	t.Parallel()
	a, b := enter(t), enter(t)
	limit := int(a.Welcome.Limit(wire.LimitRooms, 0))
	name := room()
	var rooms []*peer.Room
	for i := range limit {
		rooms = append(rooms, a.join(fmt.Sprint(name, "-", i)))
		b.join(fmt.Sprint(name, "-", i))
	}
	a.refused(a.send(wire.TypeJoin, 0, wire.Join{Name: name + "-more"}), wire.ErrRooms)
	for _, r := range rooms {
		id := b.say(r.Number, "in every room")
		if f := a.gets(id, wire.TypeMsg); f.Room != r.Number || f.Seq != 1 {
			t.Errorf("room %d: sequence %d", f.Room, f.Seq)
		}
	}
	_, err := a.Part(rooms[0].Number)
	a.ok(err)
	a.join(name + "-more")
}

// TestRostersConverge: people come and go all at once; what each was told adds up to the truth.
func TestRostersConverge(t *testing.T) {
	t.Parallel()
	const people, turns = 12, 8
	name := room()
	watch := enter(t)
	r := watch.join(name)
	errs := make(chan error, people)
	var all []*who
	for range people {
		all = append(all, enter(t))
	}
	for i, w := range all {
		go func() {
			for turn := range turns {
				got, err := w.Join(wire.Join{Name: name})
				if err == nil && (turn < turns-1 || i%2 == 0) {
					_, err = w.Part(got.Number)
				}
				if err != nil {
					errs <- fmt.Errorf("turn %d: %w", turn, err)
					return
				}
			}
			errs <- nil
		}()
	}
	for range all {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	// Those with odd numbers are in the room and the others are not. A newcomer's roster and the watcher's must say so.
	late := enter(t)
	got := late.join(name)
	watch.sees(r.Number, late, wire.PersonPresent)
	told := map[uint64]wire.PersonState{}
	for _, p := range r.Roster {
		told[p.Account] = p.State
	}
	for _, f := range watch.Passed() {
		if f.Type != wire.TypePresence {
			continue
		}
		p, err := wire.ParsePerson(f.Body)
		watch.ok(err)
		told[p.Account] = p.State
	}
	for i, w := range all {
		p, there := got.Find(w.Me.Account)
		if there != (i%2 == 1) || there && p.State != wire.PersonPresent {
			t.Errorf("person %d: on the roster %v, state %d", i, there, p.State)
		}
		if told[w.Me.Account].Present() != (i%2 == 1) {
			t.Errorf("person %d: the watcher was told %d", i, told[w.Me.Account])
		}
	}
}
