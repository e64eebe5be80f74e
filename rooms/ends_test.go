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

// awaitWant reads on until the client asks for something.
func (p *peer) awaitWant(from, to Position) {
	p.t.Helper()
	for begun := time.Now(); time.Since(begun) < time.Hour; {
		w, err := wire.ParseWant(p.expectSoon(wire.TypeWant).Body)
		if err != nil {
			p.t.Fatal(err)
		}
		if w == (wire.Want{FromEpoch: from.Epoch, FromSeq: from.Seq, ToEpoch: to.Epoch, ToSeq: to.Seq}) {
			return
		}
	}
	p.t.Fatalf("nobody is asked for %v to %v", from, to)
}

// wantsWithin hangs up after a while, and returns what the client asked for until then.
func (p *peer) wantsWithin(d time.Duration) []wire.Want {
	p.t.Helper()
	var wants []wire.Want
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			f, err := p.read()
			if err != nil {
				return
			}
			if f.Type == wire.TypeStored {
				continue
			}
			w, err := wire.ParseWant(f.Body)
			if err != nil || f.Type != wire.TypeWant {
				p.t.Errorf("the client sent %v, %v", f.Type, err)
			}
			wants = append(wants, w)
		}
	}()
	time.Sleep(d) // virtual
	synctest.Wait()
	p.conn.Close()
	<-done
	return wants
}

// silent fails if the client sends anything but pings for a while.
func (p *peer) silent(d time.Duration) {
	p.t.Helper()
	if wants := p.wantsWithin(d); len(wants) > 0 {
		p.t.Errorf("the client asked for %+v", wants)
	}
}

func TestTheEndOfAnEpochIsAskedForLessAndLessAndNeverShownWhileNobodyKnowsMore(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := reopen(t, n, 5, 0, meAndAnna())
		wants := p.wantsWithin(3 * time.Hour)
		for _, w := range wants {
			if w != (wire.Want{FromEpoch: epochOne, FromSeq: 5, ToEpoch: epochTwo}) {
				t.Errorf("%+v", w)
			}
		}
		if len(wants) < 14 || len(wants) > 18 {
			t.Errorf("asked for %d times in three hours", len(wants))
		}
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

// storeOfEpochs has the last message of each epoch that is over.
func storeOfEpochs(over uint64) *memStore {
	store := newMemStore()
	for k := uint64(1); k <= over; k++ {
		store.messages = append(store.messages, Message{Room: "lobby", ID: MessageID{byte(k)}, Pos: Position{k << 32, k}, Sender: annaID, Kind: KindText, Text: "old"})
	}
	store.stored["lobby"] = Position{over << 32, over}
	return store
}

// TestEveryEpochThatIsOverIsAskedFor has ten of them: the server was started anew again and again.
func TestEveryEpochThatIsOverIsAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		const over = 10
		store := storeOfEpochs(over)
		n.start(func(c *Config) { c.Store, c.Pins = store, store })
		p := n.login()
		p.admit((over+1)<<32, 0, 0, meAndAnna())
		asked := map[wire.Want]bool{}
		for range over {
			w, err := wire.ParseWant(p.expectSoon(wire.TypeWant).Body)
			if err != nil {
				t.Fatal(err)
			}
			asked[w] = true
		}
		for k := uint64(1); k <= over; k++ {
			if w := (wire.Want{FromEpoch: k << 32, FromSeq: k, ToEpoch: (k + 1) << 32}); !asked[w] {
				t.Errorf("%+v was not asked for", w)
			}
		}
	})
}

// TestEpochsThatCameAndWentWhileWeWereAwayCome takes what authors bring of ten epochs of which nothing is here.
func TestEpochsThatCameAndWentWhileWeWereAwayCome(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		const missed = 10
		store := newMemStore()
		store.messages = []Message{{Room: "lobby", ID: MessageID{7}, Pos: Position{epochOne, 5}, Sender: annaID, Kind: KindText, Text: "old"}}
		store.stored["lobby"] = Position{epochOne, 5}
		u := n.start(func(c *Config) { c.Store, c.Pins = store, store })
		p := n.login()
		p.admit(epochOne+100, 0, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochOne + 100, 0})
		for k := uint64(1); k <= missed; k++ {
			p.reoffer(epochOne+k, 1, wire.ID{1, byte(k)}, "missed")
			if m := await[MessageChanged](u, nil).Message; m.Pos != (Position{epochOne + k, 1}) {
				t.Errorf("%+v", m)
			}
		}
	})
}

func TestWhoHasAnEpochInBetweenSaysHowFarItWent(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		_, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		p.wants(annaID, Position{epochOne - 1, 3}, Position{epochTwo, 0})
		p.expectWant(Position{epochOne, 5}, Position{epochOne, 5})
	})
}

// TestOneQuestionForEverythingMakesNobodyTalkWithoutEnd asks for ten epochs again and again.
func TestOneQuestionForEverythingMakesNobodyTalkWithoutEnd(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		const over = 10
		store := storeOfEpochs(over)
		n.start(func(c *Config) { c.Store, c.Pins = store, store })
		p := n.login()
		p.admit((over+1)<<32, 0, 0, meAndAnna())
		for range over { // what we ask for ourselves
			p.expectSoon(wire.TypeWant)
		}
		for range 100 {
			p.wants(annaID, Position{}, Position{Epoch: (over + 1) << 32})
		}
		said := 0
		for _, w := range p.wantsWithin(wantDelay) {
			if w.FromEpoch == w.ToEpoch && w.FromSeq == w.ToSeq {
				if said++; w.FromEpoch>>32 > endSays || w.FromSeq != w.FromEpoch>>32 {
					t.Errorf("%+v", w)
				}
			}
		}
		if said != endSays {
			t.Errorf("%d answers", said)
		}
	})
}

func TestAnEpochInBetweenOfWhichWeHearIsAGap(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		p.wants(annaID, Position{epochOne + 1, 9}, Position{epochOne + 1, 9})
		if g := await[GapChanged](u, nil); g.From != (Position{Epoch: epochOne + 1}) || g.To != (Position{epochOne + 1, 9}) {
			t.Errorf("%+v", g)
		}
		p.awaitWant(Position{Epoch: epochOne + 1}, Position{epochOne + 1, 9})
	})
}

func TestWhatSomebodyElseAsksForWeDoNotAskForAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		_, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		for range 20 {
			time.Sleep(wantEvery - wantDelay)
			p.wants(annaID, Position{epochOne, 5}, Position{epochTwo, 0})
		}
		if wants := p.wantsWithin(wantSeldom); len(wants) == 0 {
			t.Error("it is never asked for again")
		} else if len(wants) > 12 {
			t.Errorf("asked for %d times", len(wants))
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
			p.awaitWant(Position{epochOne, 5}, Position{epochOne, 9})
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
		p.silent(wantEvery - 2*wantDelay)
	})
}

func TestTheEndIsAskedForAgainWhenSomebodyComes(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		_, p := reopen(t, n, 5, 0, meAndAnna())
		p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
		for pause := time.Duration(0); pause < 20*time.Minute; {
			asked := time.Now()
			p.expectWant(Position{epochOne, 5}, Position{epochTwo, 0})
			pause = time.Since(asked)
		}
		p.presence(epochTwo, 0, person(3, "Bob", wire.PersonPresent))
		if wants := p.wantsWithin(10 * time.Second); len(wants) < 2 {
			t.Errorf("%+v", wants)
		}
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
		p.conn.Close()
		await[Disconnected](u, nil)
		if len(u.store.gaps) != 0 {
			t.Error(u.store.gaps)
		}
	})
}
