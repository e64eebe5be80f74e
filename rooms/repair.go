// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kchat/wire"
)

// gap is a range of one epoch of a room that is missing: after from and up to to.
type gap struct {
	from, to Position
	state    GapState
	turn     turn
	have     map[Position]bool // what is here of it
}

func (g *gap) holds(p Position) bool { return p.Compare(g.from) > 0 && p.Compare(g.to) <= 0 }

// whole reports whether nothing is missing any more.
func (g *gap) whole() bool { return uint64(len(g.have)) >= g.to.Seq-g.from.Seq }

// Gap is a range of a room that the store knows to be missing.
type Gap struct {
	From, To Position // after From and up to To
}

// GapStore is a Store that can list what is missing, so that a client goes on with repair after a restart.
type GapStore interface {
	MissingIn(ctx context.Context, community UUID, room string) ([]Gap, error)
}

// storedGaps lists the gaps that the store knows of a room.
func (c *Client) storedGaps(community UUID, name string) ([]*gap, error) {
	s, ok := c.cfg.Store.(GapStore)
	if !ok {
		return nil, nil
	}
	list, err := s.MissingIn(c.ctx, community, name)
	if err != nil {
		return nil, err
	}
	gaps := make([]*gap, 0, len(list))
	for _, g := range list {
		if g.From.Epoch != g.To.Epoch { // what is missing of the earlier epoch is asked for as its end
			g.From = Position{Epoch: g.To.Epoch}
		}
		if g.From.Compare(g.To) < 0 {
			gaps = append(gaps, &gap{from: g.From, to: g.To})
		}
	}
	return gaps[max(0, len(gaps)-oldGaps):], nil
}

// openGap notes that something is missing, and asks for it when the room is live.
func (c *Client) openGap(r *room, from, to Position, record bool) {
	c.noteGap(r, from, to, record)
	c.repair(r)
}

// noteGap notes that something is missing, unless all of it is here: what we wrote ourselves may be acknowledged
// without having come through the log.
func (c *Client) noteGap(r *room, from, to Position, record bool) *gap {
	for _, g := range r.gaps {
		if g.from == from && g.to == to {
			return g
		}
	}
	g := &gap{from: from, to: to, have: map[Position]bool{}}
	for _, pos := range r.ids.have {
		if g.holds(pos) {
			g.have[pos] = true
		}
	}
	if g.whole() {
		return g
	}
	if len(r.gaps) >= gapsMax {
		r.gaps = slices.Delete(r.gaps, 0, 1) // the store remembers it
	}
	r.gaps = append(r.gaps, g)
	result := result{event: GapChanged{Room: r.name, From: from, To: to, State: GapOpen}}
	if record {
		result.missing = &missing{community: c.view.session.community, room: r.name, from: from, to: to}
	}
	c.out.put(result)
	return g
}

func (c *Client) handleGap(r *room, f wire.Frame) error {
	g, err := wire.ParseGap(f.Body)
	if err != nil {
		return err
	}
	from, to := Position{Epoch: f.Epoch, Seq: g.From}, Position{Epoch: f.Epoch, Seq: g.To}
	if from.Compare(r.last) < 0 {
		from = r.last
	}
	if to.Compare(from) <= 0 {
		return nil
	}
	r.last = to
	c.openGap(r, from, to, true)
	// One of ours that came back in the gap would wait for ever. The server knows it if it still has it.
	for _, m := range slices.Clone(r.outbox) {
		c.step(r, m, onGap)
	}
	c.flush(r)
	return nil
}

var errNoRange = errors.New("this is no range of one epoch")

// Want asks the people of a room for what they wrote after from and up to to, in one epoch.
func (c *Client) Want(name string, from, to Position) error {
	_, err := call(context.Background(), c, func(done func(struct{}, error)) {
		r, ok := c.view.rooms[name]
		if !ok || r.number == 0 {
			done(struct{}{}, ErrNotInRoom)
			return
		}
		if from.Epoch != to.Epoch || from.Compare(to) >= 0 {
			done(struct{}{}, fmt.Errorf("asking for what lies after %v up to %v: %w", from, to, errNoRange))
			return
		}
		c.openGap(r, from, to, true)
		done(struct{}{}, nil)
	})
	return err
}

// handleReoffer takes what its author sends again.
func (c *Client) handleReoffer(h *home, f wire.Frame) error {
	o, err := wire.ParseReoffer(f.Body)
	if err != nil {
		return err
	}
	r := h.byNumber[f.Room]
	if r == nil || AccountID(o.To) != c.me() {
		return nil
	}
	pos := Position{Epoch: o.Epoch, Seq: o.Seq}
	missing := slices.ContainsFunc(r.gaps, func(g *gap) bool { return g.holds(pos) })
	end := r.beyond(pos)
	if !missing && end == nil {
		return nil
	}
	m, err := c.messageOf(r, o.Type, o.Flags, wire.Header{
		Epoch: o.Epoch, Seq: o.Seq, Time: o.Time, Sender: f.Sender, ID: f.ID,
	}, o.Body)
	if err != nil {
		c.log.Warn("a re-offer cannot be read", "sender", f.Sender, "error", err)
		return nil
	}
	m.Backfill = true
	if _, news := r.ids.add(m.ID, pos); news {
		c.out.put(result{messages: []Message{m}, event: MessageChanged{Message: m}})
		c.noticeAttachment(r, m)
	}
	if end != nil {
		c.cameBeyond(r, end, pos)
	}
	for _, g := range slices.Clone(r.gaps) {
		c.cameAgain(r, g, pos)
	}
	return nil
}

// cameAgain notes that a message of a gap is here.
func (c *Client) cameAgain(r *room, g *gap, pos Position) {
	if !g.holds(pos) || g.have[pos] || len(g.have) >= endJump {
		return
	}
	g.have[pos] = true
	g.turn.brought()
	if !g.whole() {
		return
	}
	r.gaps = slices.DeleteFunc(r.gaps, func(o *gap) bool { return o == g })
	c.out.put(result{
		event:   GapChanged{Room: r.name, From: g.from, To: g.to, State: GapFilled},
		missing: &missing{community: c.view.session.community, room: r.name, from: g.from, to: g.to, filled: true},
	})
	c.report(r)
}
