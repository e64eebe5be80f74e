// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"fmt"
	"testing"

	"kchat/e2e/peer"
	"kchat/server/genl"
	"kchat/wire"
)

// allAlone checks that every type of frame for a room is refused with ALONE, and leaves nothing behind.
func allAlone(t *testing.T, w *who, r uint32) {
	t.Helper()
	for _, c := range relayed(peer.NewID()) {
		id := w.send(c.kind, r, c.body)
		if e := w.refused(id, wire.ErrAlone); e.Cause != c.kind {
			t.Errorf("%v: ERROR names %v as its cause", c.kind, e.Cause)
		}
	}
}

func TestAloneNothingIsSentSequencedOrKept(t *testing.T) {
	t.Parallel()
	a := enter(t)
	name := room()
	r := a.join(name)
	allAlone(t, a, r.Number)
	b := enter(t)
	got := b.join(name)
	if got.Seq != 0 || got.Topic != "" || len(lasting(got.Past)) != 0 {
		t.Errorf("what was refused has left sequence %d, topic %q, %d messages", got.Seq, got.Topic, len(got.Past))
	}
	for _, f := range got.Past {
		if f.Type != wire.TypePresence {
			t.Errorf("the log has a %v", f.Type)
		}
	}
	a.sees(r.Number, b, wire.PersonPresent)
	only(t, a, b, got)
}

func TestAloneWithOneself(t *testing.T) {
	t.Parallel()
	a := enter(t)
	again := enterAs(t, a.acct)
	name := room()
	r := a.join(name)
	again.join(name)
	allAlone(t, a, r.Number)
	allAlone(t, again, r.Number)
}

func TestAloneAfterTheOtherLeft(t *testing.T) {
	t.Parallel()
	for how, leave := range map[string]func(w *who, r uint32){
		"by PART":             func(w *who, r uint32) { _, err := w.Part(r); w.ok(err) },
		"by BYE":              func(w *who, _ uint32) { w.send(wire.TypeBye, 0, wire.Empty{}); w.closed() },
		"by closing":          func(w *who, _ uint32) { w.ok(w.Close()) },
		"by reset":            func(w *who, _ uint32) { w.ok(w.Reset()) },
		"by a broken frame":   func(w *who, _ uint32) { w.ok(w.Bytes(header(0, wire.TypePing))); w.closed() },
		"by closing one half": func(w *who, _ uint32) { w.ok(w.CloseWrite()); w.closed() },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			a, b, r := pair(t)
			leave(b, r.Number)
			want := wire.PersonReconnecting
			if how == "by PART" || how == "by BYE" {
				want = wire.PersonLeft
			}
			a.sees(r.Number, b, want)
			allAlone(t, a, r.Number)
			late := a.meets(enter(t), r)
			only(t, a, late, r)
		})
	}
}

func TestABotCountsInPracticeRoomsOnly(t *testing.T) {
	t.Parallel()
	a := enter(t)
	bot := enterAs(t, world.account(t, genl.FlagBot))
	plain, practice := room(), room()
	r := a.join(plain)
	bot.join(plain)
	a.sees(r.Number, bot, wire.PersonPresent)
	allAlone(t, a, r.Number)

	r = a.joinAs(wire.Join{Name: practice, Flags: wire.RoomPractice})
	if r.Flags != wire.RoomPractice {
		t.Errorf("JOINED has the flags %#x", r.Flags)
	}
	bot.join(practice) // the flag is fixed at creation, whatever the second one says
	a.sees(r.Number, bot, wire.PersonPresent)
	id := a.say(r.Number, "hello, bot")
	bot.gets(id, wire.TypeMsg)
	a.gets(id, wire.TypeMsg)
	_, err := bot.Part(r.Number)
	bot.ok(err)
	a.sees(r.Number, bot, wire.PersonLeft)
	allAlone(t, a, r.Number)
}

// TestTwoBotsPractise: where bots count, they count for each other, too; elsewhere not even two of them are company.
func TestTwoBotsPractise(t *testing.T) {
	t.Parallel()
	one, two := enterAs(t, world.account(t, genl.FlagBot)), enterAs(t, world.account(t, genl.FlagBot))
	practice, plain := room(), room()
	r := one.joinAs(wire.Join{Name: practice, Flags: wire.RoomPractice})
	two.join(practice)
	two.gets(one.say(r.Number, "beep"), wire.TypeMsg)
	r = one.join(plain)
	two.join(plain)
	one.sees(r.Number, two, wire.PersonPresent)
	allAlone(t, one, r.Number)
}

// TestABotMayTalkToAPerson: a person counts, so a bot is not alone with one.
func TestABotMayTalkToAPerson(t *testing.T) {
	t.Parallel()
	a := enter(t)
	bot := enterAs(t, world.account(t, genl.FlagBot))
	name := room()
	a.join(name)
	r := bot.join(name)
	id := bot.say(r.Number, "beep")
	a.gets(id, wire.TypeMsg)
	bot.gets(id, wire.TypeMsg)
}

// TestAloneIsDecidedTogetherWithTheOrder: one leaves while the other sends. Each message is either refused, or it comes
// back and then the one who left had it before PARTED. There is no third case.
func TestAloneIsDecidedTogetherWithTheOrder(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	acked, refused := 0, 0
	for round := range 20 {
		said := sayUntil(a, r.Number)
		b.find("a message", func(f peer.Frame) bool { return f.Type == wire.TypeMsg })
		last, err := b.Part(r.Number)
		b.ok(err)
		ids, err := said()
		a.ok(err)
		seen := map[wire.ID]bool{ids[0]: true}
		for _, f := range last {
			seen[f.ID] = f.Type == wire.TypeMsg
		}
		for i, id := range ids {
			f := a.find("an answer", func(f peer.Frame) bool { return f.ID == id })
			switch {
			case f.Type == wire.TypeMsg && seen[id]:
				acked++
			case f.Type == wire.TypeError && a.error(f).Number == wire.ErrAlone && !seen[id]:
				refused++
			default:
				t.Fatalf("round %d, message %d: the author got%s, the other saw it: %v", round, i, names([]peer.Frame{f}), seen[id])
			}
		}
		got := b.joinAs(wire.Join{Name: r.Name, Epoch: r.Epoch, Seq: uint64(acked)})
		if got.Seq != uint64(acked) {
			t.Fatalf("%d messages were acknowledged, the room has %d", acked, got.Seq)
		}
		a.sees(got.Number, b, wire.PersonPresent)
	}
	if acked == 0 || refused == 0 {
		t.Errorf("%d messages went through, %d were refused", acked, refused)
	}
}

// sayUntil talks without a pause until the function it returns is called, which gives the ids. It says no more than a
// slow kernel can swallow in a while.
func sayUntil(w *who, room uint32) func() ([]wire.ID, error) {
	const most = 300
	type result struct {
		ids []wire.ID
		err error
	}
	stop, done := make(chan struct{}), make(chan result, 1)
	go func() {
		var r result
		for ending := false; !ending && r.err == nil; {
			if len(r.ids) == most {
				<-stop
			}
			select {
			case <-stop:
				ending = true // one more, which is certain to be refused
			default:
			}
			id := peer.NewID()
			r.ids = append(r.ids, id)
			r.err = w.Say(room, id, "do you hear me?")
		}
		done <- r
	}()
	return func() ([]wire.ID, error) {
		close(stop)
		r := <-done
		return r.ids, r.err
	}
}

// TestAloneRaceWithADyingConnection is the same with connections that break: what was acknowledged is in the log.
func TestAloneRaceWithADyingConnection(t *testing.T) {
	t.Parallel()
	const rounds, messages = 10, 20
	a, b, r := pair(t)
	seq := r.Seq
	for range rounds {
		ids := make([]wire.ID, messages)
		for i := range ids {
			ids[i] = peer.NewID()
		}
		done := make(chan error, 1)
		go func() { done <- b.Reset() }()
		for i, id := range ids {
			a.ok(a.Say(r.Number, id, fmt.Sprint(i)))
		}
		a.ok(<-done)
		acked := []wire.ID{}
		for _, id := range ids {
			f := a.find("an answer", func(f peer.Frame) bool { return f.ID == id })
			switch {
			case f.Type == wire.TypeMsg:
				acked = append(acked, id)
			case f.Type != wire.TypeError || a.error(f).Number != wire.ErrAlone:
				t.Fatalf("the author got%s", names([]peer.Frame{f}))
			}
		}
		a.sees(r.Number, b, wire.PersonReconnecting)
		back := resumed(t, b)
		got := back.joinAs(wire.Join{Name: r.Name, Epoch: r.Epoch, Seq: seq})
		a.sees(r.Number, back, wire.PersonPresent)
		past := lasting(got.Past)
		if len(past) != len(acked) {
			t.Fatalf("%d messages were acknowledged, %d are in the log", len(acked), len(past))
		}
		for i, f := range past {
			seq++
			if f.ID != acked[i] || f.Seq != seq {
				t.Fatalf("message %d in the log has the sequence %d, want %d", i, f.Seq, seq)
			}
		}
		b = back
	}
}
