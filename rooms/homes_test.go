// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"kchat/wire"
)

var (
	serverB = UUID{0xb}
	serverC = UUID{0xc}
	serverD = UUID{0xd}
)

const (
	addressB = "b.example:10107"
	addressC = "c.example:10108"
)

// movesTo answers the next JOIN: the room is at that server.
func (p *peer) movesTo(address string, server UUID) {
	p.t.Helper()
	f := p.expectSoon(wire.TypeJoin)
	j, err := wire.ParseJoin(f.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	host, port, _ := strings.Cut(address, ":")
	n := uint16(0)
	for _, d := range port {
		n = n*10 + uint16(d-'0')
	}
	p.reply(f, wire.TypeMoved, wire.Moved{Server: server, Host: host, Port: n, Room: j.Name})
}

// moveFails is the error with which a room that has moved is given up.
func (u *user) moveFails() *MovedError {
	u.t.Helper()
	e := await[Parted](u, nil)
	moved, ok := errors.AsType[*MovedError](e.Err)
	if !ok || e.Room != "lobby" || moved.Room != "lobby" || moved.Retry {
		u.t.Fatalf("%+v", e)
	}
	return moved
}

// openMoved is a client in a room at B, with the peers of both servers.
func openMoved(t *testing.T, n *network, change func(*Config)) (u *user, b *network, atA, atB *peer) {
	t.Helper()
	b = n.another(addressB, serverB)
	u = n.start(change)
	atA = n.login()
	atA.movesTo(addressB, serverB)
	atB = b.login()
	atB.admit(epochTwo, 0, 0, meAndAnna())
	await[Live](u, nil)
	return u, b, atA, atB
}

func TestAMovedRoomIsFollowedToItsHome(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _, _, b := openMoved(t, n, nil)
		if u.OthersPresent("lobby") != 1 || u.store.pins[addressB].Server != serverB {
			t.Error(u.Roster("lobby"), u.store.pins)
		}
		id := u.say("over there")
		f := b.expectSoon(wire.TypeMsg)
		b.echo(f, epochTwo, 1)
		if m := u.awaitState(id, StateSent); m.Community != peerCommunity || m.Pos != (Position{epochTwo, 1}) {
			t.Errorf("%+v", m)
		}
		b.relay(said(epochTwo, 2, annaID, wire.ID{9}, "welcome"))
		if m := await(u, func(e MessageChanged) bool { return e.Message.Sender == annaID }).Message; m.Text != "welcome" || m.Name != "Anna" {
			t.Errorf("%+v", m)
		}
	})
}

func TestRoomsOfTwoServersHaveTheirOwnNumbers(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _, a, b := openMoved(t, n, nil)
		join := ask(func(ctx context.Context) (RoomInfo, error) { return u.Join(ctx, "work", JoinOptions{}) })
		a.admit(epochOne, 0, 0, meAndAnna()) // the number of lobby at B
		if _, err := join(); err != nil {
			t.Fatal(err)
		}
		a.relay(said(epochOne, 1, annaID, wire.ID{1}, "at A"))
		if m := await[MessageChanged](u, nil).Message; m.Room != "work" {
			t.Errorf("%+v", m)
		}
		b.relay(said(epochTwo, 1, annaID, wire.ID{2}, "at B"))
		if m := await[MessageChanged](u, nil).Message; m.Room != "lobby" {
			t.Errorf("%+v", m)
		}
	})
}

func TestTheRoomsOfAllHomesAreOneList(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _, a, b := openMoved(t, n, nil)
		list := ask(func(ctx context.Context) ([]RoomInfo, error) { return u.Rooms(ctx) })
		answer := func(p *peer, entries ...wire.RoomEntry) {
			f := p.expectSoon(wire.TypeRooms)
			p.send(wire.Header{Type: wire.TypeRoomsAre, Flags: wire.FlagLast, ID: f.ID}, wire.RoomList(entries))
		}
		answer(a, wire.RoomEntry{Number: 1, Name: "work", People: 2}, wire.RoomEntry{Number: 2, Name: "lobby"})
		answer(b, wire.RoomEntry{Number: 1, Name: "garden", People: 3}, wire.RoomEntry{Number: 7, Name: "lobby", People: 5}, wire.RoomEntry{Number: 9, Name: "work"})
		got, err := list()
		if err != nil || len(got) != 3 {
			t.Fatal(got, err)
		}
		if got[0].Name != "work" || got[0].People != 2 || got[1].Name != "lobby" || got[1].People != 5 || got[2].Name != "garden" {
			t.Errorf("%+v", got)
		}
	})
}

func TestServersThatSendInACircleAreGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b := n.another(addressB, serverB)
		u := n.start(nil)
		a := n.login()
		a.movesTo(addressB, serverB)
		p := b.login()
		p.movesTo("a.example:10106", peerServer)
		if err := u.moveFails(); !errors.Is(err, ErrMoveLoop) || err.Host != "a.example" {
			t.Error(err)
		}
		p.expect(wire.TypeBye) // nothing else is there for us
		u.awaitState(u.say("x"), StateFailed)
	})
}

func TestTheThirdMoveInARowIsNotFollowed(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b, c := n.another(addressB, serverB), n.another(addressC, serverC)
		u := n.start(nil)
		n.login().movesTo(addressB, serverB)
		p := b.login()
		p.movesTo(addressC, serverC)
		p.expect(wire.TypeBye)
		c.login().movesTo("d.example:1", serverD)
		if err := u.moveFails(); !errors.Is(err, ErrMoveChain) || err.Server != serverD {
			t.Error(err)
		}
	})
}

func TestTwoMovesAreFollowedAndThenCountAnew(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b, c := n.another(addressB, serverB), n.another(addressC, serverC)
		u := n.start(nil)
		n.login().movesTo(addressB, serverB)
		p := b.login()
		p.movesTo(addressC, serverC)
		p.expect(wire.TypeBye)
		p = c.login()
		p.admit(epochTwo, 0, 0, meAndAnna())
		await[Live](u, nil)
		p.conn.Close()
		p = c.login()
		p.movesTo(addressB, serverB)
		p = b.login()
		p.admit(epochTwo+1, 0, 0, meAndAnna())
		await[Live](u, nil)
	})
}

func TestOnlyTheServerThatWasNamedIsLoggedInTo(t *testing.T) {
	for name, is := range map[string]struct {
		change func(*network)
		want   error
		login  bool
	}{
		"another server":        {func(b *network) { b.server = serverC }, ErrStranger, false},
		"another community":     {func(b *network) { b.community = UUID{9} }, ErrStranger, false},
		"weaker keys":           {func(b *network) { b.iterations = 4095 }, ErrWeakened, true},
		"another account":       {func(b *network) { b.account = 17 }, ErrStranger, true},
		"a password it has not": {nil, ErrRefused, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				b := n.another(addressB, serverB)
				if is.change != nil {
					is.change(b)
				}
				u := n.start(nil)
				n.login().movesTo(addressB, serverB)
				p := b.answer()
				if is.login {
					f := p.expect(wire.TypeAuth)
					if errors.Is(is.want, ErrWeakened) {
						p.reply(f, wire.TypeChallenge, wire.Raw("r="+string(f.Body[strings.Index(string(f.Body), ",r=")+3:])+"x,s=CgsMAAAAAAAAAAAAAAAAAA==,i=4095"))
					} else if is.change == nil {
						p.finishLogin(f, "another")
					} else {
						p.finishLogin(f, peerPassword)
					}
				}
				if err := u.moveFails(); !errors.Is(err, is.want) || err.Host != "b.example" || err.Port != 10107 {
					t.Error(err)
				}
				if f, err := p.reader.Next(); err == nil {
					t.Errorf("the client goes on with %v", f.Type)
				}
			})
		})
	}
}

func TestAHomeAsksForNoWeakerKeysThanTheMainServer(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		n.iterations = 5000
		b := n.another(addressB, serverB)
		u := n.start(nil)
		n.login().movesTo(addressB, serverB)
		p := b.answer()
		f := p.expect(wire.TypeAuth)
		go func() { _, _ = p.reader.Next() }()
		first := string(f.Body)
		p.reply(f, wire.TypeChallenge, wire.Raw("r="+first[strings.Index(first, ",r=")+3:]+"x,s=CgsMAAAAAAAAAAAAAAAAAA==,i=4999"))
		if err := u.moveFails(); !errors.Is(err, ErrWeakened) {
			t.Error(err)
		}
	})
}

func TestAHomeWithoutOurKeysIsAnImpostor(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b := n.another(addressB, serverB)
		u := n.start(nil)
		n.login().movesTo(addressB, serverB)
		p := b.answer()
		f := p.expect(wire.TypeAuth)
		first := string(f.Body)
		p.reply(f, wire.TypeChallenge, wire.Raw("r="+first[strings.Index(first, ",r=")+3:]+"x,s=CgsMAAAAAAAAAAAAAAAAAA==,i=4096"))
		p.reply(p.expect(wire.TypeProof), wire.TypeAuthOK, wire.AuthOK{Account: myID, Session: 1, Name: "Me", Data: []byte("v=" + strings.Repeat("A", 43) + "=")})
		if err := u.moveFails(); !errors.Is(err, ErrImpostor) {
			t.Error(err)
		}
	})
}

func TestAnAddressWithAnotherServerThanBeforeIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b := n.another(addressB, serverB)
		u := n.start(func(c *Config) {
			c.Store.(*memStore).pins[addressB] = Pin{Address: addressB, Server: serverD, Name: "old"}
		})
		n.login().movesTo(addressB, serverB)
		b.answer()
		if err := u.moveFails(); !errors.Is(err, ErrPinned) {
			t.Error(err)
		}
	})
}

func TestMovedMustSayWhere(t *testing.T) {
	for name, m := range map[string]wire.Moved{
		"no host":      {Server: serverB, Port: 1, Room: "lobby"},
		"no port":      {Server: serverB, Host: "b", Room: "lobby"},
		"no server":    {Host: "b", Port: 1, Room: "lobby"},
		"another room": {Server: serverB, Host: "b", Port: 1, Room: "work"},
		"a bad host":   {Server: serverB, Host: "b\x1b[2J", Port: 1, Room: "lobby"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *network) {
				u := n.start(nil)
				p := n.login()
				p.reply(p.expect(wire.TypeJoin), wire.TypeMoved, m)
				if e := await[Parted](u, nil); e.Err == nil {
					t.Error("it was followed")
				}
			})
		})
	}
}

func TestAHomeThatGoesAwayAndComesBackLosesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, b, a, p := openMoved(t, n, nil)
		go a.drain()
		b.setDown(true)
		id := u.say("on the way")
		p.expectSoon(wire.TypeMsg)
		p.conn.Close()
		gone := await[Parted](u, nil)
		if moved, ok := errors.AsType[*MovedError](gone.Err); !ok || !moved.Retry || !errors.Is(gone.Err, ErrNoServer) {
			t.Errorf("%+v", gone)
		}
		if m, _ := u.store.find(id); m.State != StateWaiting || u.Roster("lobby") != nil {
			t.Errorf("%+v", m)
		}
		later := u.say("while it was away")
		b.setDown(false)
		p = b.login()
		if !p.resume {
			t.Error("the session was not resumed")
		}
		p.admit(epochTwo, 0, 0, meAndAnna())
		await[Live](u, nil)
		for seq, want := range []MessageID{id, later} {
			f := p.expectSoon(wire.TypeMsg)
			if MessageID(f.ID) != want {
				t.Errorf("%v came instead of %v", f.ID, want)
			}
			p.echo(f, epochTwo, uint64(seq)+1)
			u.awaitState(want, StateSent)
		}
	})
}

func TestWhenAHomeStaysAwayTheMainServerIsAskedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, b, a, p := openMoved(t, n, nil)
		c := n.another(addressC, serverC)
		b.setDown(true)
		p.conn.Close()
		await[Parted](u, nil)
		a.movesTo(addressC, serverC)
		c.login().admit(epochTwo+1, 0, 0, meAndAnna())
		await[Live](u, nil)
	})
}

func TestTheMainConnectionMayBreakWhileAHomeStays(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _, a, b := openMoved(t, n, nil)
		a.conn.Close()
		await[Disconnected](u, nil)
		id := u.say("still here")
		b.echo(b.expectSoon(wire.TypeMsg), epochTwo, 1)
		u.awaitState(id, StateSent)
		a = n.login()
		go a.drain()
		await[Online](u, nil)
		if u.OthersPresent("lobby") != 1 {
			t.Error(u.Roster("lobby"))
		}
	})
}

func TestAnOutboxOfAnEarlierRunGoesToTheHome(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		old := Message{Community: peerCommunity, Room: "lobby", ID: newMessageID(), Sender: myID, Kind: KindText, Text: "old", State: StateWaiting}
		_, _, _, b := openMoved(t, n, func(c *Config) {
			s := c.Store.(*memStore)
			s.messages = append(s.messages, old)
		})
		if f := b.expectSoon(wire.TypeMsg); MessageID(f.ID) != old.ID {
			t.Error(f)
		}
	})
}

func TestWhoLeavesAMovedRoomLeavesItsHome(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _, a, b := openMoved(t, n, nil)
		part := ask(func(ctx context.Context) (struct{}, error) { return struct{}{}, u.Part(ctx, "lobby") })
		b.reply(b.expectSoon(wire.TypePart), wire.TypeParted, wire.Parted{})
		b.expectSoon(wire.TypeBye)
		if _, err := part(); err != nil {
			t.Error(err)
		}
		join := ask(func(ctx context.Context) (RoomInfo, error) { return u.Join(ctx, "lobby", JoinOptions{}) })
		a.admit(epochTwo+1, 0, 0, meAndAnna())
		if _, err := join(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseSaysGoodbyeToEveryHome(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _, a, b := openMoved(t, n, nil)
		u.Close()
		done := make(chan struct{})
		go func() { a.expectSoon(wire.TypeBye); close(done) }()
		b.expectSoon(wire.TypeBye)
		<-done
		if err := <-u.run; err != nil {
			t.Error(err)
		}
	})
}

func TestHomesAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		var names []string
		for i := range homesMax + 1 {
			names = append(names, "room"+string(rune('a'+i)))
		}
		u := n.start(func(c *Config) { c.Rooms = names })
		for i := range homesMax + 1 {
			n.another("h"+string(rune('a'+i))+":1", UUID{1, byte(i)}).setDown(true)
		}
		p := n.login()
		for i := range homesMax + 1 {
			p.movesTo("h"+string(rune('a'+i))+":1", UUID{1, byte(i)})
		}
		e := await(u, func(e Parted) bool { return errors.Is(e.Err, ErrMoveCount) })
		if !slices.Contains(names, e.Room) {
			t.Error(e)
		}
	})
}
