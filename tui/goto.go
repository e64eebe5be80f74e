// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/talk"
)

// aroundIt is how many messages are loaded before and after the one that one goes to.
const aroundIt = 60

// goTo brings a message of any room into sight, with the talk around it, and selects it. A room that one is not in is
// opened for reading.
func (c *chat) goTo(name string, at rooms.Position, id rooms.MessageID) tea.Cmd {
	return c.goAnd(name, at, id, nil)
}

// goAnd is goTo, and then does something with the message.
func (c *chat) goAnd(name string, at rooms.Position, id rooms.MessageID, then func(c *chat, r *room, m *talk.Message) tea.Cmd) tea.Cmd {
	left := c.closeThread()
	visit := c.book.find(name) == nil
	r := c.book.open(name)
	if visit {
		r.visit = true
		r.talk.Note(talk.NewNote(talk.NoteInfo, c.say("goto.visit", "room", c.book.title(r)), c.cfg.Clock()))
	}
	shown := tea.Batch(left, c.show(r))
	if m := r.talk.Message(id); m != nil && r.talk.Index(m) >= 0 {
		return tea.Batch(shown, c.lookAt(r, m, then))
	}
	if c.session.Archive == nil {
		return tea.Batch(shown, c.warn(c.say("goto.gone")))
	}
	if !r.ready {
		r.after = func(c *chat) tea.Cmd { return c.goAnd(name, at, id, then) }
		return shown
	}
	r.loading, r.next = false, nil // what is on its way belongs to another place
	r.turn++
	return tea.Batch(shown, c.readPage(r, func(ctx context.Context, a Archive, community rooms.UUID) ([]history.Entry, error) {
		return a.Around(ctx, community, r.name, at, aroundIt)
	}, func(c *chat, entries []history.Entry) tea.Cmd {
		before, after := 0, 0
		for _, e := range entries {
			switch e.Message.Pos.Compare(at) {
			case -1:
				before++
			case 1:
				after++
			}
		}
		r.talk.Show(entries, before >= aroundIt, after >= aroundIt)
		if !r.talk.Earlier() {
			c.markBeginning(r)
		}
		if m := r.talk.Message(id); m != nil {
			return c.lookAt(r, m, then)
		}
		return c.warn(c.say("goto.gone"))
	}))
}

// lookAt selects a message in the middle of the screen.
func (c *chat) lookAt(r *room, m *talk.Message, then func(c *chat, r *room, m *talk.Message) tea.Cmd) tea.Cmd {
	r.talk.Centre(m)
	r.talk.Select(m)
	cmds := []tea.Cmd{c.pictures()}
	if m.Picture() != nil {
		cmds = append(cmds, c.lookFor(r, m))
	}
	if then != nil {
		cmds = append(cmds, then(c, r, m))
	}
	return tea.Batch(cmds...)
}
