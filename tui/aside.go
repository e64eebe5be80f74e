// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// aside is what the composer is for when it does not simply write into the room.
type aside struct {
	answers  *talk.Message // what is answered; nil: nothing
	edits    *talk.Message // what is edited; nil: nothing
	meant    *talk.Message // what the command is about that is being written; nil: nothing was selected
	choosing *choosing     // what a message is being chosen for; nil: nothing
	was      string        // what was written before the edit began
	thread   *talk.View    // what is open beside the talk; nil: nothing
	before   string        // what was written before the thread was opened
}

// draft is what is written in the composer and meant for the room: what must not be lost when the program ends now. An
// edit in which nothing was changed is none.
func (c *chat) draft() string {
	words := c.composer.value()
	if e := c.aside.edits; e != nil && (c.aside.was != "" || words == editable(e.Raw())) {
		words = c.aside.was
	}
	if c.aside.thread != nil && c.aside.before != "" {
		return c.aside.before
	}
	return words
}

// drafted is the message that is being written.
func (a *aside) drafted(room, words string) rooms.Draft {
	d := rooms.Draft{Room: room, Kind: rooms.KindText, Text: words}
	if a.answers != nil {
		d.ReplyTo = a.answers.ID
	}
	if a.thread != nil {
		d.Thread = a.thread.Root()
	}
	return d
}

// sent ends the answer that was being written. The thread stays open.
func (a *aside) sent() { a.answers = nil }

// escape leaves what the composer is for besides the room, one thing with each key, and reports whether there was any.
func (c *chat) escape() (tea.Cmd, bool) {
	switch a := &c.aside; {
	case c.meant() != nil:
		a.meant = nil
	case a.edits != nil:
		c.endEdit()
	case a.answers != nil:
		a.answers = nil
	case a.thread != nil:
		return c.closeThread(), true
	default:
		return nil, false
	}
	return nil, true
}

// leaveAside leaves all of it, as when one goes to another room. What was written for the room is written again.
func (c *chat) leaveAside() {
	for {
		if _, was := c.escape(); !was {
			return
		}
	}
}

// asideRow says what the composer is for, above it; nothing when it is for the room.
func (c *chat) asideRow(width int) string {
	st, a := c.st, &c.aside
	var words string
	switch m := c.meant(); {
	case m != nil:
		words = c.say("aside.meant", "name", m.AuthorName(), "words", c.shorten(m, width))
	case a.edits != nil:
		words = c.say("aside.edit", "words", c.shorten(a.edits, width))
	case a.answers != nil:
		words = c.say("aside.reply", "name", a.answers.AuthorName(), "words", c.shorten(a.answers, width))
	case a.thread != nil:
		root := c.say("talk.not_here")
		if m := c.book.current.talk.Message(a.thread.Root()); m != nil {
			root = c.shorten(m, width)
		}
		words = c.say("aside.thread", "words", root)
	default:
		return ""
	}
	esc := st.Key.Render("Esc")
	words = st.Accent.Render(st.Glyphs.Answer+" ") + st.Muted.Render(text.Truncate(words, max(0, width-12)))
	return "  " + text.Pad(words, max(0, width-7)) + esc
}

// shorten is the beginning of what a message says, in at most half of a row.
func (c *chat) shorten(m *talk.Message, width int) string {
	return text.Truncate(m.Excerpt(c.look), max(8, width/2))
}

// editable is how the words of a message are typed: what begins with a slash is no command.
func editable(raw string) string {
	if strings.HasPrefix(raw, "/") {
		return "/" + raw
	}
	return raw
}
