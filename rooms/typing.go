// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"time"

	"kchat/wire"
)

const (
	typingEnds  = 6 * time.Second // by itself, docs/protocol.md section 5
	typingAgain = 3 * time.Second // so often it is said again while keys are pressed
)

// ourTyping is what we have said of our own typing.
type ourTyping struct {
	on   bool
	said time.Time
	stop func() // stops the timer that ends it
}

// Typing says that we type, or no longer do. It is meant to be called at every key: it is sent only as often as others
// need it, and ends by itself.
func (c *Client) Typing(name string, on bool) {
	c.post(func() {
		r, ok := c.view.rooms[name]
		if !ok || r.home.link == nil || !r.live || r.others(c.me()) == 0 {
			return
		}
		if r.ours.stop != nil {
			r.ours.stop()
			r.ours.stop = nil
		}
		if on {
			r.ours.stop = c.after(typingEnds, func() { r.ours = ourTyping{} })
		}
		if on == r.ours.on && (!on || time.Since(r.ours.said) < typingAgain) {
			return
		}
		r.ours.on, r.ours.said = on, time.Now()
		r.home.link.send(wire.Header{Type: wire.TypeTyping, Room: r.number}, wire.Typing{On: on})
	})
}

func (c *Client) handleTyping(r *room, f wire.Frame) error {
	t, err := wire.ParseTyping(f.Body)
	if err != nil {
		return err
	}
	who := AccountID(f.Sender)
	if _, here := r.people[who]; !r.live || !here || who == c.me() {
		return nil
	}
	if !t.On {
		c.stopsTyping(r, who)
		return nil
	}
	stop, was := r.typing[who]
	if was {
		stop()
	}
	r.typing[who] = c.after(typingEnds, func() { c.stopsTyping(r, who) })
	if !was {
		c.out.tell(TypingChanged{Room: r.name, Person: who, Typing: true})
	}
	return nil
}

// stopsTyping ends somebody's typing, if they were.
func (c *Client) stopsTyping(r *room, who AccountID) {
	stop, was := r.typing[who]
	if !was {
		return
	}
	stop()
	delete(r.typing, who)
	c.out.tell(TypingChanged{Room: r.name, Person: who, Typing: false})
}
