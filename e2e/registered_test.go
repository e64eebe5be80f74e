// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/server/vmtest"
	"kchat/wire"
)

var (
	register   = wire.Ruling{Action: wire.RuleRegister}
	unregister = wire.Ruling{Action: wire.RuleUnregister}
)

// harbour is a server of its own, with people whose accounts are on disk.
type harbour struct {
	*vmtest.Server
	people []string
}

func registry(t *testing.T) harbour {
	t.Helper()
	s := vmtest.Start(t)
	return harbour{s, s.AddUsers(t, "sailor", "password", 6)}
}

// comes logs in one of the people, by number.
func (h harbour) comes(t *testing.T, n int) *who {
	t.Helper()
	w := greetAt(t, h.Addr)
	w.ok(w.Login(h.people[n], "password"))
	w.KeepAlive(time.Second)
	return w
}

// saved waits until the file of the registered rooms has a text, or has it no more.
func saved(t *testing.T, s *vmtest.Server, text string, there bool) {
	t.Helper()
	eventually(t, text+" in rooms.json", func() bool {
		data, err := os.ReadFile(filepath.Join(s.Dir(), "rooms.json"))
		return err == nil && strings.Contains(string(data), text) == there
	})
}

// flags of a room as ROOMS_ARE has them, and whether it is on the list.
func listed(w *who, name string) (flags uint32, there bool) {
	w.t.Helper()
	for _, e := range roomList(w) {
		if e.Name == name {
			return e.Flags, true
		}
	}
	return 0, false
}

// TestRegisteredRoomIsThereAgain: with its owner, topic, flags, password, operators, voices, bans and mutes, after a
// restart of the server and after the death of its machine.
func TestRegisteredRoomIsThereAgain(t *testing.T) {
	t.Parallel()
	s := registry(t)
	owner, op, voice, mute := s.comes(t, 0), s.comes(t, 1), s.comes(t, 2), s.comes(t, 3)
	r := owner.joinAs(wire.Join{Name: "harbour", Flags: wire.JoinBacklog, Backlog: 7})
	for _, w := range []*who{op, voice, mute} {
		owner.meets(w, r)
	}
	owner.does(r, register)
	op.ruled(owner.rules(r, about(wire.RuleOperator, op)), owner, about(wire.RuleOperator, op))
	owner.does(r, about(wire.RuleVoice, voice))
	muted := about(wire.RuleMute, mute)
	muted.Seconds = 7200
	owner.does(r, muted)
	ban := s.comes(t, 4)
	banned := about(wire.RuleBan, ban)
	banned.Seconds = 3600
	owner.does(r, banned)
	owner.does(r, wire.Ruling{Action: wire.RuleFlags, Seconds: wire.RoomModerated | wire.RoomTopicLocked})
	owner.lock(r, "fish and ships")
	op.gets(owner.send(wire.TypeTopic, r.Number, wire.Talk{Text: []byte("the tide table")}), wire.TypeTopic)
	saved(t, s.Server, "the tide table", true)
	epoch := r.Epoch
	for _, ends := range []func(){func() { s.CutPower(t) }, func() { s.Restart(t) }} {
		ends()
		stranger := s.comes(t, 5)
		flags, there := listed(stranger, "harbour")
		want := wire.RoomRegistered | wire.RoomModerated | wire.RoomTopicLocked | wire.RoomPassword
		if !there || flags != want {
			t.Fatalf("ROOMS_ARE has the flags %#x: %v", flags, there)
		}
		stranger.refused(stranger.send(wire.TypeJoin, 0, wire.Join{Name: "harbour"}), wire.ErrRoomPassword)
		f := stranger.gets(stranger.knocks(r, "fish and ships"), wire.TypeJoined)
		joined, err := wire.ParseJoined(f.Body)
		if err != nil || joined.Topic != "the tide table" || joined.Backlog != 7 || f.Epoch <= epoch {
			t.Errorf("JOINED with epoch %#x after %#x: %+v, %v", f.Epoch, epoch, joined, err)
		}
		epoch = f.Epoch
		// Who is first is no owner, nor may they speak.
		stranger.refused(stranger.send(wire.TypeRule, f.Room, register), wire.ErrForbidden)
		for n, flags := range []uint8{wire.PersonOwner, wire.PersonOperator, wire.PersonVoice, wire.PersonMuted} {
			w := s.comes(t, n)
			w.gets(w.knocks(r, "fish and ships"), wire.TypeJoined)
			stranger.roles(&peer.Room{Number: f.Room}, w, flags)
			switch flags {
			case wire.PersonOperator:
				stranger.gets(w.say(f.Room, "aye"), wire.TypeMsg)
			case wire.PersonMuted:
				if e := w.refused(w.say(f.Room, "aye"), wire.ErrMuted); e.Wait <= 110*time.Minute || e.Wait > 2*time.Hour {
					t.Errorf("MUTED with a wait of %v", e.Wait)
				}
			}
		}
		outside := s.comes(t, 4)
		if e := outside.refused(outside.knocks(r, "fish and ships"), wire.ErrBanned); e.Wait <= 50*time.Minute || e.Wait > time.Hour {
			t.Errorf("BANNED with a wait of %v", e.Wait)
		}
	}
}

// TestRegisteredRoomOutlivesItsLastMember, and one that is not any more goes with them.
func TestRegisteredRoomOutlivesItsLastMember(t *testing.T) {
	owner, b, r := pair(t)
	other := owner.join(room())
	b.ruled(owner.rules(r, register), owner, register)
	b.refused(b.rules(r, unregister), wire.ErrForbidden)
	for _, w := range []*who{owner, b} {
		_, err := w.Part(r.Number)
		w.ok(err)
	}
	_, err := owner.Part(other.Number)
	owner.ok(err)
	world.set(t, "room_idle_ms", 0)
	eventually(t, "that the other room goes", func() bool { _, there := listed(b, other.Name); return !there })
	if flags, there := listed(b, r.Name); !there || flags != wire.RoomRegistered {
		t.Fatalf("the registered room: %v, flags %#x", there, flags)
	}
	// Somebody else is first, and not its owner.
	again := b.join(r.Name)
	if p, _ := again.Find(b.Me.Account); p.Flags != 0 || again.Epoch != r.Epoch {
		t.Errorf("the first has the flags %#x; epoch %#x after %#x", p.Flags, again.Epoch, r.Epoch)
	}
	owner.join(r.Name)
	b.ruled(owner.rules(again, unregister), owner, unregister)
	for _, w := range []*who{owner, b} {
		_, err := w.Part(again.Number)
		w.ok(err)
	}
	eventually(t, "that it goes", func() bool { _, there := listed(b, r.Name); return !there })
}

// TestRegisterTwice: what is so already is OK, and told to nobody.
func TestRegisterTwice(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	owner.gets(owner.rules(r, unregister), wire.TypeOK)
	owner.does(r, register)
	owner.gets(owner.rules(r, register), wire.TypeOK)
	owner.gets(owner.say(r.Number, "so"), wire.TypeMsg)
	b.alive()
	told := 0
	for _, f := range b.Passed() {
		if f.Type == wire.TypeRuled {
			told++
		}
	}
	if told != 1 {
		t.Errorf("RULED came %d times", told)
	}
	owner.does(r, unregister)
}

// TestRegisterByAnAdmin: an ADMIN registers what is not theirs, and a room without an owner.
func TestRegisterByAnAdmin(t *testing.T) {
	t.Parallel()
	owner, _, r := pair(t)
	admin := enterAs(t, world.account(t, wire.PersonAdmin))
	admin.join(r.Name)
	admin.does(r, register)
	owner.does(r, unregister)
	p := admin.joinAs(wire.Join{Name: room(), Flags: wire.RoomPractice})
	admin.does(p, register)
	if flags, _ := listed(owner, p.Name); flags != wire.RoomRegistered|wire.RoomPractice {
		t.Errorf("the flags are %#x", flags)
	}
	admin.does(p, unregister)
}

// TestRegisteredRoomsAreLimited: in all and for each person, at the edge.
func TestRegisteredRoomsAreLimited(t *testing.T) {
	a, b := enter(t), enter(t)
	var ours [3]*peer.Room
	for i := range ours {
		ours[i] = a.join(room())
	}
	theirs := b.join(room())
	world.set(t, "registered_per_person", 2)
	a.does(ours[0], register)
	a.does(ours[1], register)
	a.refused(a.rules(ours[2], register), wire.ErrRooms)
	// Handed over they are still whose who registered them.
	a.meets(b, ours[0])
	a.does(ours[0], about(wire.RuleOwner, b))
	a.refused(a.rules(ours[2], register), wire.ErrRooms)
	b.does(theirs, register)
	b.does(ours[0], unregister)
	a.does(ours[2], register)
	world.set(t, "registered_rooms", 3)
	last := b.join(room())
	b.refused(b.rules(last, register), wire.ErrRooms)
	a.does(ours[1], unregister)
	b.does(last, register)
	for _, end := range []struct {
		w *who
		r *peer.Room
	}{{a, ours[2]}, {b, last}, {b, theirs}} {
		end.w.does(end.r, unregister)
	}
}

// TestRegisteredRoomForgetsAnAccountThatIsGone: its standing, and that it owned the room.
func TestRegisteredRoomForgetsAnAccountThatIsGone(t *testing.T) {
	t.Parallel()
	owner, b, r := pair(t)
	k := world.kernel(t)
	owner.does(r, register)
	owner.does(r, about(wire.RuleOperator, b))
	for _, w := range []*who{b, owner} {
		if err := k.DeleteAccount(t.Context(), w.Me.Account); err != nil {
			t.Fatal(err)
		}
		w.ends(wire.ErrSession)
	}
	got, err := k.Room(t.Context(), r.Name)
	if err != nil || got.Owner != 0 || len(got.Standings) != 0 || got.Keeper != 0 {
		t.Errorf("left is %+v, %v", got, err)
	}
	// It is the ADMINs' now.
	admin := enterAs(t, world.account(t, wire.PersonAdmin))
	admin.does(admin.join(r.Name), unregister)
}

// TestRegisterWithoutADisk: not written is not registered, and nothing is left of it; what changes is written when the
// disk is there again.
func TestRegisterWithoutADisk(t *testing.T) {
	t.Parallel()
	s := registry(t)
	owner, b := s.comes(t, 0), s.comes(t, 1)
	r := owner.join("wreck")
	owner.meets(b, r)
	file := filepath.Join(s.Dir(), "rooms.json")
	block := func() { // as a full disk does, for root too
		if err := os.MkdirAll(filepath.Join(file, "in the way"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	block()
	owner.refused(owner.rules(r, register), wire.ErrService)
	if flags, _ := listed(b, "wreck"); flags != 0 {
		t.Errorf("the flags are %#x", flags)
	}
	if err := os.RemoveAll(file); err != nil {
		t.Fatal(err)
	}
	owner.does(r, register)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	block()
	b.gets(owner.send(wire.TypeTopic, r.Number, wire.Talk{Text: []byte("salvage")}), wire.TypeTopic)
	owner.refused(owner.rules(r, unregister), wire.ErrService)
	if err := os.RemoveAll(file); err != nil {
		t.Fatal(err)
	}
	saved(t, s.Server, "salvage", true)
	owner.does(r, unregister)
	saved(t, s.Server, "salvage", false)
	if _, err := s.Runner.Kernel().Room(t.Context(), "nowhere"); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("a room that there is not: %v", err)
	}
}
