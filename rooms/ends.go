// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"kchat/wire"
)

// Nobody keeps how far an epoch went that is over. Those who are present find it out among themselves: a WANT says how
// far its author knows the epoch. See docs/protocol.md, section 6.

const (
	endsMax = 4                  // epochs of a room that are over and still looked after, the newest
	endAge  = 7 * 24 * time.Hour // so long after the next epoch began their ends are asked for
	endJump = 1 << 20            // messages by which what somebody says may go beyond what is known
)

// epochEnd is what is known of the end of an epoch that is over.
type epochEnd struct {
	known  Position        // up to there it is here, or noted as missing
	high   uint64          // the highest number that came or was spoken of
	have   map[uint64]bool // what came beyond known
	heard  uint64          // how far somebody else said they know it, since somebody asked
	asked  bool            // there is nothing to ask until somebody comes
	asking bool            // a WANT is out
}

// EpochStore is a Store that can tell how far it knows each epoch of a room.
type EpochStore interface {
	// Epochs returns the last position that is stored or noted as missing of each of the newest epochs, newest first.
	Epochs(ctx context.Context, community UUID, room string, most int) ([]Position, error)
}

func (c *Client) storedEpochs(community UUID, name string) ([]Position, error) {
	s, ok := c.cfg.Store.(EpochStore)
	if !ok {
		return nil, nil
	}
	return s.Epochs(c.ctx, community, name, endsMax+1)
}

// noteEnds takes the epochs that are over, when the room has been joined.
func (c *Client) noteEnds(r *room, known ...Position) {
	for _, p := range known {
		e := r.ends[p.Epoch]
		switch {
		case p.Epoch >= r.info.Epoch || p.Epoch == 0:
		case e == nil:
			r.ends[p.Epoch] = &epochEnd{known: p, high: p.Seq}
		case p.Compare(e.known) > 0:
			e.known, e.high = p, max(e.high, p.Seq)
		}
	}
	for _, e := range slices.Sorted(maps.Keys(r.ends))[:max(0, len(r.ends)-endsMax)] {
		delete(r.ends, e)
	}
}

// nextEnd is an end to ask for, nil if there is none.
func (c *Client) nextEnd(r *room) *epochEnd {
	if time.Since(r.info.Made) > endAge {
		return nil
	}
	for _, epoch := range slices.Backward(slices.Sorted(maps.Keys(r.ends))) {
		if e := r.ends[epoch]; !e.asked {
			return e
		}
	}
	return nil
}

// askForEnd asks who knows more of an epoch that is over. It is asked once for each who comes, and again as long as
// that brings something.
func (c *Client) askForEnd(r *room, e *epochEnd) {
	e.asked, e.asking = true, true
	next := r.info.Epoch
	for epoch := range r.ends {
		if epoch > e.known.Epoch {
			next = min(next, epoch)
		}
	}
	c.sendWant(r, e.known, Position{Epoch: next})
	r.wants.stop = c.after(wantEvery, func() {
		r.wants.stop = nil
		e.asking = false
		c.settleEnd(r, e)
		c.repair(r)
	})
}

// settleEnd makes a gap, whose size is known, of what is missing up to the highest number of an epoch.
func (c *Client) settleEnd(r *room, e *epochEnd) {
	if e.asking || e.high <= e.known.Seq {
		return
	}
	from, have := e.known, e.have
	e.known.Seq, e.have, e.asked = e.high, nil, false
	if uint64(len(have)) == e.high-from.Seq {
		return
	}
	g := c.noteGap(r, from, e.known, true)
	for seq := range have {
		g.have[Position{Epoch: from.Epoch, Seq: seq}] = true
	}
	c.repair(r)
}

// beyond is the epoch that is over whose end a position lies behind, nil if there is none.
func (r *room) beyond(p Position) *epochEnd {
	e := r.ends[p.Epoch]
	if e == nil && p.Epoch < r.info.Epoch && len(r.ends) < endsMax && slices.ContainsFunc(slices.Collect(maps.Keys(r.ends)),
		func(older uint64) bool { return older < p.Epoch }) {
		e = &epochEnd{known: Position{Epoch: p.Epoch}} // one that came and went while we were away
		r.ends[p.Epoch] = e
	}
	if e == nil || p.Seq <= e.known.Seq || p.Seq-e.known.Seq > endJump {
		return nil
	}
	return e
}

// cameBeyond notes that a message came that lies behind the end of an epoch as we knew it.
func (c *Client) cameBeyond(r *room, e *epochEnd, p Position) {
	if e.have == nil {
		e.have = map[uint64]bool{}
	}
	e.have[p.Seq], e.high = true, max(e.high, p.Seq)
	c.settleEnd(r, e)
}

// heardOfEnd takes what a WANT of somebody else says of an epoch that is over, and answers if we know more.
func (c *Client) heardOfEnd(r *room, w wire.Want) {
	from := Position{Epoch: w.FromEpoch, Seq: w.FromSeq}
	if e := r.beyond(from); e != nil {
		e.high = max(e.high, from.Seq)
		c.settleEnd(r, e)
	}
	e := r.ends[from.Epoch]
	if e == nil {
		return
	}
	if w.ToEpoch <= w.FromEpoch {
		e.heard = max(e.heard, from.Seq)
		return
	}
	if e.heard = from.Seq; e.known.Seq <= from.Seq {
		return
	}
	l := r.home.link
	c.after(rand.N(wantDelay), func() {
		if r.home.link == l && r.live && r.others(c.me()) > 0 && e.heard < e.known.Seq {
			e.heard = e.known.Seq
			c.sendWant(r, e.known, e.known)
		}
	})
}

func (c *Client) sendWant(r *room, from, to Position) {
	r.home.link.send(wire.Header{Type: wire.TypeWant, Room: r.number}, wire.Want{
		FromEpoch: from.Epoch, FromSeq: from.Seq, ToEpoch: to.Epoch, ToSeq: to.Seq,
	})
}
