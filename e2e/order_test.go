// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/wire"
)

// orders has whoever runs the server do something in a room; told says what everybody there hears.
func orders(t *testing.T, r *peer.Room, ruling wire.Ruling) error {
	t.Helper()
	return world.kernel(t).Order(t.Context(), genl.Order{
		Room: r.Name, Action: ruling.Action, Account: ruling.Account, Seconds: ruling.Seconds, Reason: ruling.Text,
	})
}

// hears waits for the RULED of an order: it is nobody's, and has no mark.
func (w *who) hears(r *peer.Room, want wire.Ruling) {
	w.t.Helper()
	f := w.find(fmt.Sprintf("RULED %+v", want), func(f peer.Frame) bool {
		got, err := wire.ParseRuled(f.Body)
		return f.Type == wire.TypeRuled && f.Room == r.Number && err == nil && got == want
	})
	if f.Sender != 0 || f.ID != (wire.ID{}) {
		w.t.Errorf("RULED of %d with the mark %x", f.Sender, f.ID)
	}
}

func TestOrderBansAnybody(t *testing.T) {
	t.Parallel()
	told := watching(t, world.server(t))
	owner, b, c, r := trio(t)
	owner.does(r, about(wire.RuleOperator, c))
	for _, w := range []*who{c, owner} { // an operator, the owner
		ban := about(wire.RuleBan, w)
		ban.Seconds, ban.Text = 3600, "by order"
		if err := orders(t, r, ban); err != nil {
			t.Fatal(err)
		}
		b.hears(r, ban)
		w.removed(r)
		if e := w.refused(w.send(wire.TypeJoin, 0, wire.Join{Name: r.Name}), wire.ErrBanned); e.Wait <= 59*time.Minute || e.Wait > time.Hour {
			t.Errorf("BANNED with a wait of %v", e.Wait)
		}
		e := told(genl.Event{What: "rule", RoomName: r.Name, Account: w.Me.Account})
		if e.Action == uint8(wire.RuleOperator) {
			e = told(genl.Event{What: "rule", RoomName: r.Name, Account: w.Me.Account})
		}
		if e.Action != uint8(wire.RuleBan) || e.By != 0 || e.Seconds != 3600 || e.Room != r.Number {
			t.Errorf("told of %+v", e)
		}
	}
	list, err := world.kernel(t).Standings(t.Context(), r.Name)
	if err != nil || len(list) != 2 || list[0].Flags != genl.StandingBanned || list[0].Account != c.Me.Account ||
		time.Until(time.UnixMilli(int64(list[1].BannedUntil))) < 50*time.Minute {
		t.Errorf("the room remembers %+v, %v", list, err)
	}
	// A banned owner owns nothing any more.
	if err := orders(t, r, about(wire.RuleUnban, owner)); err != nil {
		t.Fatal(err)
	}
	again := owner.rejoins(r)
	if p, _ := again.Find(owner.Me.Account); p.Flags != 0 {
		t.Errorf("the owner is back with the flags %#x", p.Flags)
	}
	owner.refused(owner.rules(r, about(wire.RuleKick, b)), wire.ErrForbidden)
}

func TestOrderMutesAndKicks(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	mute := about(wire.RuleMute, owner)
	mute.Seconds = 60
	if err := orders(t, r, mute); err != nil {
		t.Fatal(err)
	}
	b.hears(r, mute)
	b.roles(r, owner, wire.PersonOwner|wire.PersonMuted)
	owner.refused(owner.say(r.Number, "x"), wire.ErrMuted)
	if err := orders(t, r, about(wire.RuleUnmute, owner)); err != nil {
		t.Fatal(err)
	}
	b.hears(r, about(wire.RuleUnmute, owner))
	b.gets(owner.say(r.Number, "again"), wire.TypeMsg)
	if err := orders(t, r, about(wire.RuleKick, b)); err != nil {
		t.Fatal(err)
	}
	owner.hears(r, about(wire.RuleKick, b))
	b.removed(r)
}

// TestOrderThatCannotBe: each with its errno, and nothing done.
func TestOrderThatCannotBe(t *testing.T) {
	owner, b, r := pair(t)
	admin, absent := enterAs(t, world.account(t, wire.PersonAdmin)), enter(t)
	admin.join(r.Name)
	d := owner.join(direct(owner, b))
	b.typed(wire.TypeInvited)
	nowhere := &peer.Room{}
	nowhere.Name = room()
	long := about(wire.RuleKick, b)
	long.Seconds = 5
	lines := about(wire.RuleBan, b)
	lines.Text = "a\nb"
	for what, c := range map[string]struct {
		room   *peer.Room
		ruling wire.Ruling
		want   syscall.Errno
	}{
		"a room that there is not":   {nowhere, about(wire.RuleBan, b), syscall.ENOENT},
		"a person that there is not": {r, wire.Ruling{Action: wire.RuleBan, Account: 1 << 60}, syscall.ENOENT},
		"nobody":                     {r, wire.Ruling{Action: wire.RuleBan}, syscall.ERANGE},
		"a room of two":              {d, about(wire.RuleBan, b), syscall.EINVAL},
		"banning an ADMIN":           {r, about(wire.RuleBan, admin), syscall.EINVAL},
		"muting an ADMIN":            {r, about(wire.RuleMute, admin), syscall.EINVAL},
		"muting who is not there":    {r, about(wire.RuleMute, absent), syscall.ESRCH},
		"removing who is not there":  {r, about(wire.RuleKick, absent), syscall.ESRCH},
		"making an operator":         {r, about(wire.RuleOperator, b), syscall.ERANGE},
		"no action":                  {r, about(0, b), syscall.ERANGE},
		"a kick with a time":         {r, long, syscall.EINVAL},
		"a reason of two lines":      {r, lines, syscall.EINVAL},
	} {
		if err := orders(t, c.room, c.ruling); !errors.Is(err, c.want) {
			t.Errorf("%s: want %v, got %v", what, c.want, err)
		}
	}
	if list, err := world.kernel(t).Standings(t.Context(), r.Name); err != nil || len(list) != 0 {
		t.Errorf("the room remembers %+v, %v", list, err)
	}
	// An ADMIN can be removed, who may come back.
	if err := orders(t, r, about(wire.RuleKick, admin)); err != nil {
		t.Fatal(err)
	}
	admin.removed(r)
	world.set(t, "room_rules", 1)
	if err := orders(t, r, about(wire.RuleBan, absent)); err != nil {
		t.Fatal(err)
	}
	if err := orders(t, r, about(wire.RuleBan, b)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("one more than the room remembers: %v", err)
	}
}

// TestOrderInARegisteredRoomIsKept: over the death of the machine, though nobody was there when it was given.
func TestOrderInARegisteredRoomIsKept(t *testing.T) {
	t.Parallel()
	s := registry(t)
	owner, b := s.comes(t, 0), s.comes(t, 1)
	r := owner.join("quay")
	owner.does(r, register)
	_, err := owner.Part(r.Number)
	owner.ok(err)
	if err := s.Runner.Kernel().Order(t.Context(), genl.Order{Room: "quay", Action: wire.RuleBan, Account: b.Me.Account}); err != nil {
		t.Fatal(err)
	}
	saved(t, s.Server, "banned", true)
	s.CutPower(t)
	b = s.comes(t, 1)
	b.refused(b.send(wire.TypeJoin, 0, wire.Join{Name: "quay"}), wire.ErrBanned)
	if err := s.Runner.Kernel().DeleteRoom(t.Context(), "quay"); err != nil {
		t.Fatal(err)
	}
	if err := s.Runner.Kernel().DeleteRoom(t.Context(), "quay"); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("once more: %v", err)
	}
	saved(t, s.Server, "quay", false)
	owner = s.comes(t, 0)
	if flags, there := listed(owner, "quay"); !there || flags != 0 {
		t.Errorf("the room: %v, flags %#x", there, flags)
	}
}
