// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"context"
	"fmt"
	"time"

	"kchat/wire"
)

// readEvery is how often READ is sent of one room, docs/protocol.md section 5.
const readEvery = time.Second

// ourRead is how far we have read a room, and how far we have said so.
type ourRead struct {
	upTo Position
	said Position
	sent time.Time
	due  bool // a timer will say it
}

// Read says that everything of a room up to a position was seen on a screen. It is meant to be called whenever
// something comes into sight: it is sent only forwards, and not more often than others need it.
func (c *Client) Read(name string, upTo Position) {
	c.post(func() {
		if r, ok := c.view.rooms[name]; ok && upTo.Seq > 0 && upTo.Compare(r.read.upTo) > 0 {
			r.read.upTo = upTo
			c.tellRead(r)
		}
	})
}

func (c *Client) tellRead(r *room) {
	if r.read.due || r.home.link == nil || !r.live || r.read.upTo.Epoch != r.info.Epoch ||
		r.read.upTo.Compare(r.read.said) <= 0 || r.others(c.me()) == 0 {
		return
	}
	if wait := readEvery - time.Since(r.read.sent); wait > 0 {
		r.read.due = true
		c.after(wait, func() {
			r.read.due = false
			c.tellRead(r)
		})
		return
	}
	r.read.said, r.read.sent = r.read.upTo, time.Now()
	r.home.link.send(wire.Header{Type: wire.TypeRead, Room: r.number}, wire.Stored{Epoch: r.read.said.Epoch, Seq: r.read.said.Seq})
}

// handleRead keeps how far somebody has read: forwards only, and not beyond what the room has said.
func (c *Client) handleRead(r *room, f wire.Frame) error {
	body, err := wire.ParseStored(f.Body)
	if err != nil {
		return err
	}
	who, upTo := AccountID(f.Sender), Position{Epoch: body.Epoch, Seq: body.Seq}
	_, here := r.people[who]
	if !r.live || !here || who == c.me() || body.Epoch != f.Epoch || body.Seq > f.Seq || upTo.Compare(r.readBy[who]) <= 0 {
		return nil
	}
	c.view.Lock()
	r.readBy[who] = upTo
	c.view.Unlock()
	c.out.tell(ReadChanged{Room: r.name, Person: who, Upto: upTo})
	return nil
}

// ReadBy is how far the others in a room have said that they have read it. It holds no more people than the room has.
func (c *Client) ReadBy(name string) map[AccountID]Position {
	c.view.Lock()
	defer c.view.Unlock()
	marks := map[AccountID]Position{}
	if r, ok := c.view.rooms[name]; ok {
		for who, upTo := range r.readBy {
			marks[who] = upTo
		}
	}
	return marks
}

// SetAway says on all servers that we are away, or back, and says it again after each login.
func (c *Client) SetAway(ctx context.Context, away bool) error {
	homes, err := call(ctx, c, func(done func([]*home, error)) {
		c.away = away
		homes := []*home{c.main}
		for _, h := range c.homes {
			homes = append(homes, h)
		}
		done(homes, nil)
	})
	if err != nil {
		return fmt.Errorf("saying who is away: %w", err)
	}
	for _, h := range homes {
		if _, err := c.askHome(ctx, h, wire.Header{Type: wire.TypeAway}, wire.Away{On: away}); err != nil {
			return fmt.Errorf("saying who is away: %w", err)
		}
	}
	return nil
}

// tellAway repeats to a server that has a new session of ours that we are away.
func (c *Client) tellAway(h *home) {
	if c.away {
		h.link.send(wire.Header{Type: wire.TypeAway, ID: newMark()}, wire.Away{On: true})
	}
}
