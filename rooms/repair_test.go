// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"testing"
	"time"

	"kchat/wire"
)

func TestAGapIsAskedForFilledAndForgotten(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 3}, wire.Gap{From: 0, To: 2})
		p.relay(said(epochOne, 3, annaID, wire.ID{3}, "three"))
		g := await[GapChanged](u, nil)
		if g.State != GapOpen || g.From != (Position{epochOne, 0}) || g.To != (Position{epochOne, 2}) {
			t.Errorf("%+v", g)
		}
		w, err := wire.ParseWant(p.expectSoon(wire.TypeWant).Body)
		if err != nil || w != (wire.Want{FromEpoch: epochOne, ToEpoch: epochOne, ToSeq: 2}) {
			t.Fatal(w, err)
		}
		for _, seq := range []uint64{2, 1, 1} {
			p.reoffer(epochOne, seq, wire.ID{byte(seq)}, "again")
		}
		// Not missing at all: it must not be told twice.
		p.reoffer(epochOne, 3, wire.ID{3}, "three")
		for _, seq := range []uint64{2, 1} {
			m := await[MessageChanged](u, func(e MessageChanged) bool { return e.Message.Text == "again" }).Message
			if m.Pos.Seq != seq || !m.Backfill || m.Time.UnixMicro() != int64(seq) {
				t.Errorf("%+v", m)
			}
		}
		if g := await[GapChanged](u, nil); g.State != GapFilled {
			t.Errorf("%+v", g)
		}
		if len(u.store.filled) != 1 {
			t.Error("the store was not told")
		}
	})
}

func (p *peer) reoffer(epoch, seq uint64, id wire.ID, text string) {
	p.t.Helper()
	p.send(wire.Header{Type: wire.TypeReoffer, Room: roomNumber, Sender: annaID, ID: id}, wire.Reoffer{
		To: myID, Epoch: epoch, Seq: seq, Time: seq, Type: wire.TypeMsg, Body: wire.Talk{Text: []byte(text)}.Append(nil),
	})
}

func TestAGapThatNobodyFillsIsGivenUpAndTriedAgainWhenSomebodyComes(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 3}, wire.Gap{From: 0, To: 2})
		begun := time.Now()
		for range wantTries {
			p.expectSoon(wire.TypeWant)
		}
		if d := time.Since(begun); d != (wantTries-1)*wantEvery {
			t.Errorf("asked within %v", d)
		}
		await(u, func(g GapChanged) bool { return g.State == GapGivenUp })
		p.presence(epochOne, 3, person(3, "Bob", wire.PersonPresent))
		p.expectSoon(wire.TypeWant)
		p.reoffer(epochOne, 1, wire.ID{1}, "a")
		p.reoffer(epochOne, 2, wire.ID{2}, "b")
		await(u, func(g GapChanged) bool { return g.State == GapFilled })
	})
}

// TestAGapIsAskedForAsLongAsSomebodyIsThere has an author who has what is missing and did not hear the first WANTs.
func TestAGapIsAskedForAsLongAsSomebodyIsThere(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 3}, wire.Gap{From: 0, To: 1})
		last := time.Now()
		for try := range 20 {
			p.expectSoon(wire.TypeWant)
			pause := time.Since(last)
			last = time.Now()
			if longest := min(wantSeldom, wantEvery<<max(0, try-wantTries)); pause > longest {
				t.Errorf("the pause before WANT %d was %v, at most %v was expected", try, pause, longest)
			}
		}
		p.reoffer(epochOne, 1, wire.ID{1}, "at last")
		await(u, func(g GapChanged) bool { return g.State == GapFilled })
	})
}

func TestASecondDeviceOfSomebodyIsAskedToo(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		_, p := open(t, n, meAndAnna(), nil)
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 3}, wire.Gap{From: 0, To: 1})
		for range 12 { // until the pauses are long
			p.expectSoon(wire.TypeWant)
		}
		anna := person(annaID, "Anna", wire.PersonPresent)
		anna.Sessions++
		begun := time.Now()
		p.presence(epochOne, 3, anna)
		p.expectSoon(wire.TypeWant)
		if d := time.Since(begun); d > wantEvery {
			t.Errorf("after %v", d)
		}
	})
}

func TestWhatWeWroteOurselvesIsNotMissing(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		id := u.say("hello")
		f := p.expectSoon(wire.TypeMsg)
		p.send(wire.Header{Type: wire.TypeAck, Room: roomNumber, Epoch: epochOne, Seq: 2, Time: 5, Sender: myID, ID: f.ID}, wire.Empty{})
		u.awaitState(id, StateSent)
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 3}, wire.Gap{From: 0, To: 3})
		p.expectSoon(wire.TypeWant)
		p.reoffer(epochOne, 1, wire.ID{1}, "one")
		p.reoffer(epochOne, 3, wire.ID{3}, "three")
		await(u, func(g GapChanged) bool { return g.State == GapFilled })
	})
}

func TestNothingIsAskedWhileNobodyIsThere(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna()[:1], nil)
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 3}, wire.Gap{From: 0, To: 2})
		await[GapChanged](u, nil)
		p.presence(epochOne, 3, person(annaID, "Anna", wire.PersonPresent))
		p.expectSoon(wire.TypeWant)
	})
}

func TestTheLastPlaceOfAMessageCounts(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		p.relay(said(epochOne, 1, annaID, wire.ID{1}, "once"))
		await(u, func(e MessageChanged) bool { return e.Message.Text == "once" })
		p.conn.Close()
		p = n.login()
		p.admit(epochTwo, 0, 1, meAndAnna(), said(epochTwo, 1, annaID, wire.ID{1}, "once"))
		if m := await[MessageChanged](u, nil).Message; m.ID != (MessageID{1}) || m.Pos != (Position{epochTwo, 1}) {
			t.Errorf("%+v", m)
		}
	})
}

func TestAReofferBringsTheLastPlaceOfAMessageAndNoEarlierOne(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		p.relay(said(epochOne, 1, annaID, wire.ID{1}, "once"))
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 9}, wire.Gap{From: 1, To: 9})
		p.expectSoon(wire.TypeWant)
		for _, seq := range []uint64{5, 3} {
			p.reoffer(epochOne, seq, wire.ID{1}, "once")
		}
		p.reoffer(epochOne, 6, wire.ID{2}, "last")
		for _, want := range []uint64{1, 5, 6} {
			if m := await[MessageChanged](u, nil).Message; m.Pos.Seq != want {
				t.Errorf("%v %q, expected %d", m.Pos, m.Text, want)
			}
		}
	})
}

func TestOneOfOursThatCameBackInAGapIsSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		id := u.say("hello")
		p.expectSoon(wire.TypeMsg)
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 3}, wire.Gap{From: 0, To: 3})
		p.expectSoon(wire.TypeWant)
		f := p.expectSoon(wire.TypeMsg)
		p.send(wire.Header{Type: wire.TypeAck, Room: roomNumber, Epoch: epochOne, Seq: 2, Time: 5, Sender: myID, ID: f.ID}, wire.Empty{})
		if m := u.awaitState(id, StateSent); m.Pos.Seq != 2 {
			t.Errorf("%+v", m)
		}
	})
}

func TestGapsOfAnEarlierRunAreAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		store := newMemStore()
		store.stored["lobby"] = Position{epochOne, 9}
		store.gaps = []Gap{{Position{epochOne, 3}, Position{epochOne, 5}}}
		n.start(func(c *Config) { c.Store, c.Pins = store, store })
		p := n.login()
		if j := p.admit(epochOne, 9, 9, meAndAnna()); j.Seq != 9 {
			t.Errorf("%+v", j)
		}
		w, err := wire.ParseWant(p.expectSoon(wire.TypeWant).Body)
		if err != nil || w.FromSeq != 3 || w.ToSeq != 5 {
			t.Error(w, err)
		}
	})
}

func TestAWantIsAnsweredWithWhatWeWroteEightAtATime(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		store := newMemStore()
		for seq := uint64(1); seq <= 20; seq++ {
			sender := AccountID(myID)
			if seq == 5 {
				sender = annaID
			}
			store.messages = append(store.messages, Message{
				Community: peerCommunity, Room: "lobby", ID: MessageID{byte(seq)}, Sender: sender, Kind: KindText, Text: "mine",
				Pos: Position{epochOne, seq}, Time: time.UnixMicro(int64(seq)), State: StateReceived,
			})
		}
		u := n.start(func(c *Config) { c.Store, c.Pins = store, store })
		p := n.login()
		p.admit(epochOne, 0, 20, meAndAnna())
		await[Live](u, nil)
		begun := time.Now()
		p.send(wire.Header{Type: wire.TypeWant, Room: roomNumber, Sender: annaID},
			wire.Want{FromEpoch: epochOne, FromSeq: 2, ToEpoch: epochOne, ToSeq: 18})
		var waiting []wire.Frame
		for seq := uint64(3); seq <= 18; seq++ {
			if seq == 5 {
				continue
			}
			f := p.expectSoon(wire.TypeReoffer)
			r, err := wire.ParseReoffer(f.Body)
			if err != nil || r.To != annaID || r.Seq != seq || r.Epoch != epochOne || r.Time != seq || f.ID != (wire.ID{byte(seq)}) {
				t.Fatalf("%+v, %v", r, err)
			}
			if waiting = append(waiting, f); len(waiting) == reoffers {
				time.Sleep(time.Second) // virtual: a ninth would have come
				p.reply(waiting[0], wire.TypeOK, wire.Empty{})
				waiting = waiting[1:]
			}
		}
		if time.Since(begun) < 7*time.Second {
			t.Error("more than eight were unanswered")
		}
	})
}

// ours is a store with messages of ours, one after another from 1 on.
func ours(n uint64) *memStore {
	store := newMemStore()
	for seq := uint64(1); seq <= n; seq++ {
		store.messages = append(store.messages, Message{
			Community: peerCommunity, Room: "lobby", ID: MessageID{byte(seq)}, Sender: myID, Kind: KindText, Text: "mine",
			Pos: Position{epochOne, seq}, Time: time.UnixMicro(int64(seq)), State: StateReceived,
		})
	}
	return store
}

// TestACrowdThatAsksAtOnceIsAnsweredAtOnce has everybody miss something, as after the death of a server.
func TestACrowdThatAsksAtOnceIsAnsweredAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		store := ours(1)
		u := n.start(func(c *Config) { c.Store, c.Pins = store, store })
		p := n.login()
		p.admit(epochOne, 0, 1, meAndAnna())
		await[Live](u, nil)
		const crowd = 100
		for who := range uint64(crowd) {
			p.send(wire.Header{Type: wire.TypeWant, Room: roomNumber, Sender: 10 + who}, wire.Want{ToEpoch: epochOne, ToSeq: 9})
		}
		begun := time.Now()
		for range crowd {
			p.reply(p.expectSoon(wire.TypeReoffer), wire.TypeOK, wire.Empty{})
		}
		if d := time.Since(begun); d > wantDelay {
			t.Errorf("the last one had an answer after %v", d)
		}
	})
}

func TestOneThatTheServerDoesNotTakeHoldsUpNoOther(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		store := ours(20)
		u := n.start(func(c *Config) { c.Store, c.Pins = store, store })
		p := n.login()
		p.admit(epochOne, 0, 20, meAndAnna())
		await[Live](u, nil)
		p.send(wire.Header{Type: wire.TypeWant, Room: roomNumber, Sender: annaID}, wire.Want{ToEpoch: epochOne, ToSeq: 20})
		for seq := range uint64(20) {
			f := p.expectSoon(wire.TypeReoffer)
			if r, err := wire.ParseReoffer(f.Body); err != nil || r.Seq != seq+1 {
				t.Fatalf("%+v, %v", r, err)
			}
			if seq == 2 {
				p.refuse(f, wire.ErrBadFrame, 0, 0)
			} else {
				p.reply(f, wire.TypeOK, wire.Empty{})
			}
		}
	})
}

func TestABusyServerGetsAReofferAgain(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		store := newMemStore()
		store.messages = []Message{{
			Community: peerCommunity, Room: "lobby", ID: MessageID{1}, Sender: myID, Kind: KindText, Text: "mine",
			Pos: Position{epochOne, 1}, Time: time.UnixMicro(1), State: StateReceived,
		}}
		u := n.start(func(c *Config) { c.Store, c.Pins = store, store })
		p := n.login()
		p.admit(epochOne, 0, 1, meAndAnna())
		await[Live](u, nil)
		p.send(wire.Header{Type: wire.TypeWant, Room: roomNumber, Sender: annaID}, wire.Want{ToEpoch: epochOne, ToSeq: 9})
		f := p.expectSoon(wire.TypeReoffer)
		begun := time.Now()
		p.refuse(f, wire.ErrBusy, 2*time.Second, 0)
		if again := p.expectSoon(wire.TypeReoffer); again.ID != f.ID || time.Since(begun) != 2*time.Second {
			t.Errorf("%v after %v", again.ID, time.Since(begun))
		}
	})
}

func TestTalkWaitsUntilTheNameOfItsAuthorIsKnown(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u := n.start(nil)
		p := n.login()
		p.admit(epochOne, 0, 2, meAndAnna(), said(epochOne, 1, 7, wire.ID{1}, "one"), said(epochOne, 2, annaID, wire.ID{2}, "two"))
		f := p.expectSoon(wire.TypeWhois)
		if w, err := wire.ParseWhois(f.Body); err != nil || w.Account != 7 {
			t.Fatal(w, err)
		}
		p.reply(f, wire.TypePerson, person(7, "Gone", wire.PersonOffline))
		for i, want := range []string{"Gone", "Anna"} {
			if m := await[MessageChanged](u, nil).Message; m.Name != want || m.Pos.Seq != uint64(i+1) {
				t.Errorf("%+v", m)
			}
		}
		await[Live](u, nil)
	})
}

// Few people with much to ask one another do it quickly; the more read along, the longer are the pauses.
func TestThePauseBetweenWants(t *testing.T) {
	for others, want := range map[int]time.Duration{
		1: wantClose, 5: wantClose, 6: 120 * time.Millisecond, 24: 480 * time.Millisecond, 25: wantSpace, 9999: wantSpace,
	} {
		if got := pauseAmong(others); got != want {
			t.Errorf("%d others: %v, want %v", others, got, want)
		}
	}
	bubble(t, func(t *testing.T, n *network) {
		_, p := open(t, n, meAndAnna(), nil)
		for seq := uint64(1); seq < 21; seq += 2 {
			p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: seq + 1}, wire.Gap{From: seq - 1, To: seq})
			p.relay(said(epochOne, seq+1, annaID, wire.ID{byte(seq)}, "between"))
		}
		p.expectSoon(wire.TypeWant)
		begun := time.Now()
		for range 9 {
			p.expectSoon(wire.TypeWant)
		}
		if d := time.Since(begun); d != 9*wantClose {
			t.Errorf("nine more gaps were asked for in %v", d)
		}
	})
}

// hopeless are gaps that have been asked for in vain for long. Each is one place, and says so by its number.
func (p *peer) hopeless(gaps int) {
	p.t.Helper()
	for seq := range uint64(gaps) {
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 2*seq + 2}, wire.Gap{From: 2 * seq, To: 2*seq + 1})
		p.relay(said(epochOne, 2*seq+2, annaID, wire.ID{1, byte(seq)}, "between"))
	}
	for range gaps * (wantHope + 2) {
		p.expectSoon(wire.TypeWant)
	}
}

// TestWhatNobodyHasHoldsUpNothingElse: one gap among many that nobody can fill is asked for as if it were the only one.
func TestWhatNobodyHasHoldsUpNothingElse(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		const gaps = 60
		_, p := open(t, n, meAndAnna(), nil)
		p.hopeless(gaps)
		p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 2*gaps + 2}, wire.Gap{From: 2 * gaps, To: 2*gaps + 1})
		fresh := Position{epochOne, 2 * gaps}
		p.awaitWant(fresh, Position{epochOne, 2*gaps + 1})
		asked := time.Now()
		p.presence(epochOne, 2*gaps+2, person(3, "Bob", wire.PersonPresent)) // all of them are asked for once more
		p.awaitWant(fresh, Position{epochOne, 2*gaps + 1})
		if d := time.Since(asked); d < wantEvery || d > wantEvery+wantClose {
			t.Errorf("asked again after %v", d)
		}
	})
}

// TestWhoComesIsAskedTwiceForWhatNobodyHas and not time and again, as for what is missing since lately. Once would be too
// little: who has just come may not yet hear it.
func TestWhoComesIsAskedTwiceForWhatNobodyHas(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		_, p := open(t, n, meAndAnna(), nil)
		p.hopeless(1)
		p.presence(epochOne, 2, person(3, "Bob", wire.PersonPresent))
		if wants := p.wantsWithin(wantEvery << 3); len(wants) != 2 {
			t.Errorf("asked for %d times", len(wants))
		}
	})
}
