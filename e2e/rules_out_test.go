// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// TestKickEndsAfterTheLastByte: who is kicked gets everything up to the RULED, then PARTED, and nothing after it.
func TestKickEndsAfterTheLastByte(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	second := enterAs(t, b.acct)
	second.join(r.Name)
	kick := about(wire.RuleKick, b)
	kick.Text = "enough"
	before := make([]wire.ID, 100)
	for i := range before {
		before[i] = c.say(r.Number, fmt.Sprint("before ", i))
	}
	owner.gets(before[99], wire.TypeMsg)
	id := owner.rules(r, kick)
	owner.gets(id, wire.TypeOK)
	after := c.say(r.Number, "after")
	c.gets(after, wire.TypeMsg)
	for _, w := range []*who{b, second} {
		passed := w.removed(r)
		if last := passed[len(passed)-1]; last.Type != wire.TypeRuled || last.ID != id {
			t.Errorf("the last frame before PARTED is %v", last.Type)
		}
		w.ruled(id, owner, kick)
		for _, said := range before {
			w.gets(said, wire.TypeMsg)
		}
		w.refused(w.say(r.Number, "x"), wire.ErrNotInRoom)
		w.alive()
		for _, f := range w.Passed() {
			if f.ID == after {
				t.Error("what was said after the kick was heard")
			}
		}
	}
	// One LEFT, after the last of their connections.
	c.sees(r.Number, b, wire.PersonLeft)
	// A kick is no ban.
	back := b.rejoins(r)
	if back.Seq != 101 {
		t.Errorf("back at %d", back.Seq)
	}
	c.sees(r.Number, b, wire.PersonPresent)
}

func TestKickLeavesTheOtherAlone(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	owner.does(r, about(wire.RuleKick, b))
	owner.refused(owner.say(r.Number, "hello?"), wire.ErrAlone)
	b.removed(r)
}

func TestKickOfSomebodyReconnecting(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	b.ok(b.Reset())
	owner.sees(r.Number, b, wire.PersonReconnecting)
	owner.does(r, about(wire.RuleKick, b))
	owner.sees(r.Number, b, wire.PersonLeft)
}

func TestKickInMidStream(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	b.in = r.Number
	id := b.send(wire.TypeStreamBegin, r.Number, wire.StreamBegin{Size: 1 << 20, Kind: wire.StreamFile, Name: "f"})
	b.gets(id, wire.TypeStreamCredit)
	c.gets(id, wire.TypeStreamBegin)
	c.ok(c.Send(wire.Header{Type: wire.TypeStreamAccept, Room: r.Number, ID: id}, wire.Number{}))
	c.gets(id, wire.TypeStreamStart)
	b.ok(b.Send(wire.Header{Type: wire.TypeStreamChunk, Room: r.Number, ID: id}, make(wire.Raw, 4096)))
	c.gets(id, wire.TypeStreamChunk)
	owner.does(r, about(wire.RuleKick, b))
	for _, w := range []*who{b, c} {
		f := w.find("STREAM_CANCEL", func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeStreamCancel })
		cancel, err := wire.ParseStreamCancel(f.Body)
		if err != nil || cancel.Reason != wire.ErrStreamGone {
			t.Errorf("STREAM_CANCEL: %+v, %v", cancel, err)
		}
	}
	b.removed(r)
	b.ok(b.Send(wire.Header{Type: wire.TypeStreamChunk, Room: r.Number, ID: id}, make(wire.Raw, 4096)))
	b.find("ERROR", func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeError })
}

// TestBanAndMuteInMidStream: a ban ends a stream as a kick does; a mute ends it too, and its author stays.
func TestBanAndMuteInMidStream(t *testing.T) {
	t.Parallel()
	for _, action := range []wire.Action{wire.RuleBan, wire.RuleMute} {
		owner, b, c, r := trio(t)
		id := b.send(wire.TypeStreamBegin, r.Number, wire.StreamBegin{Size: 1 << 20, Kind: wire.StreamFile, Name: "f"})
		b.gets(id, wire.TypeStreamCredit)
		c.gets(id, wire.TypeStreamBegin)
		c.ok(c.Send(wire.Header{Type: wire.TypeStreamAccept, Room: r.Number, ID: id}, wire.Number{}))
		c.gets(id, wire.TypeStreamStart)
		b.ok(b.Send(wire.Header{Type: wire.TypeStreamChunk, Room: r.Number, ID: id}, make(wire.Raw, 4096)))
		c.gets(id, wire.TypeStreamChunk)
		owner.does(r, about(action, b))
		for _, w := range []*who{b, c} {
			f := w.find("STREAM_CANCEL", func(f peer.Frame) bool { return f.ID == id && f.Type == wire.TypeStreamCancel })
			if cancel, err := wire.ParseStreamCancel(f.Body); err != nil || cancel.Reason != wire.ErrStreamGone {
				t.Errorf("action %d: STREAM_CANCEL: %+v, %v", action, cancel, err)
			}
		}
		if action == wire.RuleBan {
			b.removed(r)
			continue
		}
		b.refused(b.send(wire.TypeStreamBegin, r.Number, wire.StreamBegin{Size: 1, Kind: wire.StreamFile, Name: "g"}), wire.ErrMuted)
		b.gets(c.say(r.Number, "quiet"), wire.TypeMsg)
	}
}

// TestKickTheTaker: who is kicked takes nothing more of a stream.
func TestKickTheTaker(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	id := c.send(wire.TypeStreamBegin, r.Number, wire.StreamBegin{Size: 1 << 20, Kind: wire.StreamFile, Name: "f"})
	b.gets(id, wire.TypeStreamBegin)
	b.ok(b.Send(wire.Header{Type: wire.TypeStreamAccept, Room: r.Number, ID: id}, wire.Number{}))
	b.gets(id, wire.TypeStreamStart)
	owner.does(r, about(wire.RuleKick, b))
	b.removed(r)
	cancel, err := wire.ParseStreamCancel(b.gets(id, wire.TypeStreamCancel).Body)
	if err != nil || cancel.Reason != wire.ErrNotInRoom {
		t.Errorf("STREAM_CANCEL: %+v, %v", cancel, err)
	}
}

// TestKickWhileTheyComeAndGo: kicks race with joins, parts and talk; every PARTED comes, and the room stays whole.
func TestKickWhileTheyComeAndGo(t *testing.T) {
	t.Parallel()
	owner, b, _, r := trio(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			if _, err := owner.Request(wire.TypeRule, r.Number, about(wire.RuleKick, b)); err != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	in := true
	for finished := false; !finished; {
		select {
		case <-done:
			finished = true
		default:
		}
		if in {
			b.ok(b.Say(r.Number, peer.NewID(), "still here"))
			f := b.find("PARTED or a turn", func(f peer.Frame) bool {
				return f.Type == wire.TypeParted || f.Type == wire.TypeMsg && f.Sender == b.Me.Account || f.Type == wire.TypeError
			})
			in = f.Type != wire.TypeParted
			continue
		}
		if _, err := b.Join(wire.Join{Name: r.Name}); err == nil {
			in = true
		} else if !isError(err, wire.ErrInRoom) && !isError(err, wire.ErrKicked) {
			in = true // kicked between JOINED and LIVE: PARTED is read next
		}
	}
	b.alive()
	owner.alive()
}

func TestBan(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	owner.does(r, about(wire.RuleOperator, b))
	ban := about(wire.RuleBan, b)
	ban.Seconds, ban.Text = 3600, "come back later"
	c.ruled(owner.rules(r, ban), owner, ban)
	b.removed(r)
	c.sees(r.Number, b, wire.PersonLeft)
	for _, join := range []wire.Join{{Name: r.Name}, {Name: r.Name, Epoch: r.Epoch, Seq: 1, Flags: wire.JoinExisting}} {
		if e := b.refused(b.send(wire.TypeJoin, 0, join), wire.ErrBanned); e.Wait <= 59*time.Minute || e.Wait > time.Hour {
			t.Errorf("BANNED with a wait of %v", e.Wait)
		}
	}
	// By account, not by connection.
	again := enterAs(t, b.acct)
	again.refused(again.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrBanned)
	owner.does(r, about(wire.RuleUnban, b))
	got := b.rejoins(r)
	if p, _ := got.Find(b.Me.Account); p.Flags != 0 {
		t.Errorf("the role survived the ban: %#x", p.Flags)
	}
}

func TestBanOfSomebodyWhoIsNotThere(t *testing.T) {
	t.Parallel()
	owner, _, r := pair(t)
	offline := world.account(t, 0)
	ban := wire.Ruling{Action: wire.RuleBan, Account: offline.number}
	owner.does(r, ban)
	w := enterAs(t, offline)
	if e := w.refused(w.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrBanned); e.Wait != 0 {
		t.Errorf("for good, with a wait of %v", e.Wait)
	}
	// A ban that is given again holds as it was given last, and ends by itself.
	ban.Seconds = 1
	owner.does(r, ban)
	eventually(t, "that the ban ends", func() bool {
		_, err := w.Join(wire.Join{Name: r.Name})
		if err != nil && !isError(err, wire.ErrBanned) {
			t.Fatal(err)
		}
		return err == nil
	})
}

// TestRuleTheListIsBounded: what a room remembers, at its edge.
func TestRuleTheListIsBounded(t *testing.T) {
	owner, b, r := pair(t)
	world.set(t, "room_rules", 3)
	ban := func() wire.Ruling { return wire.Ruling{Action: wire.RuleBan, Account: world.account(t, 0).number} }
	owner.does(r, about(wire.RuleVoice, b))
	first := ban()
	owner.does(r, first)
	owner.does(r, ban())
	owner.refused(owner.rules(r, ban()), wire.ErrRules)
	// About somebody it knows there is room, and what ends makes room.
	owner.does(r, about(wire.RuleMute, b))
	first.Action = wire.RuleUnban
	owner.does(r, first)
	owner.does(r, ban())
	owner.refused(owner.rules(r, ban()), wire.ErrRules)
}

func TestInviteOnly(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	c, d := enter(t), enter(t)
	owner.does(r, wire.Ruling{Action: wire.RuleFlags, Seconds: wire.RoomInviteOnly})
	c.refused(c.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrInviteOnly)
	b.refused(b.send(wire.TypeInvite, r.Number, wire.Number{Value: c.Me.Account}), wire.ErrForbidden)
	owner.gets(owner.send(wire.TypeInvite, r.Number, wire.Number{Value: c.Me.Account}), wire.TypeOK)
	c.typed(wire.TypeInvited)
	c.join(r.Name)
	d.refused(d.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrInviteOnly)
	// Who is in the room is in it with all sessions, and a ban is stronger than an invitation.
	enterAs(t, c.acct).join(r.Name)
	owner.does(r, about(wire.RuleBan, c))
	c.removed(r)
	c.refused(c.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrBanned)
	owner.does(r, about(wire.RuleUnban, c))
	c.refused(c.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrInviteOnly)
}

func TestRuleAnInvitationEnds(t *testing.T) {
	owner, _, r := pair(t)
	world.set(t, "invite_ms", 10)
	c := enter(t)
	owner.does(r, wire.Ruling{Action: wire.RuleFlags, Seconds: wire.RoomInviteOnly})
	owner.gets(owner.send(wire.TypeInvite, r.Number, wire.Number{Value: c.Me.Account}), wire.TypeOK)
	c.typed(wire.TypeInvited)
	eventually(t, "that the invitation ends", func() bool {
		_, err := c.Join(wire.Join{Name: r.Name})
		if err == nil {
			_, err = c.Part(r.Number)
			c.ok(err)
			return false
		}
		return isError(err, wire.ErrInviteOnly)
	})
}

// lock sets the password of a room.
func (w *who) lock(r *peer.Room, password string) {
	w.t.Helper()
	key, err := wire.RoomKey(password, w.Welcome.Community, r.Name)
	w.ok(err)
	id := peer.NewID()
	masked := wire.MaskRoomKey(key, w.Key, id)
	w.ok(w.Send(wire.Header{Type: wire.TypeRule, Room: r.Number, ID: id}, wire.Ruling{Action: wire.RulePassword, Text: string(masked[:])}))
	w.gets(id, wire.TypeOK)
	w.ruled(id, w, wire.Ruling{Action: wire.RulePassword, Seconds: 1})
}

// knocks asks to be let in with a password.
func (w *who) knocks(r *peer.Room, password string) wire.ID {
	w.t.Helper()
	key, err := wire.RoomKey(password, w.Welcome.Community, r.Name)
	w.ok(err)
	return w.send(wire.TypeJoin, 0, wire.Join{Name: r.Name, Proof: wire.JoinProof(key, w.Welcome.Nonce, r.Name)})
}

func TestRulePassword(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	owner.lock(r, "열려라 참깨")
	c, d, e := enter(t), enter(t), enter(t)
	c.refused(c.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrRoomPassword)
	c.gets(c.knocks(r, "열려라 참깨"), wire.TypeJoined)
	owner.sees(r.Number, c, wire.PersonPresent)
	// A wrong one costs a second.
	d.refused(d.knocks(r, "guess"), wire.ErrRoomPassword)
	if e := d.refused(d.knocks(r, "열려라 참깨"), wire.ErrAuthLimit); e.Wait == 0 {
		t.Error("AUTH_LIMIT without a time to wait")
	}
	eventually(t, "that the right password counts again", func() bool {
		id := d.knocks(r, "열려라 참깨")
		f := d.find("an answer", func(f peer.Frame) bool { return f.ID == id })
		return f.Type == wire.TypeJoined
	})
	// An operator's invitation opens the door; anybody else's does not.
	b.gets(b.send(wire.TypeInvite, r.Number, wire.Number{Value: e.Me.Account}), wire.TypeOK)
	e.refused(e.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrRoomPassword)
	owner.gets(owner.send(wire.TypeInvite, r.Number, wire.Number{Value: e.Me.Account}), wire.TypeOK)
	e.typed(wire.TypeInvited)
	e.typed(wire.TypeInvited)
	if got := e.join(r.Name); got.Flags != wire.RoomPassword {
		t.Errorf("JOINED has the flags %#x", got.Flags)
	}
	owner.does(r, wire.Ruling{Action: wire.RulePassword})
	enter(t).join(r.Name)
}
