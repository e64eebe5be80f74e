// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"testing"

	"kchat/e2e/peer"
	"kchat/wire"
)

// TestEightReoffersMayBeUnanswered: one more is refused and passed on to nobody; after an answer it goes again.
func TestEightReoffersMayBeUnanswered(t *testing.T) {
	t.Parallel()
	a, b, r := pair(t)
	// In one write, so that the server reads them all before it has sent an answer.
	offer := func(count int) []wire.ID {
		var frames []byte
		ids := make([]wire.ID, count)
		for i := range ids {
			ids[i] = peer.NewID()
			frames = wire.AppendFrame(frames, wire.Header{Type: wire.TypeReoffer, Room: r.Number, ID: ids[i]}, reoffer(b.Me.Account))
		}
		a.ok(a.Bytes(frames))
		return ids
	}
	for range 3 {
		for _, id := range offer(wire.ReoffersMax) {
			a.gets(id, wire.TypeOK)
			b.gets(id, wire.TypeReoffer)
		}
	}
	ids := offer(wire.ReoffersMax + 1)
	for _, id := range ids[:wire.ReoffersMax] {
		a.gets(id, wire.TypeOK)
		b.gets(id, wire.TypeReoffer)
	}
	over := ids[wire.ReoffersMax]
	if e := a.refused(over, wire.ErrRate); e.Cause != wire.TypeReoffer || e.Wait == 0 {
		t.Errorf("ERROR RATE: %+v", e)
	}
	for _, id := range offer(wire.ReoffersMax) {
		a.gets(id, wire.TypeOK)
		b.gets(id, wire.TypeReoffer)
	}
	b.alive()
	for _, f := range b.Passed() {
		if f.ID == over {
			t.Error("what was refused has come")
		}
	}
}
