// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"kchat/wire"
)

// drains says that the room goes on at another server, as one that is drained does.
func (p *peer) drains(host string, port uint16, server UUID) {
	p.t.Helper()
	p.send(wire.Header{Type: wire.TypeParted, Room: roomNumber}, wire.Parted{Reason: wire.ErrMoved})
	p.send(wire.Header{Type: wire.TypeMoved}, wire.Moved{Server: server, Host: host, Port: port, Room: "lobby"})
}

// moves is what the client tells when a room moves: where it is, and who is there; that we were out is no news.
func (u *user) moves(to UUID, address string) {
	u.t.Helper()
	there := await[Moved](u, nil)
	if there.Room != "lobby" || there.To.Server != to || there.To.Address != address || there.To.Name != "test" {
		u.t.Errorf("%+v", there)
	}
	if e, ok := (<-u.Events()).(Joined); !ok {
		u.t.Errorf("%+v", e)
	}
}

func TestARoomThatMovesWhileWeAreInItIsFollowedOverThreeHomes(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b, c := n.another(addressB, serverB), n.another(addressC, serverC)
		u, atA := open(t, n, meAndAnna(), nil)
		acknowledged := u.say("before")
		atA.echo(atA.expectSoon(wire.TypeMsg), epochOne, 1)
		u.awaitState(acknowledged, StateSent)

		// One is on its way when A gives the room away: A had heard of it too late.
		id := u.say("on its way")
		late := atA.expectSoon(wire.TypeMsg)
		atA.drains("b.example", 10107, serverB)
		atA.refuse(late, wire.ErrNotInRoom, 0, 0)
		atB := b.login()
		if j := atB.admit(epochTwo, 0, 0, meAndAnna()); j.Epoch != epochOne || j.Seq != 1 {
			t.Errorf("B is asked from %d, %d", j.Epoch, j.Seq)
		}
		u.moves(serverB, addressB)
		f := atB.expectSoon(wire.TypeMsg)
		if MessageID(f.ID) != id {
			t.Fatalf("B gets %v", f.ID)
		}
		atA.refuse(late, wire.ErrNotInRoom, 0, 0) // later still: A has no say any more
		synctest.Wait()
		if m, _ := u.store.find(id); m.State != StateSending {
			t.Errorf("%+v", m)
		}
		atB.echo(f, epochTwo, 1)
		u.awaitState(id, StateSent)

		// And on, with one that waited meanwhile.
		atB.drains("c.example", 10108, serverC)
		next := u.say("while it moves")
		atC := c.login()
		atC.admit(epochTwo+1, 0, 0, meAndAnna())
		u.moves(serverC, addressC)
		f = atC.expectSoon(wire.TypeMsg)
		if MessageID(f.ID) != next {
			t.Fatalf("C gets %v", f.ID)
		}
		atC.echo(f, epochTwo+1, 1)
		u.awaitState(next, StateSent)
		for atB.next().Type != wire.TypeBye { // WANT may come first, for the end of the epoch at A
		}
		for id, pos := range map[MessageID]Position{acknowledged: {epochOne, 1}, next: {epochTwo + 1, 1}} {
			if m, ok := u.store.find(id); !ok || m.Pos != pos {
				t.Errorf("%+v", m)
			}
		}
	})
}

func TestAServerThatDoesNotSayWhereItsRoomWentIsAsked(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b := n.another(addressB, serverB)
		u, atA := open(t, n, meAndAnna(), nil)
		id := u.say("on its way")
		atA.expectSoon(wire.TypeMsg)
		atA.send(wire.Header{Type: wire.TypeParted, Room: roomNumber}, wire.Parted{Reason: wire.ErrMoved})
		atA.movesTo(addressB, serverB)
		atB := b.login()
		atB.admit(epochTwo, 0, 0, meAndAnna())
		if f := atB.expectSoon(wire.TypeMsg); MessageID(f.ID) != id {
			t.Errorf("B gets %v", f.ID)
		}
	})
}

func TestMovedUnaskedCountsOnlyForARoomThatIsMoving(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _, atA, atB := openMoved(t, n, nil)
		n.another(addressC, serverC).setDown(true)
		moved := wire.Moved{Server: serverC, Host: "c.example", Port: 10108, Room: "lobby"}
		atB.send(wire.Header{Type: wire.TypeMoved}, moved) // we are in it there
		atA.send(wire.Header{Type: wire.TypeMoved}, moved) // it is not at A
		moved.Room = "nowhere"
		atB.send(wire.Header{Type: wire.TypeMoved}, moved)
		id := u.say("still at B")
		atB.echo(atB.expectSoon(wire.TypeMsg), epochTwo, 1)
		u.awaitState(id, StateSent)
		if u.OthersPresent("lobby") != 1 {
			t.Error(u.Roster("lobby"))
		}
	})
}

func TestARoomThatMovesInACircleEnds(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, _, _, atB := openMoved(t, n, nil)
		id := u.say("on its way")
		atB.expectSoon(wire.TypeMsg)
		atB.drains("b.example", 10107, serverB)
		if moved := u.parted(); moved.Retry || !errors.Is(moved, ErrMoveLoop) {
			t.Error(moved)
		}
		if m, _ := u.store.find(id); m.State != StateWaiting {
			t.Errorf("%+v", m)
		}
	})
}

// parted is the error with which we are out of a room.
func (u *user) parted() *MovedError {
	u.t.Helper()
	e := await[Parted](u, nil)
	moved, ok := errors.AsType[*MovedError](e.Err)
	if !ok {
		u.t.Fatalf("%+v", e)
	}
	return moved
}

func TestAHomeThatCannotBeReachedInAMoveIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b := n.another(addressB, serverB)
		b.setDown(true)
		u, atA := open(t, n, meAndAnna(), nil)
		id := u.say("on its way")
		atA.expectSoon(wire.TypeMsg)
		go atA.drain()
		atA.drains("b.example", 10107, serverB)
		if moved := u.parted(); !moved.Retry || !errors.Is(moved, ErrNoServer) {
			t.Error(moved)
		}
		b.setDown(false)
		atB := b.login()
		atB.admit(epochTwo, 0, 0, meAndAnna())
		await[Moved](u, nil)
		if f := atB.expectSoon(wire.TypeMsg); MessageID(f.ID) != id {
			t.Errorf("B gets %v", f.ID)
		}
	})
}

func TestWhatIsSaidIntoARoomThatHasJustLeftIsSaidAtItsNewHome(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b := n.another(addressB, serverB)
		u, atA := open(t, n, meAndAnna(), nil)
		id := u.say("a moment too late")
		atA.refuse(atA.expectSoon(wire.TypeMsg), wire.ErrMoved, 0, 0) // the others are gone, and we do not know yet
		atA.drains("b.example", 10107, serverB)
		go atA.drain()
		atB := b.login()
		atB.admit(epochTwo, 0, 0, meAndAnna())
		f := atB.expectSoon(wire.TypeMsg)
		if MessageID(f.ID) != id {
			t.Fatalf("B gets %v", f.ID)
		}
		atB.echo(f, epochTwo, 1)
		u.awaitState(id, StateSent)
	})
}

func TestWhatIsSaidWhenTheOthersHaveGoneAheadIsSaidAtTheNewHome(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b := n.another(addressB, serverB)
		u := n.start(nil)
		atA := n.login()
		atA.admit(epochOne, 0, 0, meAndAnna())
		await[Live](u, nil)
		atA.presence(epochOne, 1, person(annaID, "Anna", wire.PersonLeft))
		synctest.Wait()
		id := u.say("in between")
		u.awaitState(id, StateAlone)
		atA.drains("b.example", 10107, serverB)
		go atA.drain()
		atB := b.login()
		atB.admit(epochTwo, 0, 0, meAndAnna())
		f := atB.expectSoon(wire.TypeMsg)
		if MessageID(f.ID) != id {
			t.Fatalf("B gets %v", f.ID)
		}
		atB.echo(f, epochTwo, 1)
		u.awaitState(id, StateSent)
	})
}

func TestWhoComesFirstToANewHomeWaitsForTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		b := n.another(addressB, serverB)
		u, atA := open(t, n, meAndAnna(), nil)
		go atA.drain()
		atA.drains("b.example", 10107, serverB)
		atB := b.login()
		atB.admit(epochTwo, 0, 0, meAndAnna()[:1])
		await[Live](u, nil)
		id := u.say("to those who come")
		synctest.Wait()
		if m, _ := u.store.find(id); m.State != StateWaiting {
			t.Errorf("%+v", m)
		}
		atB.presence(epochTwo, 0, person(annaID, "Anna", wire.PersonPresent))
		f := atB.expectSoon(wire.TypeMsg)
		if MessageID(f.ID) != id {
			t.Fatalf("B gets %v", f.ID)
		}
		atB.echo(f, epochTwo, 1)
		u.awaitState(id, StateSent)
		atB.presence(epochTwo, 1, person(annaID, "Anna", wire.PersonLeft))
		go atB.drain()
		time.Sleep(2 * Settle)
		u.awaitState(u.say("to nobody"), StateAlone)
	})
}
