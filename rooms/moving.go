// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"fmt"
	"slices"
	"time"

	"kchat/wire"
)

// movedWait is how long after a PARTED with MOVED the server may take to say where the room is. Then it is asked.
const movedWait = 2 * time.Second

// movesOn takes us out of a room that goes on at another home. All that was acknowledged here has come; what is not
// acknowledged waits, and goes to the new home.
func (c *Client) movesOn(r *room) {
	delete(r.home.byNumber, r.number)
	c.roomLost(r)
	c.saidOnTheWay(r)
	r.moving = c.after(movedWait, func() {
		r.moving = nil
		if r.wanted {
			c.join(r)
		}
	})
}

// onTheWay is how long before us the others may have left for the new home.
const onTheWay = 5 * time.Second

// saidOnTheWay has what was said after the others had left for the new home, and before we had, said there: nobody was
// alone.
func (c *Client) saidOnTheWay(r *room) {
	for _, m := range slices.Clone(r.outbox) {
		if m.State == StateAlone && time.Since(m.Time) < onTheWay {
			c.step(r, m, onResend)
		}
	}
}

// handleMoved takes MOVED that is no answer: a room that we are in goes on there.
func (c *Client) handleMoved(h *home, f wire.Frame) error {
	m, err := wire.ParseMoved(f.Body)
	if err != nil {
		return fmt.Errorf("reading where a room has moved: %w", err)
	}
	r := c.view.rooms[m.Room]
	if r == nil || r.home != h || r.moving == nil || !r.wanted || r.joining {
		return nil // the answer to the next JOIN says it again
	}
	r.stopMoving()
	r.follows = true
	c.moved(r, f)
	return nil
}

// stopMoving ends the wait for MOVED.
func (r *room) stopMoving() {
	if r.moving != nil {
		r.moving()
		r.moving = nil
	}
}

// arrives tells that we have followed a room to its new home. The others are on their way as we are, so whoever comes
// first is not alone at once.
func (c *Client) arrives(r *room) {
	if !r.follows {
		return
	}
	r.follows, r.settling = false, true
	c.out.tell(Moved{Room: r.name, To: identity(r.home.address, r.home.welcome)})
	number := r.number
	c.after(r.home.lostTime(), func() {
		if r.number == number {
			r.settling = false
		}
	})
}
