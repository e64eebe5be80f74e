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
	endsMax = 64                 // epochs of a room that are over and still looked after, the newest
	endAge  = 7 * 24 * time.Hour // so long after the next epoch began their ends are asked for
	endSays = 8                  // epochs of which we say how far they went when somebody asks, the oldest
	endJump = 1 << 20            // messages by which what somebody says may go beyond what is known
)

// epochEnd is what is known of the end of an epoch that is over.
type epochEnd struct {
	known Position        // up to there it is here, or noted as missing
	high  uint64          // the highest number that came or was spoken of
	have  map[uint64]bool // what came beyond known
	heard uint64          // how far somebody else said they know it, since somebody asked
	turn  turn
	waits bool // more of it may be on its way: what is missing is counted a little later
	says  bool // we are about to say how far we know it
}

// newEnd is an end that is to be asked for.
func newEnd(known Position) *epochEnd {
	return &epochEnd{known: known, high: known.Seq, turn: turn{next: time.Now().Add(rand.N(wantDelay))}}
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
			r.ends[p.Epoch] = newEnd(p)
		case p.Compare(e.known) > 0:
			e.known, e.high = p, max(e.high, p.Seq)
		}
	}
	for _, e := range slices.Sorted(maps.Keys(r.ends))[:max(0, len(r.ends)-endsMax)] {
		delete(r.ends, e)
	}
}

// askForEnd asks who knows more of an epoch that is over, and of those after it of which nothing is here.
func (c *Client) askForEnd(r *room, e *epochEnd) {
	next := r.info.Epoch
	for epoch := range r.ends {
		if epoch > e.known.Epoch {
			next = min(next, epoch)
		}
	}
	c.sendWant(r, e.known, Position{Epoch: next})
}

// goesTo notes that an epoch went up to a number at least. What is missing is counted when more had time to come.
func (c *Client) goesTo(r *room, e *epochEnd, seq uint64) {
	e.high = max(e.high, seq)
	if e.waits {
		return
	}
	e.waits = true
	c.after(wantEvery, func() {
		e.waits = false
		c.settleEnd(r, e)
	})
}

// settleEnd makes a gap, whose size is known, of what is missing up to the highest number of an epoch.
func (c *Client) settleEnd(r *room, e *epochEnd) {
	if e.high <= e.known.Seq {
		c.repair(r)
		return
	}
	from, have := e.known, e.have
	e.known.Seq, e.have = e.high, nil
	e.turn.brought()
	if uint64(len(have)) < e.high-from.Seq {
		g := c.noteGap(r, from, e.known, true)
		for seq := range have {
			c.cameAgain(r, g, Position{Epoch: from.Epoch, Seq: seq})
		}
	}
	c.repair(r)
}

// beyond is the epoch that is over whose end a position lies behind, nil if there is none.
func (r *room) beyond(p Position) *epochEnd {
	e := r.ends[p.Epoch]
	if e == nil && p.Epoch < r.info.Epoch && len(r.ends) < endsMax && slices.ContainsFunc(slices.Collect(maps.Keys(r.ends)),
		func(older uint64) bool { return older < p.Epoch }) {
		e = newEnd(Position{Epoch: p.Epoch}) // one that came and went while we were away
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
	e.have[p.Seq] = true
	c.goesTo(r, e, p.Seq)
}

// heardOfEnd takes what a WANT of somebody else says of epochs that are over, and answers if we know more.
func (c *Client) heardOfEnd(r *room, w wire.Want) {
	from := Position{Epoch: w.FromEpoch, Seq: w.FromSeq}
	if e := r.beyond(from); e != nil {
		c.goesTo(r, e, from.Seq)
	}
	if w.ToEpoch <= w.FromEpoch {
		if e := r.ends[from.Epoch]; e != nil {
			e.heard = max(e.heard, from.Seq)
		}
		return
	}
	says := 0
	for _, epoch := range slices.Sorted(maps.Keys(r.ends)) {
		if epoch < w.FromEpoch || epoch >= w.ToEpoch {
			continue
		}
		e, said := r.ends[epoch], uint64(0)
		if epoch == w.FromEpoch {
			said = from.Seq
		}
		e.heard = said
		if said <= e.known.Seq {
			e.turn.askedByOther()
		}
		if said < e.known.Seq {
			c.sayEnd(r, e)
			if says++; says == endSays {
				return
			}
		}
	}
}

// sayEnd says how far we know an epoch that is over, a little later, unless somebody else says as much.
func (c *Client) sayEnd(r *room, e *epochEnd) {
	if e.says {
		return
	}
	e.says = true
	l := r.home.link
	c.after(rand.N(wantDelay), func() {
		e.says = false
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
