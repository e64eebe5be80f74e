// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/server/genl"
	"kchat/wire"
)

func TestDirectEnvelope(t *testing.T) {
	t.Parallel()
	a, b := enter(t), enter(t)
	second, other := enterAs(t, b.acct), enter(t)
	for _, n := range []int{0, 1, wire.DirectMax} {
		data := bytes.Repeat([]byte{0xff, 0x00, 0x1b}, n)[:n]
		id := a.send(wire.TypeDirect, 0, wire.Direct{To: b.Me.Account, Data: data})
		a.gets(id, wire.TypeOK)
		for _, w := range []*who{b, second} {
			f := w.gets(id, wire.TypeDirect)
			got, err := wire.ParseDirect(f.Body)
			if err != nil || got.To != b.Me.Account || !bytes.Equal(got.Data, data) || f.Sender != a.Me.Account || f.Room != 0 || f.Seq != 0 {
				t.Errorf("DIRECT of %d bytes: %+v, %v", n, f.Header, err)
			}
			if off := time.Since(time.UnixMicro(int64(f.Time))); off < -time.Minute || off > time.Minute {
				t.Errorf("the envelope is %v old", off)
			}
		}
	}
	for name, to := range map[string]uint64{"nobody": 1 << 60, "zero": 0, "offline": world.account(t, 0).number} {
		id := a.send(wire.TypeDirect, 0, wire.Direct{To: to, Data: []byte("x")})
		if e := a.error(a.gets(id, wire.TypeError)); e.Number != wire.ErrOffline {
			t.Errorf("to %s: ERROR %s", name, e.Number.Name())
		}
	}
	a.refused(a.send(wire.TypeDirect, 0, make(wire.Raw, 7)), wire.ErrBadFrame)
	other.alive()
	if passed := other.Passed(); len(passed) > 0 {
		t.Errorf("somebody else got%s", names(passed))
	}
}

func TestInvite(t *testing.T) {
	t.Parallel()
	a, _, r := pair(t)
	c := enter(t)
	second := enterAs(t, c.acct)
	id := a.send(wire.TypeInvite, r.Number, wire.Number{Value: c.Me.Account})
	a.gets(id, wire.TypeOK)
	for _, w := range []*who{c, second} {
		f := w.typed(wire.TypeInvited)
		got, err := wire.ParseInvited(f.Body)
		if err != nil || got != (wire.Invited{Room: r.Name, Sender: a.acct.name}) || f.Room != r.Number || f.Sender != a.Me.Account {
			t.Errorf("INVITED: %+v %+v, %v", f.Header, got, err)
		}
	}
	a.refused(a.send(wire.TypeInvite, r.Number, wire.Number{Value: world.account(t, 0).number}), wire.ErrOffline)
	a.refused(a.send(wire.TypeInvite, r.Number, wire.Number{Value: 1 << 60}), wire.ErrNoPerson)
	c.refused(c.send(wire.TypeInvite, r.Number, wire.Number{Value: a.Me.Account}), wire.ErrNotInRoom)
	a.refused(a.send(wire.TypeInvite, r.Number, make(wire.Raw, 7)), wire.ErrBadFrame)
}

func direct(a, b *who) string {
	return fmt.Sprintf("@%d-%d", min(a.Me.Account, b.Me.Account), max(a.Me.Account, b.Me.Account))
}

func TestDirectRoom(t *testing.T) {
	t.Parallel()
	a, b, stranger := enter(t), enter(t), enter(t)
	name := direct(a, b)
	r := a.join(name)
	if r.Flags != wire.RoomDirect {
		t.Errorf("JOINED has the flags %#x", r.Flags)
	}
	f := b.typed(wire.TypeInvited)
	if got, err := wire.ParseInvited(f.Body); err != nil || got != (wire.Invited{Flags: wire.RoomDirect, Room: name, Sender: a.acct.name}) ||
		f.Room != r.Number || f.Sender != a.Me.Account {
		t.Errorf("INVITED: %+v %+v, %v", f.Header, got, err)
	}
	allAlone(t, a, r.Number)
	stranger.refused(stranger.send(wire.TypeJoin, 0, wire.Join{Name: name}), wire.ErrForbidden)
	stranger.refused(stranger.send(wire.TypeJoin, 0, wire.Join{Name: name, Flags: wire.JoinExisting}), wire.ErrForbidden)
	a.refused(a.send(wire.TypeInvite, r.Number, wire.Number{Value: stranger.Me.Account}), wire.ErrForbidden)
	a.refused(a.send(wire.TypeJoin, 0, wire.Join{Name: fmt.Sprintf("@%d-%d", a.Me.Account, uint64(1)<<60)}), wire.ErrNoPerson)
	b.join(name)
	id := a.say(r.Number, "between us")
	b.gets(id, wire.TypeMsg)
	// It is not listed.
	for _, e := range roomList(stranger) {
		if e.Name == name {
			t.Error("the direct room is on the list")
		}
	}
}

// pages asks a question whose answer comes in pages, to the last one. What is on a page has ascending numbers.
func pages[L ~[]T, T any](w *who, question, answer wire.Type, parse func([]byte) (L, error), number func(T) uint64) (all L) {
	w.t.Helper()
	var after uint64
	for {
		f := w.gets(w.send(question, 0, wire.Number{Value: after}), answer)
		list, err := parse(f.Body)
		w.ok(err)
		for _, e := range list {
			if number(e) <= after {
				w.t.Fatalf("%v is not sorted: %d after %d", answer, number(e), after)
			}
			after = number(e)
		}
		if len(f.Body) > wire.ReplyMax {
			w.t.Fatalf("%v of %d bytes", answer, len(f.Body))
		}
		all = append(all, list...)
		if f.Flags&wire.FlagLast != 0 {
			return all
		}
		if len(list) == 0 {
			w.t.Fatal("an empty page that is not the last")
		}
	}
}

func roomList(w *who) []wire.RoomEntry {
	w.t.Helper()
	return pages(w, wire.TypeRooms, wire.TypeRoomsAre, wire.ParseRoomList, func(e wire.RoomEntry) uint64 { return uint64(e.Number) })
}

func people(w *who) []wire.Person {
	w.t.Helper()
	return pages(w, wire.TypePeople, wire.TypePeopleAre, wire.ParsePeople, func(p wire.Person) uint64 { return p.Account })
}

func TestRoomsAreListed(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	a.gets(a.send(wire.TypeTopic, r.Number, talk("listed")), wire.TypeTopic)
	i := slices.IndexFunc(roomList(b), func(e wire.RoomEntry) bool { return e.Name == r.Name })
	if i < 0 {
		t.Fatal("the room is not on the list")
	}
	if e := roomList(b)[i]; e.Number != r.Number || e.People != 2 || e.Flags != 0 || e.Topic != "listed" {
		t.Errorf("ROOMS_ARE: %+v", e)
	}
	if f := a.gets(a.send(wire.TypeRooms, 0, wire.Number{Value: ^uint64(0)}), wire.TypeRoomsAre); len(f.Body) != 0 || f.Flags != wire.FlagLast {
		t.Errorf("after the last room: %d bytes, flags %d", len(f.Body), f.Flags)
	}
	a.refused(a.send(wire.TypeRooms, 0, make(wire.Raw, 7)), wire.ErrBadFrame)
}

// TestRoomsComeInPages: more rooms than one frame holds.
func TestRoomsComeInPages(t *testing.T) {
	t.Parallel()
	a, b := enter(t), enter(t)
	prefix := room() + strings.Repeat("-", 40)
	const count = 70
	for i := range count {
		name := fmt.Sprintf("%s%d", prefix, i)
		r := a.join(name)
		b.join(name)
		a.gets(a.send(wire.TypeTopic, r.Number, talk(strings.Repeat("t", 256))), wire.TypeTopic)
	}
	found := 0
	for _, e := range roomList(enter(t)) {
		if strings.HasPrefix(e.Name, prefix) {
			found++
		}
	}
	if found != count {
		t.Errorf("%d rooms are listed, want %d", found, count)
	}
}

func TestWhois(t *testing.T) {
	t.Parallel()
	a := enter(t)
	bot := world.account(t, genl.FlagBot)
	second := enterAs(t, a.acct)
	for _, ask := range []wire.Whois{{Account: a.Me.Account}, {Login: a.acct.login}} {
		f := second.gets(second.send(wire.TypeWhois, 0, ask), wire.TypePerson)
		p, err := wire.ParsePerson(f.Body)
		if err != nil || p != (wire.Person{Account: a.Me.Account, State: wire.PersonPresent, Sessions: 2, Name: a.acct.name}) {
			t.Errorf("PERSON: %+v, %v", p, err)
		}
	}
	p, err := wire.ParsePerson(a.gets(a.send(wire.TypeWhois, 0, wire.Whois{Login: bot.login}), wire.TypePerson).Body)
	if err != nil || p != (wire.Person{Account: bot.number, State: wire.PersonOffline, Flags: wire.PersonBot, Name: bot.name}) {
		t.Errorf("PERSON: %+v, %v", p, err)
	}
	a.refused(a.send(wire.TypeWhois, 0, wire.Whois{Account: 1 << 60}), wire.ErrNoPerson)
	a.refused(a.send(wire.TypeWhois, 0, wire.Whois{Login: "nobody"}), wire.ErrNoPerson)
	a.refused(a.send(wire.TypeWhois, 0, wire.Whois{Login: strings.Repeat("n", 64)}), wire.ErrNoPerson)
	reserved := wire.Raw(wire.Whois{Login: "x"}.Append(nil))
	reserved[10] = 1
	a.refused(a.send(wire.TypeWhois, 0, reserved), wire.ErrBadFrame)
	a.refused(a.send(wire.TypeWhois, 0, reserved[:15]), wire.ErrBadFrame)
	a.refused(a.send(wire.TypeWhois, 0, reserved[:16]), wire.ErrBadFrame)
}

func TestANameMayChange(t *testing.T) {
	t.Parallel()
	a, b := enter(t), enter(t)
	changed := b.acct
	changed.name = "Another Name"
	world.give(t, changed, wire.PersonAdmin)
	p, err := wire.ParsePerson(a.gets(a.send(wire.TypeWhois, 0, wire.Whois{Account: b.acct.number}), wire.TypePerson).Body)
	if err != nil || p.Name != "Another Name" || p.Flags != wire.PersonAdmin || p.State != wire.PersonPresent {
		t.Errorf("PERSON: %+v, %v", p, err)
	}
	if w := silent(t, changed); w.Me.Name != "Another Name" || w.Me.Account != b.acct.number {
		t.Errorf("AUTH_OK: %+v", w.Me)
	}
}

func TestPeopleAreListed(t *testing.T) {
	t.Parallel()
	var all []*who
	for range 20 {
		all = append(all, enter(t))
	}
	offline := world.account(t, 0)
	list := people(all[0])
	for _, w := range all {
		i := slices.IndexFunc(list, func(p wire.Person) bool { return p.Account == w.Me.Account })
		if i < 0 {
			t.Fatalf("%d is not on the list", w.Me.Account)
		}
		if p := list[i]; p.Name != w.acct.name || p.State != wire.PersonPresent || p.Sessions != 1 {
			t.Errorf("PEOPLE_ARE: %+v", p)
		}
	}
	for _, p := range list {
		if p.Account == offline.number {
			t.Error("somebody who is not connected is on the list")
		}
	}
}

// TestPeopleComeInPages: more names than one frame holds.
func TestPeopleComeInPages(t *testing.T) {
	t.Parallel()
	const count = 60
	want := map[uint64]bool{}
	var w *who
	for range count {
		a := account{number: firstAccount + world.number(), login: fmt.Sprintf("%s-%d", strings.Repeat("p", 50), world.number()), password: "p"}
		a.name = a.login
		world.give(t, a, 0)
		w = enterAs(t, a)
		want[a.number] = true
	}
	for _, p := range people(w) {
		delete(want, p.Account)
	}
	if len(want) != 0 {
		t.Errorf("%d people are missing", len(want))
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	ask := func() (counters map[uint16]uint64, s wire.StatusIs) {
		s, err := wire.ParseStatusIs(a.gets(a.send(wire.TypeStatus, 0, wire.Empty{}), wire.TypeStatusIs).Body)
		a.ok(err)
		counters = map[uint16]uint64{}
		for _, c := range s.Counters {
			counters[c.Number] = c.Value
		}
		return counters, s
	}
	before, s := ask()
	if s.Kernel == "" || s.Module == "" {
		t.Errorf("kernel %q, module %q", s.Kernel, s.Module)
	}
	for n := wire.CounterConnections; n <= wire.CounterAnswers; n++ {
		if _, ok := before[n]; !ok {
			t.Errorf("the counter %d (%s) is missing", n, wire.CounterName(n))
		}
	}
	for _, n := range []uint16{wire.CounterConnections, wire.CounterSessions, wire.CounterPeople} {
		if before[n] < 2 {
			t.Errorf("%s is %d with two people here", wire.CounterName(n), before[n])
		}
	}
	id := a.say(r.Number, "counted")
	b.gets(id, wire.TypeMsg)
	a.gets(id, wire.TypeMsg)
	a.ok(a.Say(r.Number, id, "counted"))
	a.gets(id, wire.TypeAck)
	after, _ := ask()
	for n, least := range map[uint16]uint64{
		wire.CounterMessages: 1, wire.CounterRepeats: 1, wire.CounterFramesIn: 3, wire.CounterFramesOut: 3,
		wire.CounterBytesIn: 3 * wire.HeaderLen, wire.CounterBytesOut: 3 * wire.HeaderLen,
	} {
		if after[n]-before[n] < least {
			t.Errorf("%s went from %d to %d", wire.CounterName(n), before[n], after[n])
		}
	}
}
