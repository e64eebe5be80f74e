// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"

	"kchat/wire"
)

// isAway says AWAY or back and waits until it is so.
func (w *who) isAway(away bool) {
	w.t.Helper()
	w.gets(w.send(wire.TypeAway, 0, wire.Away{On: away, Idle: 7}), wire.TypeOK)
}

func TestAwayIsPresentAndSeen(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	b.isAway(true)
	a.sees(r.Number, b, wire.PersonAway)
	// Nobody is alone with somebody who is away.
	b.gets(a.say(r.Number, "are you there?"), wire.TypeMsg)
	p, err := wire.ParsePerson(a.gets(a.send(wire.TypeWhois, 0, wire.Whois{Account: b.Me.Account}), wire.TypePerson).Body)
	if err != nil || p.State != wire.PersonAway {
		t.Errorf("WHOIS says %+v, %v", p, err)
	}
	// Who comes sees it in the roster; a room that is entered now too.
	if got, ok := enter(t).join(r.Name).Find(b.Me.Account); !ok || got.State != wire.PersonAway {
		t.Errorf("ROSTER has %+v", got)
	}
	other := room()
	number := a.join(other).Number
	b.join(other)
	a.sees(number, b, wire.PersonAway)
	// Said twice it is said to nobody.
	b.isAway(true)
	b.isAway(false)
	a.sees(r.Number, b, wire.PersonPresent)
	a.sees(number, b, wire.PersonPresent)
	a.alive()
	for _, f := range a.Passed() {
		if f.Type == wire.TypePresence && f.Sender == b.Me.Account {
			t.Errorf("one PRESENCE more: %x", f.Body)
		}
	}
}

func TestAwayWithTwoSessions(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	second := enterAs(t, b.acct)
	second.join(r.Name)
	second.isAway(true)
	b.isAway(true)
	f := a.sees(r.Number, b, wire.PersonAway)
	if p, err := wire.ParsePerson(f.Body); err != nil || p.Sessions != 2 {
		t.Errorf("%+v, %v: away before both sessions are", p, err)
	}
	// The one that is not away goes: the person is as the other session says.
	second.isAway(false)
	a.sees(r.Number, b, wire.PersonPresent)
	_, err := second.Part(r.Number)
	second.ok(err)
	a.sees(r.Number, b, wire.PersonAway)
}

func TestAwayMalformed(t *testing.T) {
	t.Parallel()
	w := enter(t)
	for what, body := range map[string]wire.Raw{
		"short": make(wire.Raw, 7), "neither": {2, 0, 0, 0, 0, 0, 0, 0}, "reserved": {1, 0, 0, 1, 0, 0, 0, 0},
	} {
		id := w.send(wire.TypeAway, 0, body)
		if e := w.error(w.gets(id, wire.TypeError)); e.Number != wire.ErrBadFrame {
			t.Errorf("%s: ERROR %s", what, e.Number.Name())
		}
	}
}

func TestReadMarksAreRelayed(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	a.gets(b.say(r.Number, "read me"), wire.TypeMsg)
	id := a.send(wire.TypeRead, r.Number, wire.Stored{Epoch: r.Epoch, Seq: 1})
	for _, w := range []*who{a, b} {
		f := w.gets(id, wire.TypeRead)
		m, err := wire.ParseStored(f.Body)
		if err != nil || m != (wire.Stored{Epoch: r.Epoch, Seq: 1}) || f.Sender != a.Me.Account || f.Seq != 1 {
			t.Errorf("READ: %+v %+v, %v", f.Header, m, err)
		}
	}
	a.refused(a.send(wire.TypeRead, r.Number, make(wire.Raw, 15)), wire.ErrBadFrame)
}
