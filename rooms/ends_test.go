// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"testing"
	"testing/synctest"
	"time"

	"kchat/wire"
)

// reopen is a client that has epochOne up to a message and comes into a room with another epoch, of which it gets all
// after start.
func reopen(t *testing.T, n *network, seq, start uint64, people []wire.Person) (*user, *peer) {
	t.Helper()
	store := newMemStore()
	store.messages = []Message{{Room: "lobby", ID: MessageID{7}, Pos: Position{epochOne, seq}, Sender: annaID, Kind: KindText, Text: "old"}}
	store.stored["lobby"] = Position{epochOne, seq}
	u := n.start(func(c *Config) { c.Store, c.Pins = store, store })
	p := n.login()
	p.admit(epochTwo, start, start, people)
	return u, p
}

func (p *peer) wants(sender uint64, from, to Position) {
	p.t.Helper()
	p.send(wire.Header{Type: wire.TypeWant, Room: roomNumber, Epoch: epochTwo, Sender: sender},
		wire.Want{FromEpoch: from.Epoch, FromSeq: from.Seq, ToEpoch: to.Epoch, ToSeq: to.Seq})
}

func (p *peer) expectWant(from, to Position) {
	p.t.Helper()
	w, err := wire.ParseWant(p.expectSoon(wire.TypeWant).Body)
	if err != nil || w != (wire.Want{FromEpoch: from.Epoch, FromSeq: from.Seq, ToEpoch: to.Epoch, ToSeq: to.Seq}) {
		p.t.Fatalf("%+v, %v; expected %v to %v", w, err, from, to)
	}
}

// silent fails if the client sends anything but pings for a while.
func (p *peer) silent(d time.Duration) {
	p.t.Helper()
	said := make(chan wire.Frame, 1)
	go func() {
		for {
			f, err := p.read()
			if err != nil {
				return
			}
			if f.Type != wire.TypeStored {
				said <- f
				return
			}
		}
	}()
	time.Sleep(d) // virtual
	synctest.Wait()
	select {
	case f := <-said:
		p.t.Errorf("the client sent %v", f.Type)
	default:
	}
	p.conn.Close()
}

func TestTheEndOfAnEpochIsAskedForOnceAndWithoutAnAnswerSettled(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		p.silent(time.Hour)
		await(u, func(e Event) bool {
			if g, ok := e.(GapChanged); ok {
				t.Errorf("a gap of unknown size is told: %+v", g)
			}
			_, over := e.(Disconnected)
			return over
		})
		if len(u.store.gaps) != 0 {
			t.Error(u.store.gaps)
		}
	})
}

func TestWhatAnAuthorSaidAtTheEndOfAnEpochComes(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		p.reoffer(epochOne, 6, wire.ID{6}, "six")
		p.reoffer(epochOne, 8, wire.ID{8}, "eight")
		for _, want := range []uint64{6, 8} {
			if m := await[MessageChanged](u, nil).Message; m.Pos != (Position{epochOne, want}) || !m.Backfill {
				t.Errorf("%+v", m)
			}
		}
		// There was a seventh: now it is known that it is missing.
		if g := await[GapChanged](u, nil); g.State != GapOpen || g.From != (Position{epochOne, 5}) || g.To != (Position{epochOne, 8}) {
			t.Errorf("%+v", g)
		}
		p.expectWant(Position{epochOne, 5}, Position{epochOne, 8})
		p.reoffer(epochOne, 7, wire.ID{7, 7}, "seven")
		if g := await[GapChanged](u, nil); g.State != GapFilled {
			t.Errorf("%+v", g)
		}
	})
}

func TestWhoKnowsMoreOfAnEpochSaysSoAndTheRestIsAGap(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		p.wants(annaID, Position{epochOne, 9}, Position{epochOne, 9})
		if g := await[GapChanged](u, nil); g.State != GapOpen || g.From != (Position{epochOne, 5}) || g.To != (Position{epochOne, 9}) {
			t.Errorf("%+v", g)
		}
		for range wantTries {
			p.expectWant(Position{epochOne, 5}, Position{epochOne, 9})
		}
		go p.drain()
		await(u, func(g GapChanged) bool { return g.State == GapGivenUp })
		if len(u.store.gaps) != 1 {
			t.Error(u.store.gaps)
		}
	})
}

func TestWeSayHowFarWeKnowAnEpochUnlessSomebodyElseDid(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		_, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		p.wants(annaID, Position{epochOne, 3}, Position{epochTwo, 0})
		p.expectWant(Position{epochOne, 5}, Position{epochOne, 5})
		p.wants(annaID, Position{epochOne, 3}, Position{epochTwo, 0})
		p.wants(3, Position{epochOne, 5}, Position{epochOne, 5})
		p.silent(time.Minute)
	})
}

func TestTheEndIsAskedForAgainWhenSomebodyComes(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		_, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		p.presence(epochTwo, 0, person(3, "Bob", wire.PersonPresent))
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		p.silent(time.Hour)
	})
}

func TestWhatTheNewEpochsLogNoLongerHasIsAGapOfThatEpoch(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := reopen(t, n, 5, 40, meAndAnna())
		if g := await[GapChanged](u, nil); g.From != (Position{epochTwo, 0}) || g.To != (Position{epochTwo, 40}) {
			t.Errorf("%+v", g)
		}
		p.expectWant(Position{epochTwo, 0}, Position{epochTwo, 40})
	})
}

func TestALongWhileAfterwardsNobodyAsksForTheEndOfAnEpoch(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := reopen(t, n, 5, 0, meAndAnna()[:1])
		go p.silent(endAge + 3*time.Minute) // nobody was there to ask
		time.Sleep(endAge + time.Minute)
		p.presence(epochTwo, 0, person(annaID, "Anna", wire.PersonPresent))
		await[PersonChanged](u, nil)
		await[Disconnected](u, nil)
	})
}

func TestNobodyCanClaimAnEndBeyondReason(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		p.wants(annaID, Position{epochOne, 5 + endJump + 1}, Position{epochOne, 5 + endJump + 1})
		p.silent(time.Minute)
		if len(u.store.gaps) != 0 {
			t.Error(u.store.gaps)
		}
	})
}
