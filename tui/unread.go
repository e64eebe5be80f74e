// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"slices"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/rooms"
)

// arrived takes a message that is new to the screen. Where it is looked at it is read at once. What was said while we
// were away is divided from the rest even so, since nobody has seen it come.
func (c *chat) arrived(r *room, m rooms.Message) {
	if !c.counts(r, m) {
		c.viewed()
		return
	}
	if (c.looked(r) || c.inOpenThread(r, m)) && !m.Backfill {
		c.viewed()
		return
	}
	c.count(r, m)
	if r == c.book.current && r.unread == 1 {
		r.talk.Divide(r.read)
	}
}

// viewedIn notes what is on the screen as read, but not while what was said before is still coming: the line above what is
// new would move on with it.
func (c *chat) viewedIn(r *room) {
	if !r.coming {
		c.viewed()
	}
}

// counts reports whether a message is unread: of somebody else, and after what was read. In a room that we have never
// read it is what comes after we came: what was said before was not said to us.
func (c *chat) counts(r *room, m rooms.Message) bool {
	if m.Sender == c.me.ID || m.Kind != rooms.KindText || m.Pos.IsZero() {
		return false
	}
	if r.newcomer || r.read.IsZero() {
		return !m.Backfill
	}
	return m.Pos.Compare(r.read) > 0
}

func (c *chat) count(r *room, m rooms.Message) {
	r.unread++
	if c.mentionsMe(m) {
		r.mentions++
	}
}

// recount counts anew what is unread of what is loaded, and divides it from the rest.
func (c *chat) recount(r *room) {
	r.unread, r.mentions = 0, 0
	for _, m := range r.talk.After(r.read) {
		if c.counts(r, m.Message) {
			c.count(r, m.Message)
		}
	}
	if r.unread > 0 {
		r.talk.Divide(r.read)
	}
}

// comesIn notes that what was said before begins to come.
func (r *room) comesIn() {
	r.coming = true
	if !r.live && r.read.IsZero() {
		r.newcomer = true
	}
}

// cameIn notes that all that was said before has come: what is read begins here where nothing was read before.
func (r *room) cameIn() {
	r.live, r.coming = true, false
	if r.newcomer || r.read.IsZero() {
		r.read = r.talk.Newest()
	}
	r.newcomer = false
	if r.read.IsZero() {
		r.read = rooms.Position{Epoch: r.info.Epoch}
	}
}

// firstPage is the last screenful of a room, with all that is unread above it, as far as a talk holds so much. All says
// that there is no more.
func firstPage(ctx context.Context, a Archive, community rooms.UUID, room string, read rooms.Position) (entries []history.Entry, all bool, err error) {
	for n := screenful; ; n = min(4*n, windowMost) {
		entries, err = a.Page(ctx, community, room, rooms.Position{}, n)
		if err != nil || len(entries) < n {
			return entries, true, err
		}
		if n == windowMost || read.Seq == 0 || entries[0].Message.Pos.Compare(read) <= 0 {
			return entries, false, nil
		}
	}
}

// readFrom takes what was kept of a room that has no read mark for read, but for what has come on this screen.
func (r *room) readFrom(entries []history.Entry) {
	if r.read.Seq > 0 {
		return
	}
	for _, e := range slices.Backward(entries) {
		if r.talk.Message(e.Message.ID) == nil {
			r.read = e.Message.Pos
			return
		}
	}
}

// toFirstUnread goes up to the divider above what is new.
func (c *chat) toFirstUnread() tea.Cmd {
	r := c.book.current
	if r == nil || !r.talk.ToDivider() {
		return c.tell(c.say("chat.nothing_new"))
	}
	c.viewed()
	return c.pictures()
}

// undivide takes the divider away once what is below it was read.
func (c *chat) undivide() tea.Cmd {
	if r := c.book.current; r != nil && r.talk.Divided() && r.unread == 0 {
		r.talk.Divide(rooms.Position{})
	}
	return nil
}

// followHint goes where the row above the composer points.
func (c *chat) followHint() tea.Cmd {
	if r := c.book.current; r != nil && r.talk.Following() && r.talk.NewAbove(r.coming) > 0 {
		return c.toFirstUnread()
	}
	if r := c.book.current; r != nil && r.talk.Following() && r.talk.UnreadThreads() > 0 {
		return c.openThreads()
	}
	return c.toNewest()
}

// hintRight says what lies outside of the screen: what is new below or above, or how much more there is.
func (c *chat) hintRight(r *room) string {
	st := c.st
	below := r.talk.Below()
	switch above := r.talk.NewAbove(r.coming); {
	case below > 0 && r.mentions > 0:
		return st.Mention.Render(st.Glyphs.Down + " " + c.words.Count("hint.new", r.unread))
	case below > 0 && r.unread > 0:
		return st.Accent.Bold(true).Render(st.Glyphs.Down + " " + c.words.Count("hint.new", r.unread))
	case below > 0:
		return st.Accent.Render(st.Glyphs.Down + " " + c.words.Count("hint.below", below))
	case above > 0:
		return st.Accent.Render(st.Glyphs.Up + " " + c.words.Count("hint.above", above))
	}
	if n := r.talk.UnreadThreads(); n > 0 {
		return st.Badge.Render(c.words.Count("hint.threads", n))
	}
	return ""
}
