// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"kchat/wire"
)

// open starts a client and lets it into the lobby with these people.
func open(t *testing.T, n *network, people []wire.Person, change func(*Config)) (*user, *peer) {
	t.Helper()
	u := n.start(change)
	p := n.login()
	p.admit(epochOne, 0, 0, people)
	await[Live](u, nil)
	return u, p
}

func (u *user) say(text string) MessageID {
	u.t.Helper()
	m, err := u.Send(Draft{Room: "lobby", Text: text})
	if err != nil {
		u.t.Fatal(err)
	}
	return m.ID
}

// into brings one of our messages into a state, by what the protocol does and nothing else. It returns the peer of
// the connection that is there then.
func into(t *testing.T, n *network, u *user, p *peer, s State) (MessageID, *peer) {
	t.Helper()
	switch s {
	case StateWaiting:
		n.setDown(true)
		p.conn.Close()
		await[Disconnected](u, nil)
		id := u.say("hello")
		u.awaitState(id, StateWaiting)
		return id, nil
	case StateAlone:
		id := u.say("hello")
		p.refuse(p.expectSoon(wire.TypeMsg), wire.ErrAlone, 0, 0)
		u.awaitState(id, StateAlone)
		return id, p
	case StateFailed:
		id := u.say("hello")
		p.refuse(p.expectSoon(wire.TypeMsg), wire.ErrForbidden, 0, 0)
		u.awaitState(id, StateFailed)
		return id, p
	}
	id := u.say("hello")
	f := p.expectSoon(wire.TypeMsg)
	u.awaitState(id, StateSending)
	if s == StateSending {
		return id, p
	}
	p.echo(f, epochOne, 1)
	u.awaitState(id, StateSent)
	if s == StateDelivered {
		p.delivered(1, 2)
		u.awaitState(id, StateDelivered)
	}
	return id, p
}

// back lets a client in again after a disconnection.
func (n *network) back(epoch uint64, people []wire.Person, log ...wire.Frame) *peer {
	n.t.Helper()
	n.setDown(false)
	p := n.login()
	head := uint64(0)
	if len(log) > 0 {
		head = log[len(log)-1].Seq
	}
	p.admit(epoch, 0, head, people, log...)
	return p
}

// TestEveryCellOfTheLife plays each event to a message in each state over the protocol, and looks into the store for
// what has become of it.
func TestEveryCellOfTheLife(t *testing.T) {
	for s, state := range stateNames {
		if s == stateGone {
			continue
		}
		for e, event := range eventNames {
			want, _ := s.next(lifeEvent(e))
			t.Run(state+"/"+event, func(t *testing.T) {
				bubble(t, func(t *testing.T, n *network) {
					u, p := open(t, n, meAndAnna(), nil)
					id, p := into(t, n, u, p, s)
					play(t, n, u, p, id, s, lifeEvent(e))
					synctest.Wait()
					got, kept := u.store.find(id)
					if want == stateGone {
						if kept {
							t.Errorf("it is still kept as %s", stateNames[got.State])
						}
						return
					}
					if !kept || got.State != want {
						t.Errorf("it is %s (kept: %v), expected %s", stateNames[got.State], kept, stateNames[want])
					}
				})
			})
		}
	}
}

// play makes an event happen. p is nil while there is no connection.
func play(t *testing.T, n *network, u *user, p *peer, id MessageID, s State, e lifeEvent) {
	t.Helper()
	frame := said(epochOne, 7, myID, wire.ID(id), "hello")
	answered := wire.Frame{Header: wire.Header{Type: wire.TypeMsg, Room: roomNumber, ID: wire.ID(id)}}
	switch e {
	case onReady:
		if p == nil {
			p = n.back(epochOne, meAndAnna())
			p.expectSoon(wire.TypeMsg)
			return
		}
		p.presence(epochOne, 1, person(3, "Bob", wire.PersonPresent))
		await(u, func(e PersonChanged) bool { return e.Person.ID == 3 })
	case onAcknowledged:
		if p == nil {
			n.back(epochOne, meAndAnna(), frame)
			return
		}
		p.relay(frame)
	case onAlone, onBusy, onRefused:
		number := map[lifeEvent]wire.ErrorNumber{onAlone: wire.ErrAlone, onBusy: wire.ErrBusy, onRefused: wire.ErrForbidden}[e]
		switch {
		case p == nil && e == onAlone:
			go n.back(epochOne, meAndAnna()[:1]).drain()
			time.Sleep(21 * time.Second) // virtual: nobody comes
			return
		case p == nil && e == onRefused:
			// Refused before it is sent: written to a room that we are not in.
			u.refuseForTest(id)
			return
		case p == nil:
			return // the server cannot be busy with what it does not get
		}
		p.refuse(answered, number, time.Minute, 0)
	case onDisconnected:
		if p != nil {
			n.setDown(true)
			p.conn.Close()
			await[Disconnected](u, nil)
		}
	case onEpoch:
		if p == nil {
			n.back(epochTwo, meAndAnna()[:1])
			await[Live](u, nil)
			return
		}
		if s == StateSending {
			return // a room comes back with another epoch only after a disconnection, which makes it waiting
		}
		p.conn.Close()
		n.back(epochTwo, meAndAnna())
		await[Live](u, nil)
	case onGap:
		if p != nil {
			p.presence(epochOne, 1, person(annaID, "Anna", wire.PersonReconnecting)) // so that it is not sent again at once
			p.send(wire.Header{Type: wire.TypeGap, Room: roomNumber, Epoch: epochOne, Seq: 9}, wire.Gap{From: 8, To: 9})
			await[GapChanged](u, nil)
		}
	case onStored:
		if p != nil {
			p.delivered(7, 2) // us and somebody else
		}
	case onResend:
		if p != nil && s != StateAlone && s != StateFailed {
			_ = u.Resend("lobby", id) // ErrNoMessage where there is nothing to send again
			return
		}
		if p != nil {
			n.setDown(true) // so that it stays waiting
			p.conn.Close()
			await[Disconnected](u, nil)
		}
		if err := u.Resend("lobby", id); err != nil {
			t.Error(err)
		}
	case onDiscard:
		err := u.Discard("lobby", id)
		if s == StateSending && !errors.Is(err, ErrNoMessage) {
			t.Error("a message under way was dropped")
		}
	case onQuit:
		if p != nil {
			go p.drain()
		}
		u.Close()
		<-u.run
	}
}

// drain reads what the client says until the connection ends, and answers pings.
func (p *peer) drain() {
	for {
		if _, err := p.read(); err != nil {
			return
		}
	}
}

// refuseForTest lets a waiting message be refused as one to a room that we are not in.
func (u *user) refuseForTest(id MessageID) {
	done := make(chan struct{})
	u.post(func() {
		defer close(done)
		r, m := u.unsent(id)
		m.Failure = ErrNotInRoom.Error()
		u.step(r, m, onRefused)
	})
	<-done
}

func TestAMessageWrittenAloneIsNotSent(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna()[:1], nil)
		id := u.say("is anybody there?")
		u.awaitState(id, StateAlone)
		p.presence(epochOne, 0, person(annaID, "Anna", wire.PersonPresent))
		await(u, func(e PersonChanged) bool { return e.Person.Name == "Anna" && e.Was == Offline })
		if err := u.Resend("lobby", id); err != nil {
			t.Fatal(err)
		}
		f := p.expectSoon(wire.TypeMsg)
		if f.ID != wire.ID(id) {
			t.Error("it was sent again under another id")
		}
	})
}

func TestABotDoesNotCountExceptForPractice(t *testing.T) {
	bot := person(annaID, "bot", wire.PersonPresent)
	bot.Flags = wire.PersonBot
	bubble(t, func(t *testing.T, n *network) {
		u, _ := open(t, n, []wire.Person{meAndAnna()[0], bot}, nil)
		if u.OthersPresent("lobby") != 0 {
			t.Error("a bot counts")
		}
		u.awaitState(u.say("hello"), StateAlone)
	})
}

func TestASecondSessionOfOursIsStillAlone(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		me := meAndAnna()[0]
		me.Sessions = 2
		u, _ := open(t, n, []wire.Person{me}, nil)
		u.awaitState(u.say("hello"), StateAlone)
	})
}

func TestThreeInFlightComeBackInOrder(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		ids := []MessageID{u.say("one"), u.say("two"), u.say("three")}
		for i, id := range ids {
			f := p.expectSoon(wire.TypeMsg)
			if f.ID != wire.ID(id) {
				t.Fatalf("message %d is out of order", i)
			}
			p.echo(f, epochOne, uint64(i+1))
		}
		for i, id := range ids {
			if m := u.awaitState(id, StateSent); m.Pos != (Position{epochOne, uint64(i + 1)}) {
				t.Errorf("message %d is at %v", i, m.Pos)
			}
		}
	})
}

func TestWhatWasUnderWayIsSentAgainWithTheSameIDAndAcknowledgedByACK(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		id := u.say("hello")
		p.expectSoon(wire.TypeMsg)
		p.conn.Close()
		p = n.back(epochOne, meAndAnna())
		f := p.expectSoon(wire.TypeMsg)
		if f.ID != wire.ID(id) {
			t.Fatal("sent again under another id")
		}
		p.send(wire.Header{Type: wire.TypeAck, Room: roomNumber, Epoch: epochOne, Seq: 4, Time: 5, Sender: myID, ID: f.ID}, wire.Empty{})
		if m := u.awaitState(id, StateSent); m.Pos.Seq != 4 || m.Time.UnixMicro() != 5 {
			t.Errorf("%+v", m)
		}
	})
}

func TestABusyServerGetsItAgainWhenItSaid(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		id := u.say("hello")
		begun := time.Now()
		p.refuse(p.expectSoon(wire.TypeMsg), wire.ErrRate, 3*time.Second, 0)
		p.echo(p.expectSoon(wire.TypeMsg), epochOne, 1)
		if d := time.Since(begun); d != 3*time.Second {
			t.Errorf("sent again after %v", d)
		}
		u.awaitState(id, StateSent)
	})
}

func TestAtMostThirtyTwoAreUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		for range 40 {
			u.say("x")
		}
		var first wire.Frame
		for i := range inFlight {
			if f := p.expectSoon(wire.TypeMsg); i == 0 {
				first = f
			}
		}
		next := make(chan wire.Frame, 1)
		go func() { next <- p.expectSoon(wire.TypeMsg) }()
		synctest.Wait()
		if len(next) != 0 {
			t.Fatal("more than allowed are under way")
		}
		p.echo(first, epochOne, 1)
		<-next
	})
}

func TestTheOutboxOfAnEarlierRunGoesFirst(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		store := newMemStore()
		old := Message{Community: peerCommunity, Room: "lobby", ID: newMessageID(), Sender: myID, Kind: KindText, Text: "old", State: StateSending}
		store.messages = []Message{old}
		u := n.start(func(c *Config) { c.Store, c.Pins = store, store })
		u.say("new")
		p := n.login()
		p.admit(epochOne, 0, 0, meAndAnna())
		var texts []string
		for range 2 {
			talk, err := wire.ParseTalk(p.expectSoon(wire.TypeMsg).Body)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(talk.Text))
		}
		slices.Sort(texts)
		if !slices.Equal(texts, []string{"new", "old"}) {
			t.Error(texts)
		}
	})
}

func TestWhatWasRefusedInAnEarlierRunCanBeSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		store := newMemStore()
		old := Message{Community: peerCommunity, Room: "lobby", ID: newMessageID(), Sender: myID, Kind: KindText, Text: "old", State: StateAlone}
		store.messages = []Message{old}
		u, p := open(t, n, meAndAnna(), func(c *Config) { c.Store, c.Pins = store, store })
		u.say("new")
		if f := p.expectSoon(wire.TypeMsg); f.ID == wire.ID(old.ID) {
			t.Fatal("what was refused went out by itself")
		}
		if err := u.Resend("lobby", old.ID); err != nil {
			t.Fatal(err)
		}
		if f := p.expectSoon(wire.TypeMsg); f.ID != wire.ID(old.ID) {
			t.Error("another message was sent again")
		}
	})
}

func TestDraftsThatNoServerTakesAreRefusedAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _ := open(t, n, meAndAnna(), nil)
		for name, d := range map[string]Draft{
			"no text":            {Room: "lobby"},
			"not UTF-8":          {Room: "lobby", Text: "\xff"},
			"an escape":          {Room: "lobby", Text: "\x1b[0m"},
			"too long":           {Room: "lobby", Text: string(make([]byte, wire.TextMax+1))},
			"no room":            {Text: "x"},
			"an edit of nothing": {Room: "lobby", Kind: KindEdit, Text: "x"},
			"a blob nobody has":  {Room: "lobby", Attached: &Attachment{Hash: Hash{1}, Size: 1}},
		} {
			if _, err := u.Send(d); err == nil {
				t.Errorf("%s was taken", name)
			}
		}
		id := u.sayTo("elsewhere", "x")
		if m := u.awaitState(id, StateFailed); m.Failure == "" {
			t.Error("no reason is given")
		}
	})
}

func (u *user) sayTo(room, text string) MessageID {
	u.t.Helper()
	m, err := u.Send(Draft{Room: room, Text: text})
	if err != nil {
		u.t.Fatal(err)
	}
	return m.ID
}
