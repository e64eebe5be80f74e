// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"errors"
	"testing"
	"time"

	"kchat/wire"
)

// delivered says that so many people have stored up to a sequence; two are present.
func (p *peer) delivered(seq uint64, people uint32) {
	p.t.Helper()
	p.send(wire.Header{Type: wire.TypeDelivered, Room: roomNumber, Epoch: epochOne, Seq: seq},
		wire.Delivered{Present: 2, Steps: []wire.Step{{Seq: seq, People: people}}})
}

func TestDeliveredLeavesOneselfOut(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, append(meAndAnna(), person(3, "Bob", wire.PersonPresent)), nil)
		id := u.say("hello")
		p.echo(p.expectSoon(wire.TypeMsg), epochOne, 1)
		u.awaitState(id, StateSent)
		if s, err := wire.ParseStored(p.expect(wire.TypeStored).Body); err != nil || s.Seq != 1 {
			t.Fatal(s, err)
		}
		deliver := func(people uint32) {
			p.send(wire.Header{Type: wire.TypeDelivered, Room: roomNumber, Epoch: epochOne, Seq: 1},
				wire.Delivered{Present: 3, Steps: []wire.Step{{Seq: 1, People: people}, {Seq: 0, People: 3}}})
		}
		deliver(1) // that is us
		deliver(2)
		if m := u.awaitState(id, StateDelivered); m.Stored != 1 || m.Present != 2 {
			t.Errorf("delivered %d of %d", m.Stored, m.Present)
		}
		deliver(3)
		if m := u.awaitState(id, StateDelivered); m.Stored != 2 || m.Present != 2 {
			t.Errorf("delivered %d of %d", m.Stored, m.Present)
		}
	})
}

// What another session of ours has stored counts for the server before this one has said anything.
func TestDeliveredLeavesOnesOtherSessionsOut(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		people := meAndAnna()
		people[0].Sessions = 2
		u, p := open(t, n, people, nil)
		var id MessageID
		for seq := uint64(1); seq <= 2; seq++ { // of the second one nothing is reported for a second
			id = u.say("hello")
			p.echo(p.expectSoon(wire.TypeMsg), epochOne, seq)
			u.awaitState(id, StateSent)
		}
		p.delivered(2, 1) // that is our other session
		p.delivered(2, 2)
		if m := u.awaitState(id, StateDelivered); m.Stored != 1 || m.Present != 1 {
			t.Errorf("delivered %d of %d", m.Stored, m.Present)
		}
	})
}

// A session that goes on over a reconnect is counted as far as it had reported before.
func TestDeliveredLeavesOneselfOutAfterAReconnect(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		id := u.say("hello")
		p.echo(p.expectSoon(wire.TypeMsg), epochOne, 1)
		u.awaitState(id, StateSent)
		p.expect(wire.TypeStored)
		p.conn.Close()
		p = n.back(epochOne, meAndAnna())
		p.delivered(1, 1) // that is us
		p.delivered(1, 2)
		if m := u.awaitState(id, StateDelivered); m.Stored != 1 || m.Present != 1 {
			t.Errorf("delivered %d of %d", m.Stored, m.Present)
		}
	})
}

func TestStoredIsReportedOnceASecondAndOnlyWhatIsDurable(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		for seq := uint64(1); seq <= 5; seq++ {
			p.relay(said(epochOne, seq, annaID, wire.ID{byte(seq)}, "x"))
		}
		first, err := wire.ParseStored(p.expect(wire.TypeStored).Body)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		for seq := first.Seq; seq < 5; {
			s, err := wire.ParseStored(p.expect(wire.TypeStored).Body)
			if err != nil || s.Seq <= seq {
				t.Fatal(s, err)
			}
			if seq = s.Seq; time.Since(begun) < time.Second {
				t.Errorf("again after %v", time.Since(begun))
			}
		}
		u.store.mu.Lock()
		u.store.fail = errors.New("disk full")
		u.store.mu.Unlock()
		p.relay(said(epochOne, 6, annaID, wire.ID{6}, "x"))
		await(u, func(e MessageChanged) bool { return e.Message.Pos.Seq == 6 })
		p.send(wire.Header{Type: wire.TypePing, ID: wire.ID{9}}, wire.Empty{})
		time.Sleep(3 * time.Second) // virtual: a report would have come by now
		p.expect(wire.TypePong)
	})
}
