// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/wire"
)

// rules asks for a RULE and returns its id.
func (w *who) rules(r *peer.Room, ruling wire.Ruling) wire.ID {
	w.t.Helper()
	return w.send(wire.TypeRule, r.Number, ruling)
}

// does asks for a RULE that must succeed, and returns the RULED that everybody gets.
func (w *who) does(r *peer.Room, ruling wire.Ruling) peer.Frame {
	w.t.Helper()
	id := w.rules(r, ruling)
	// RULED has the same mark, and may come first.
	if f := w.find("OK", func(f peer.Frame) bool { return f.ID == id && f.Type != wire.TypeRuled }); f.Type != wire.TypeOK {
		w.t.Fatalf("%+v: %v", ruling, w.error(f))
	}
	return w.ruled(id, w, ruling)
}

// ruled waits for the RULED to a RULE of somebody.
func (w *who) ruled(id wire.ID, by *who, want wire.Ruling) peer.Frame {
	w.t.Helper()
	f := w.gets(id, wire.TypeRuled)
	got, err := wire.ParseRuled(f.Body)
	if err != nil || got != want || f.Sender != by.Me.Account {
		w.t.Errorf("RULED of %d: %+v, %v; want %+v of %d", f.Sender, got, err, want, by.Me.Account)
	}
	return f
}

// about is a ruling about somebody.
func about(action wire.Action, whom *who) wire.Ruling {
	return wire.Ruling{Action: action, Account: whom.Me.Account}
}

// roles waits until somebody has just these flags in the room.
func (w *who) roles(r *peer.Room, of *who, flags uint8) {
	w.t.Helper()
	w.find(fmt.Sprintf("PRESENCE of %d with the flags %#x", of.Me.Account, flags), func(f peer.Frame) bool {
		p, err := wire.ParsePerson(f.Body)
		return f.Type == wire.TypePresence && f.Room == r.Number && err == nil && p.Account == of.Me.Account && p.Flags == flags
	})
}

// removed waits for PARTED with KICKED, and returns what came before it in the room.
func (w *who) removed(r *peer.Room) []peer.Frame {
	w.t.Helper()
	f := w.find("PARTED", func(f peer.Frame) bool { return f.Type == wire.TypeParted && f.Room == r.Number })
	if p, err := wire.ParseParted(f.Body); err != nil || p.Reason != wire.ErrKicked {
		w.t.Fatalf("PARTED says %+v, %v", p, err)
	}
	return w.Passed()
}

// rejoins comes back into a room, whatever was heard of it before.
func (w *who) rejoins(r *peer.Room) *peer.Room {
	w.t.Helper()
	w.alive()
	w.Drop(func(f peer.Frame) bool { return f.Room == r.Number })
	return w.join(r.Name)
}

// trio is an owner and two others in a room of their own.
func trio(t *testing.T) (owner, b, c *who, r *peer.Room) {
	t.Helper()
	owner, b, r = pair(t)
	c = enter(t)
	c.join(r.Name)
	owner.sees(r.Number, c, wire.PersonPresent)
	b.sees(r.Number, c, wire.PersonPresent)
	return owner, b, c, r
}

func TestRuleTheMakerOwnsTheRoom(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	for _, w := range []*who{b, c} {
		w.refused(w.rules(r, about(wire.RuleKick, owner)), wire.ErrForbidden)
		w.refused(w.rules(r, wire.Ruling{Action: wire.RuleFlags, Seconds: wire.RoomModerated}), wire.ErrForbidden)
	}
	// Over leaving and coming back, and on another connection.
	_, err := owner.Part(r.Number)
	owner.ok(err)
	again := enterAs(t, owner.acct)
	again.join(r.Name)
	b.roles(r, owner, wire.PersonOwner)
	again.does(r, about(wire.RuleOperator, b))
	c.roles(r, b, wire.PersonOperator)
	if p, ok := enter(t).join(r.Name).Find(b.Me.Account); !ok || p.Flags != wire.PersonOperator {
		t.Errorf("ROSTER has %+v", p)
	}
}

func TestRuleNoOwnerInPracticeAndRoomsOfTwo(t *testing.T) {
	t.Parallel()
	a, b := enter(t), enter(t)
	p := a.joinAs(wire.Join{Name: room(), Flags: wire.RoomPractice})
	if me, _ := p.Find(a.Me.Account); me.Flags != 0 {
		t.Errorf("in a room for practice its maker has %#x", me.Flags)
	}
	b.join(p.Name)
	a.refused(a.rules(p, about(wire.RuleKick, b)), wire.ErrForbidden)
	d := a.join(direct(a, b))
	b.typed(wire.TypeInvited)
	b.join(d.Name)
	a.sees(d.Number, b, wire.PersonPresent)
	a.refused(a.rules(d, about(wire.RuleKick, b)), wire.ErrForbidden)
	a.refused(a.rules(d, wire.Ruling{Action: wire.RulePassword}), wire.ErrForbidden)
}

func TestRuleRoles(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	b.ruled(owner.rules(r, about(wire.RuleOperator, b)), owner, about(wire.RuleOperator, b))
	c.roles(r, b, wire.PersonOperator)
	// Said twice it is done, and told to nobody.
	id := owner.rules(r, about(wire.RuleOperator, b))
	owner.gets(id, wire.TypeOK)
	b.alive()
	for _, f := range b.Passed() {
		if f.ID == id {
			t.Error("what changed nothing was told")
		}
	}
	// An operator makes no operators, and hands nothing over.
	for _, a := range []wire.Action{wire.RuleOperator, wire.RuleNoOperator, wire.RuleOwner} {
		b.refused(b.rules(r, about(a, c)), wire.ErrForbidden)
	}
	b.refused(b.rules(r, wire.Ruling{Action: wire.RulePassword}), wire.ErrForbidden)
	// Gives the role up, and cannot take it back.
	b.does(r, about(wire.RuleNoOperator, b))
	c.roles(r, b, 0)
	b.refused(b.rules(r, about(wire.RuleOperator, b)), wire.ErrForbidden)
	b.refused(b.rules(r, about(wire.RuleMute, c)), wire.ErrForbidden)
}

func TestRuleTheRoomIsHandedOver(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	owner.does(r, about(wire.RuleOwner, b))
	c.roles(r, owner, 0)
	c.roles(r, b, wire.PersonOwner)
	owner.refused(owner.rules(r, about(wire.RuleKick, c)), wire.ErrForbidden)
	b.does(r, about(wire.RuleKick, owner))
	owner.removed(r)
}

// TestRuleWhom: on oneself, on the owner, on another operator, on the absent, on nobody.
func TestRuleWhom(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	owner.does(r, about(wire.RuleOperator, b))
	owner.does(r, about(wire.RuleOperator, c))
	absent := enter(t)
	for _, a := range []wire.Action{wire.RuleKick, wire.RuleBan, wire.RuleMute, wire.RuleVoice} {
		b.refused(b.rules(r, about(a, b)), wire.ErrForbidden)
		b.refused(b.rules(r, about(a, owner)), wire.ErrForbidden)
		b.refused(b.rules(r, about(a, c)), wire.ErrForbidden)
		owner.refused(owner.rules(r, about(a, owner)), wire.ErrForbidden)
		owner.refused(owner.rules(r, wire.Ruling{Action: a, Account: 1 << 60}), wire.ErrNoPerson)
		absent.refused(absent.rules(r, about(a, owner)), wire.ErrNotInRoom)
		if a != wire.RuleBan {
			b.refused(b.rules(r, about(a, absent)), wire.ErrOffline)
		}
	}
	owner.refused(owner.rules(r, about(wire.RuleOperator, absent)), wire.ErrOffline)
	owner.refused(owner.rules(r, about(wire.RuleOwner, absent)), wire.ErrOffline)
}

func TestRuleAnAdminMayDoWhatAnOwnerMay(t *testing.T) {
	t.Parallel()
	owner, b, _, r := trio(t)
	admin := enterAs(t, world.account(t, wire.PersonAdmin))
	owner.does(r, wire.Ruling{Action: wire.RuleFlags, Seconds: wire.RoomInviteOnly | wire.RoomModerated})
	// Past every rule.
	admin.join(r.Name)
	owner.sees(r.Number, admin, wire.PersonPresent)
	b.gets(admin.say(r.Number, "good evening"), wire.TypeMsg)
	owner.refused(owner.rules(r, about(wire.RuleKick, admin)), wire.ErrForbidden)
	owner.refused(owner.rules(r, about(wire.RuleMute, admin)), wire.ErrForbidden)
	admin.does(r, about(wire.RuleOwner, b))
	admin.does(r, about(wire.RuleBan, owner))
	owner.removed(r)
	owner.refused(owner.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrBanned)
}

func TestRuleMalformed(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	good := about(wire.RuleKick, b).Append(nil)
	for what, body := range map[string][]byte{
		"short": good[:15], "one more": append(good[:len(good):len(good)], 0),
		"no action": wire.Ruling{Account: 5}.Append(nil), "unknown": wire.Ruling{Action: 15}.Append(nil),
		"kick of nobody": wire.Ruling{Action: wire.RuleKick}.Append(nil), "kick for a minute": wire.Ruling{Action: wire.RuleKick, Account: 5, Seconds: 60}.Append(nil),
		"flags of somebody": wire.Ruling{Action: wire.RuleFlags, Account: 5}.Append(nil), "flag of the server": wire.Ruling{Action: wire.RuleFlags, Seconds: wire.RoomRegistered}.Append(nil),
		"half a key": wire.Ruling{Action: wire.RulePassword, Text: strings.Repeat("k", 16)}.Append(nil), "two lines": wire.Ruling{Action: wire.RuleKick, Account: 5, Text: "a\nb"}.Append(nil),
	} {
		id := owner.send(wire.TypeRule, r.Number, wire.Raw(body))
		if e := owner.error(owner.gets(id, wire.TypeError)); e.Number != wire.ErrBadFrame {
			t.Errorf("%s: ERROR %s", what, e.Number.Name())
		}
	}
	// The longest reason.
	ruling := about(wire.RuleKick, b)
	ruling.Text = strings.Repeat("x", wire.ReasonMax)
	owner.does(r, ruling)
	b.removed(r)
}

func TestRuleFlagsAreTold(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	flags := wire.Ruling{Action: wire.RuleFlags, Seconds: wire.RoomModerated | wire.RoomTopicLocked}
	b.ruled(owner.rules(r, flags), owner, flags)
	if got := enter(t).join(r.Name); got.Flags != flags.Seconds {
		t.Errorf("JOINED has the flags %#x", got.Flags)
	}
	for _, e := range roomList(b) {
		if e.Name == r.Name && e.Flags != flags.Seconds {
			t.Errorf("ROOMS_ARE has the flags %#x", e.Flags)
		}
	}
	b.refused(b.send(wire.TypeTopic, r.Number, wire.Talk{Text: []byte("mine")}), wire.ErrModerated)
	owner.does(r, about(wire.RuleVoice, b))
	b.refused(b.send(wire.TypeTopic, r.Number, wire.Talk{Text: []byte("mine")}), wire.ErrForbidden)
	b.gets(owner.send(wire.TypeTopic, r.Number, wire.Talk{Text: []byte("ours")}), wire.TypeTopic)
	b.gets(b.say(r.Number, "heard"), wire.TypeMsg)
	owner.does(r, wire.Ruling{Action: wire.RuleFlags})
	owner.gets(b.send(wire.TypeTopic, r.Number, wire.Talk{Text: []byte("mine")}), wire.TypeTopic)
}

// TestRuleMuted: what somebody who is muted cannot say, and what they can do.
func TestRuleMuted(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	old := b.say(r.Number, "before")
	c.gets(old, wire.TypeMsg)
	b.gets(old, wire.TypeMsg)
	mute := about(wire.RuleMute, b)
	mute.Seconds, mute.Text = 3600, "too loud"
	c.ruled(owner.rules(r, mute), owner, mute)
	c.roles(r, b, wire.PersonMuted)
	quiet := map[wire.Type]bool{wire.TypeWant: true, wire.TypeBlobWant: true, wire.TypeRead: true}
	for _, frame := range relayed(peer.NewID()) {
		id := b.send(frame.kind, r.Number, frame.body)
		if quiet[frame.kind] {
			c.gets(id, frame.kind)
			continue
		}
		if e := b.refused(id, wire.ErrMuted); e.Wait <= 0 || e.Wait > time.Hour {
			t.Errorf("%v: a wait of %v", frame.kind, e.Wait)
		}
	}
	// A repeat is not said again: it is acknowledged.
	b.ok(b.Say(r.Number, old, "before"))
	b.gets(old, wire.TypeAck)
	owner.does(r, about(wire.RuleUnmute, b))
	c.roles(r, b, 0)
	c.gets(b.say(r.Number, "after"), wire.TypeMsg)
	mute.Seconds = 0
	owner.does(r, mute)
	if e := b.refused(b.say(r.Number, "x"), wire.ErrMuted); e.Wait != 0 {
		t.Errorf("muted for good, with a wait of %v", e.Wait)
	}
}

func TestRuleAMuteEndsByItself(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	mute := about(wire.RuleMute, b)
	mute.Seconds = 1
	owner.does(r, mute)
	owner.roles(r, b, wire.PersonMuted)
	b.refused(b.say(r.Number, "x"), wire.ErrMuted)
	owner.roles(r, b, 0)
	owner.gets(b.say(r.Number, "again"), wire.TypeMsg)
}

func TestRuleModerated(t *testing.T) {
	t.Parallel()
	owner, b, c, r := trio(t)
	owner.does(r, wire.Ruling{Action: wire.RuleFlags, Seconds: wire.RoomModerated})
	b.refused(b.say(r.Number, "x"), wire.ErrModerated)
	b.gets(owner.say(r.Number, "quiet please"), wire.TypeMsg)
	owner.does(r, about(wire.RuleOperator, b))
	b.does(r, about(wire.RuleVoice, c))
	owner.gets(c.say(r.Number, "thank you"), wire.TypeMsg)
	owner.gets(b.say(r.Number, "you are welcome"), wire.TypeMsg)
	c.does(r, about(wire.RuleNoVoice, c))
	c.refused(c.say(r.Number, "x"), wire.ErrModerated)
}
