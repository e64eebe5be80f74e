// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"crypto/rand"
	"errors"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
)

// outgoing does one thing at a time, in the order in which it was asked: saving a message takes a moment, and two that
// are saved side by side could change places.
type outgoing struct {
	queue []func() func(c *chat) tea.Cmd
	busy  bool
}

// enqueue adds something to be done.
func (c *chat) enqueue(do func() func(c *chat) tea.Cmd) tea.Cmd {
	c.out.queue = append(c.out.queue, do)
	if c.out.busy {
		return nil
	}
	return c.next()
}

// next does the first thing of the queue, and then the next.
func (c *chat) next() tea.Cmd {
	if len(c.out.queue) == 0 {
		c.out.busy = false
		return nil
	}
	do := c.out.queue[0]
	c.out.queue = c.out.queue[1:]
	c.out.busy = true
	return func() tea.Msg {
		apply := do()
		return applyMsg{c, func(c *chat) tea.Cmd {
			var cmd tea.Cmd
			if apply != nil {
				cmd = apply(c)
			}
			return tea.Batch(cmd, c.next())
		}}
	}
}

// post sends a draft. Whatever becomes of it, its words stay in the talk.
func (c *chat) post(draft rooms.Draft) tea.Cmd {
	client, names := c.session.Client, c.namesFor(draft)
	return c.enqueue(func() func(c *chat) tea.Cmd {
		draft.Mentions = meant(draft.Text, names)
		m, err := client.Send(draft)
		return func(c *chat) tea.Cmd {
			r := c.book.open(draft.Room)
			if changes(draft.Kind) {
				if err != nil {
					return c.warn(c.say("talk.not_sent", "why", c.reason(err)))
				}
				return nil // the client tells what becomes of it
			}
			if !m.ID.IsZero() {
				if r.talk.Message(m.ID) == nil { // an event may have told more already
					r.talk.Put(m)
				}
				return nil
			}
			if errors.Is(err, rooms.ErrAlone) {
				return c.keepUnsent(r, draft, rooms.StateAlone, "")
			}
			return c.keepUnsent(r, draft, rooms.StateFailed, reason(err))
		}
	})
}

// changes reports whether a message changes another one, and is seen by that alone.
func changes(k rooms.Kind) bool {
	return k == rooms.KindEdit || k == rooms.KindDelete || k == rooms.KindReact
}

// keepUnsent keeps in the talk what the client could not even save.
func (c *chat) keepUnsent(r *room, draft rooms.Draft, state rooms.State, why string) tea.Cmd {
	m := rooms.Message{
		Room: r.name, Time: c.cfg.Clock(), Sender: c.me.ID, Name: c.me.Name, Kind: rooms.KindText, Text: draft.Text,
		ReplyTo: draft.ReplyTo, Thread: draft.Thread, State: state, Failure: why,
	}
	_, _ = rand.Read(m.ID[:]) // never fails
	r.talk.Put(m)
	return nil
}

// postAgain sends an unsent message again.
func (c *chat) postAgain(m rooms.Message) tea.Cmd {
	if !c.kept(m) {
		if r := c.book.find(m.Room); r != nil {
			r.talk.Drop(m.ID)
		}
		return c.post(rooms.Draft{Room: m.Room, Kind: rooms.KindText, Text: m.Text, ReplyTo: m.ReplyTo, Thread: m.Thread})
	}
	client := c.session.Client
	return c.enqueue(func() func(c *chat) tea.Cmd {
		if err := client.Resend(m.Room, m.ID); err != nil {
			return func(c *chat) tea.Cmd { return c.warn(c.say("talk.not_sent", "why", c.reason(err))) }
		}
		return nil
	})
}

// throwAway drops an unsent message.
func (c *chat) throwAway(m rooms.Message) tea.Cmd {
	r := c.book.find(m.Room)
	if r == nil {
		return nil
	}
	if !c.kept(m) {
		r.talk.Drop(m.ID)
		return nil
	}
	client := c.session.Client
	return c.enqueue(func() func(c *chat) tea.Cmd {
		err := client.Discard(m.Room, m.ID)
		return func(c *chat) tea.Cmd {
			if err != nil {
				return c.warn(c.reason(err))
			}
			if changes(m.Kind) {
				r.talk.TakeBack(m)
			} else {
				r.talk.Drop(m.ID)
			}
			return nil
		}
	})
}
