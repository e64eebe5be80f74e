// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

// attention is whether somebody sits at the screen, and what the others were told of it.
type attention struct {
	last  time.Time // of a key
	asked bool      // /away was given: only /back ends it
	idle  bool      // no key for so long that the others were told
	said  bool      // what the server was told last: away
	busy  bool      // it is being told
}

// away reports whether the others are to see us away.
func (a *attention) away() bool { return a.asked || a.idle }

// stir notes that somebody is there: a key, a click, something pasted. The first one ends being idle.
func (c *chat) stir(msg tea.Msg) tea.Cmd {
	switch msg.(type) {
	case tea.KeyPressMsg, tea.PasteMsg, tea.MouseClickMsg, tea.MouseWheelMsg:
	default:
		return nil
	}
	c.attention.last = c.cfg.Clock()
	if !c.attention.idle {
		return nil
	}
	c.attention.idle = false
	c.viewed()
	if c.attention.asked {
		return nil
	}
	return tea.Batch(c.tell(c.say("away.off")), c.tellAway())
}

// doze says that we are away when no key came for long enough. What comes from then on is not read.
func (c *chat) doze() tea.Cmd {
	a := &c.attention
	if a.last.IsZero() {
		a.last = c.cfg.Clock()
	}
	if a.idle || c.cfg.Idle <= 0 || !c.link.online || c.cfg.Clock().Sub(a.last) < c.cfg.Idle {
		return nil
	}
	a.idle = true
	if a.asked {
		return nil
	}
	words := c.words.Count("away.idle", int(c.cfg.Idle/time.Minute))
	if c.cfg.Idle%time.Minute != 0 {
		words = c.say("away.idle_time", "time", c.cfg.Idle)
	}
	return tea.Batch(c.tell(words), c.tellAway())
}

// setAway is /away and /back.
func (c *chat) setAway(away bool) tea.Cmd {
	if c.session.Client == nil {
		return c.warn(c.say("composer.reading"))
	}
	c.attention.asked, c.attention.idle = away, false
	key := "away.off"
	if away {
		key = "away.on"
	}
	return tea.Batch(c.tell(c.say(key)), c.tellAway())
}

// tellAway tells the server what has changed, one thing at a time, so that none overtakes another. What could not be
// told is told when there is a connection again.
func (c *chat) tellAway() tea.Cmd {
	a, client := &c.attention, c.session.Client
	if a.busy || a.away() == a.said || client == nil {
		return nil
	}
	away := a.away()
	a.busy = true
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		err := client.SetAway(ctx, away)
		return func(c *chat) tea.Cmd {
			c.attention.busy = false
			if err != nil {
				if !c.link.online {
					return nil // it is told after the next login
				}
				return c.warn(c.reason(err))
			}
			c.attention.said = away
			return c.tellAway()
		}
	})
}

// looked reports whether what is at the end of a room is being looked at.
func (c *chat) looked(r *room) bool {
	return r == c.book.current && c.focused && !c.attention.idle && r.talk.Following() && !c.covered()
}

// viewed notes what is on the screen as read, here and for the others. While what was said before is still coming nothing
// is: the line above what is new would move on with it.
func (c *chat) viewed() {
	r := c.book.current
	if r == nil {
		return
	}
	if c.lookedInThread() {
		r.talk.ReadThread(c.aside.thread.Root())
	}
	if !c.looked(r) || r.coming {
		return
	}
	r.see()
	if c.session.Client != nil && !c.cfg.NoRead && c.link.online && r.live {
		c.session.Client.Read(r.name, r.read) // handed over: it does not wait, and says nothing twice
	}
}

// readBy takes how far somebody else has read.
func (c *chat) readBy(ev rooms.ReadChanged) {
	r := c.book.find(ev.Room)
	if r == nil {
		return
	}
	if ev.Upto.Compare(r.readBy[ev.Person]) > 0 {
		r.readBy[ev.Person] = ev.Upto
	}
	c.markRead(r)
}

// namesRead is how many readers a mark names; more are counted.
const namesRead = 2

// markRead puts two quiet marks into the talk: at our last message that all others here have read, and at the last one
// that somebody has.
func (c *chat) markRead(r *room) {
	if r != c.book.current {
		return // it is done when the room is shown
	}
	others := r.company(c.me.ID)
	marks := map[rooms.MessageID]string{}
	var all, some rooms.Position
	for i, p := range others {
		upTo := r.readBy[p.ID]
		if i == 0 || upTo.Compare(all) < 0 {
			all = upTo
		}
		if upTo.Compare(some) > 0 {
			some = upTo
		}
	}
	if m := r.talk.LastOf(c.me.ID, some); m != nil {
		var names []string
		for _, p := range others {
			if r.readBy[p.ID].Compare(m.Pos) >= 0 {
				names = append(names, text.Name(p.Name))
			}
		}
		switch {
		case len(names) > namesRead:
			marks[m.ID] = c.say("read.some", "n", len(names))
		default:
			marks[m.ID] = c.say("read.by", "names", strings.Join(names, ", "))
		}
	}
	if m := r.talk.LastOf(c.me.ID, all); m != nil {
		marks[m.ID] = c.say("read.all")
		if len(others) == 1 {
			marks[m.ID] = c.say("read.one")
		}
	}
	r.talk.MarkRead(marks)
}
