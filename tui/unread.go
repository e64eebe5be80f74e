// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/rooms"
)

// arrived takes a message that is new to the screen. Where it is looked at it is read at once. What was said while we
// were away is divided from the rest even so, since nobody has seen it come.
func (c *chat) arrived(r *room, m rooms.Message) {
	counts := c.counts(r, m)
	if counts && (m.Backfill || !c.looked(r) && !c.inOpenThread(r, m)) {
		c.count(r, m)
		c.divideAt(r, m)
		return
	}
	if !counts && c.missed(r, m) {
		c.divideAt(r, m)
	}
	c.viewed()
}

// missed reports whether a message that lies before what was read is new nevertheless: it was repaired after we had looked
// at the end of the room.
func (c *chat) missed(r *room, m rooms.Message) bool {
	return m.Backfill && m.Sender != c.me.ID && m.Kind == rooms.KindText && !r.left.IsZero() && m.Pos.Compare(r.left) > 0
}

// divideAt puts the line above a message that nobody has seen come, unless it stands above what is new already: it goes up
// only, until it was seen. What is missed comes in any order.
func (c *chat) divideAt(r *room, m rooms.Message) {
	if r != c.book.current {
		return // it is done when the room is shown
	}
	at := r.talk.DividedAt()
	if at.IsZero() || m.Pos.Compare(at) < 0 || r.unread == 1 && r.talk.DividerSeen() {
		r.talk.Divide(rooms.Position{Epoch: m.Pos.Epoch, Seq: m.Pos.Seq - 1})
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

// recount counts anew what is unread of what is loaded, and divides what came after a place from the rest. What is said
// since we are here does not count as unseen where it is looked at.
func (c *chat) recount(r *room, from rooms.Position) {
	r.unread, r.mentions = 0, 0
	for _, m := range r.talk.After(r.read) {
		if c.counts(r, m.Message) {
			c.count(r, m.Message)
		}
	}
	if r.newcomer || from.IsZero() {
		return
	}
	for _, m := range r.talk.After(from) {
		if m.Sender != c.me.ID && m.Kind == rooms.KindText {
			if !r.joined || m.Pos.Compare(r.head()) <= 0 || !c.looked(r) {
				r.talk.Divide(from)
			}
			return
		}
	}
}

// head is the end of the room as it was when we joined.
func (r *room) head() rooms.Position { return rooms.Position{Epoch: r.info.Epoch, Seq: r.info.Head} }

// comesIn notes that what was said before begins to come. What was kept here in earlier runs is read where no run has said
// how far it read.
func (r *room) comesIn(kept rooms.Position) {
	r.coming = true
	if r.live || !r.read.IsZero() {
		return
	}
	r.newcomer = kept.IsZero()
	r.read, r.left = kept, kept
}

// cameIn notes that all that was said before has come: what is read begins here where nothing was read before.
func (r *room) cameIn() {
	r.live, r.coming = true, false
	if !r.newcomer && !r.read.IsZero() {
		return
	}
	r.newcomer, r.read = false, r.talk.Newest()
	if r.read.IsZero() {
		r.read = rooms.Position{Epoch: r.info.Epoch}
	}
	r.left = r.read
	r.talk.ReadThreads(r.read, nil)
	if r.read.Seq > 0 {
		r.talk.Joined(r.read)
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

// readFrom takes what is kept of a room that nobody is in, and that has no read mark, for read.
func (r *room) readFrom(entries []history.Entry) {
	if !r.joined && r.read.IsZero() && len(entries) > 0 {
		r.read = entries[len(entries)-1].Message.Pos
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
		r.left = r.read
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
		return st.Accent.Render(st.Glyphs.Up + " " + c.words.Count("hint.above", above, "key", c.keyFor("keys.first_unread")))
	}
	if n := r.talk.UnreadThreads(); n > 0 {
		return st.Badge.Render(c.words.Count("hint.threads", n, "key", c.keyFor("keys.threads")))
	}
	return ""
}
