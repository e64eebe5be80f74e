// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"testing"
	"time"

	"kchat/wire"
)

func (p *peer) readMark(seq, upTo uint64) {
	p.send(wire.Header{Type: wire.TypeRead, Room: roomNumber, Epoch: epochOne, Seq: seq, Sender: annaID}, wire.Stored{Epoch: epochOne, Seq: upTo})
}

func TestHowFarOthersHaveReadGoesForwardsOnly(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		p.readMark(7, 5)
		p.readMark(7, 3) // back
		p.readMark(7, 8) // not said yet
		p.readMark(7, 7)
		for _, want := range []uint64{5, 7} {
			e := await[ReadChanged](u, nil)
			if e.Person != annaID || e.Upto != (Position{Epoch: epochOne, Seq: want}) {
				t.Errorf("%+v, want %d", e, want)
			}
		}
		if got := u.ReadBy("lobby"); len(got) != 1 || got[annaID].Seq != 7 {
			t.Error(got)
		}
		p.presence(epochOne, 7, person(annaID, "Anna", wire.PersonLeft))
		await[PersonChanged](u, nil)
		if got := u.ReadBy("lobby"); len(got) != 0 {
			t.Error("who has left is still in the marks:", got)
		}
	})
}

func TestReadIsSaidForwardsAndNotTooOften(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		upTo := func(seq uint64) { u.Read("lobby", Position{Epoch: epochOne, Seq: seq}) }
		expect := func(seq uint64) {
			t.Helper()
			if m, err := wire.ParseStored(p.expectSoon(wire.TypeRead).Body); err != nil || m != (wire.Stored{Epoch: epochOne, Seq: seq}) {
				t.Error(m, err)
			}
		}
		upTo(2)
		expect(2)
		since := time.Now()
		upTo(3)
		upTo(9)
		upTo(4)
		expect(9)
		if time.Since(since) < readEvery {
			t.Error("it was said again after", time.Since(since))
		}
	})
}

func TestAwayIsSaidAndSaidAgainAfterALogin(t *testing.T) {
	bubble(t, func(t *testing.T, n *network) {
		u, p := open(t, n, meAndAnna(), nil)
		away := ask(func(ctx context.Context) (struct{}, error) { return struct{}{}, u.SetAway(ctx, true) })
		f := p.expectSoon(wire.TypeAway)
		if a, err := wire.ParseAway(f.Body); err != nil || !a.On {
			t.Error(a, err)
		}
		p.reply(f, wire.TypeOK, wire.Empty{})
		if _, err := away(); err != nil {
			t.Error(err)
		}
		p.presence(epochOne, 0, person(annaID, "Anna", wire.PersonAway))
		if e := await[PersonChanged](u, nil); e.Person.State != Away || u.OthersPresent("lobby") != 1 {
			t.Error("who is away is present:", e)
		}
	})
}
