// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"kchat/wire"
)

// asks runs a method that waits for the server and gives nothing but an error.
func asks(f func(context.Context) error) func() error {
	wait := ask(func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	return func() error {
		_, err := wait()
		return err
	}
}

func (p *peer) ruled(to wire.ID, r wire.Ruling) {
	p.send(wire.Header{Type: wire.TypeRuled, Room: roomNumber, Epoch: epochOne, Sender: annaID, ID: to}, r)
}

func TestARuleIsAskedForAndToldToAll(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		ban := asks(func(ctx context.Context) error {
			return u.Rule(ctx, "lobby", Ruling{Action: Ban, Person: annaID, For: time.Hour, Why: "enough"})
		})
		f := p.expectSoon(wire.TypeRule)
		want := wire.Ruling{Action: wire.RuleBan, Account: annaID, Seconds: 3600, Text: "enough"}
		if r, err := wire.ParseRule(f.Body); err != nil || r != want {
			t.Errorf("%+v, %v", r, err)
		}
		// Our own RULED may come before the answer.
		p.ruled(f.ID, want)
		p.reply(f, wire.TypeOK, wire.Empty{})
		if err := ban(); err != nil {
			t.Error(err)
		}
		e := await[Ruled](u, nil)
		if e.By != annaID || e.Ruling != (Ruling{Action: Ban, Person: annaID, For: time.Hour, Why: "enough"}) {
			t.Errorf("%+v", e)
		}
		mute := asks(func(ctx context.Context) error { return u.Rule(ctx, "lobby", Ruling{Action: Mute, Person: annaID}) })
		p.refuse(p.expectSoon(wire.TypeRule), wire.ErrForbidden, 0, 0)
		if err := mute(); !errors.Is(err, wire.ErrForbidden) {
			t.Error(err)
		}
	})
}

func TestWhatHoldsInARoomIsFollowed(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		p.ruled(wire.ID{1}, wire.Ruling{Action: wire.RuleFlags, Seconds: wire.RoomModerated | wire.RoomInviteOnly})
		p.ruled(wire.ID{2}, wire.Ruling{Action: wire.RulePassword, Seconds: 1})
		p.ruled(wire.ID{3}, wire.Ruling{Action: wire.RuleRegister})
		p.ruled(wire.ID{4}, wire.Ruling{Action: 99}) // of a newer server
		var last Ruled
		for range 4 {
			last = await[Ruled](u, nil)
		}
		if last.Rules != (Rules{Moderated: true, InviteOnly: true, Password: true, Registered: true}) {
			t.Errorf("%+v", last.Rules)
		}
		owner := person(annaID, "Anna", wire.PersonPresent)
		owner.Flags = wire.PersonOwner | wire.PersonMuted
		p.presence(epochOne, 0, owner)
		if e := await[PersonChanged](u, nil); !e.Person.Owner || !e.Person.Muted || e.Person.Operator || e.Person.Voice {
			t.Errorf("%+v", e.Person)
		}
	})
}

func TestTheServerLearnsAKeyAndNotThePassword(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		set := asks(func(ctx context.Context) error { return u.SetRoomPassword(ctx, "lobby", "sesame") })
		f := p.expectSoon(wire.TypeRule)
		r, err := wire.ParseRule(f.Body)
		if err != nil || r.Action != wire.RulePassword || len(r.Text) != wire.KeyLen || bytes.Contains(f.Body, []byte("sesame")) {
			t.Fatalf("%+v, %v", r, err)
		}
		p.reply(f, wire.TypeOK, wire.Empty{})
		if err := set(); err != nil {
			t.Error(err)
		}
		key, err := wire.RoomKey("sesame", peerCommunity, "lobby")
		if err != nil {
			t.Fatal(err)
		}
		// After the next break of the connection it is shown.
		_ = p.conn.Close()
		again := n.answer()
		auth := again.expect(wire.TypeResume)
		again.acceptResume(auth)
		join, err := wire.ParseJoin(again.expectSoon(wire.TypeJoin).Body)
		if err != nil || !bytes.Equal(join.Proof, wire.JoinProof(key, peerNonce, "lobby")) {
			t.Errorf("%+v, %v", join, err)
		}
	})
}

func TestWhoIsBannedDoesNotKnockAgain(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		join := ask(func(ctx context.Context) (RoomInfo, error) {
			return u.Join(ctx, "closed", JoinOptions{Password: "sesame"})
		})
		f := p.expectSoon(wire.TypeJoin)
		if j, err := wire.ParseJoin(f.Body); err != nil || len(j.Proof) != wire.KeyLen {
			t.Errorf("%+v, %v", j, err)
		}
		p.refuse(f, wire.ErrBanned, time.Hour, 0)
		if _, err := join(); !errors.Is(err, wire.ErrBanned) || waitOf(err) != time.Hour {
			t.Error(err)
		}
	})
}

func TestTheConfiguredRoomsAreEnteredWithTheirPassword(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		n.start(func(c *Config) { c.RoomPassword = "sesame" })
		key, err := wire.RoomKey("sesame", peerCommunity, "lobby")
		if err != nil {
			t.Fatal(err)
		}
		join := n.login().admit(epochOne, 0, 0, meAndAnna())
		if !bytes.Equal(join.Proof, wire.JoinProof(key, peerNonce, "lobby")) {
			t.Errorf("%+v", join)
		}
	})
}
