// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"slices"
	"time"

	"kchat/wire"
)

// storedReport is how far a room is durable here, and how far the server was told.
type storedReport struct {
	kept     Position // durable, in the order of the log
	reported Position // since we joined
	counted  Position // the furthest that was reported in this epoch: the server may remember it over a reconnect
	due      bool     // a timer will report
	sent     time.Time
}

// keptUpTo notes that everything of a room's log up to pos is durable here, and tells the server when it is time.
func (c *Client) keptUpTo(r *room, pos Position) {
	if pos.Compare(r.stored.kept) > 0 {
		r.stored.kept = pos
	}
	c.report(r)
}

// report sends STORED, at most once in the time that the server allows.
func (c *Client) report(r *room) {
	if r.home.link == nil || !r.live || r.stored.due {
		return
	}
	every := time.Duration(r.home.welcome.Limit(wire.LimitStoredMS, 1000)) * time.Millisecond
	if wait := every - time.Since(r.stored.sent); wait > 0 {
		r.stored.due = true
		c.after(wait, func() {
			r.stored.due = false
			c.report(r)
		})
		return
	}
	upTo := c.withoutGap(r, r.stored.kept)
	if upTo.Seq == 0 || upTo.Epoch != r.info.Epoch || upTo.Compare(r.stored.reported) <= 0 {
		return
	}
	r.stored.reported, r.stored.counted, r.stored.sent = upTo, upTo, time.Now()
	r.home.link.send(wire.Header{Type: wire.TypeStored, Room: r.number}, wire.Stored{Epoch: upTo.Epoch, Seq: upTo.Seq})
}

// withoutGap is how far everything is here: not beyond a gap of this epoch that may still be filled.
func (c *Client) withoutGap(r *room, pos Position) Position {
	for _, g := range r.gaps {
		if g.state == GapOpen && g.from.Epoch == pos.Epoch && g.from.Compare(pos) < 0 {
			pos = g.from
		}
	}
	return pos
}

// mineKept is how many of our messages are watched until everybody has stored them.
const mineKept = 256

// watch counts from now on who has stored one of our messages.
func (r *room) watch(m *Message) {
	r.mine = append(r.mine, m)
	if extra := len(r.mine) - mineKept; extra > 0 {
		r.mine = slices.Delete(r.mine, 0, extra)
	}
}

// handleDelivered counts who else has stored our messages.
func (c *Client) handleDelivered(r *room, f wire.Frame) error {
	d, err := c.decoder.Delivered(f.Body)
	if err != nil {
		return err
	}
	if !r.live {
		return nil
	}
	for _, m := range r.mine {
		stored, present := c.storedBy(r, d, m.Pos.Seq)
		if m.Pos.Epoch != f.Epoch || stored <= m.Stored {
			continue
		}
		m.Stored, m.Present = stored, max(present, stored)
		if after, changed := m.State.next(onStored); changed {
			m.State = after
		}
		c.told(m)
	}
	r.mine = slices.DeleteFunc(r.mine, func(m *Message) bool { return m.Stored > 0 && m.Stored >= m.Present })
	return nil
}

// countedUpTo reports whether the server may count us among those who have stored up to a sequence: this connection has
// said so, or one before it. What another session of ours has said is not known here, so it counts always. A person who is
// taken away too many is there again with our next report; one too many would stand there for ever.
func (c *Client) countedUpTo(r *room, seq uint64) bool {
	return c.counts(r) && (r.stored.counted.Seq >= seq || r.people[c.me()].Sessions > 1)
}

// storedBy is how many others are known to have stored up to a sequence, and how many others are present. We count in
// what the server says.
func (c *Client) storedBy(r *room, d wire.Delivered, seq uint64) (stored, present int) {
	for _, step := range d.Steps {
		if step.Seq < seq {
			continue
		}
		n := int(step.People)
		if c.countedUpTo(r, step.Seq) {
			n--
		}
		stored = max(stored, n)
	}
	present = int(d.Present)
	if c.counts(r) {
		present--
	}
	return stored, max(present, 0)
}

// counts reports whether we are among the people whom the room counts.
func (c *Client) counts(r *room) bool { return !c.view.session.me.Bot || r.info.Practice }
