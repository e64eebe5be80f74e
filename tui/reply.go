// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/talk"
)

// cannotSend says why nothing can be sent now that is about an earlier message; empty: it can.
func (c *chat) cannotSend() string {
	switch r := c.book.current; {
	case r == nil:
		return c.say("composer.no_room")
	case c.link.reading:
		return c.say("composer.reading")
	case c.closed():
		return c.say("talk.alone")
	case r.visit:
		return c.say("goto.visit", "room", c.book.title(r))
	}
	return ""
}

// canAnswer: it was said, and can be answered, reacted to, and begin a thread.
func canAnswer(c *chat, m *talk.Message) bool { return c.whyNotAnswer(m) == "" }

func (c *chat) whyNotAnswer(m *talk.Message) string {
	switch {
	case m == nil || m.Kind == rooms.KindTopic:
		return c.say("talk.no_answer")
	case !m.Settled():
		return c.say("talk.not_yet")
	case m.Withdrawn():
		return c.say("talk.is_deleted")
	case c.link.reading:
		return c.say("composer.reading")
	}
	return ""
}

// canChange: it is ours and was said.
func canChange(c *chat, m *talk.Message) bool {
	return canAnswer(c, m) && m.Sender == c.me.ID && !m.Unsent()
}

func canDelete(c *chat, m *talk.Message) bool { return canChange(c, m) }

// whyNotChange says why a message cannot be edited or deleted by us; empty: it can.
func (c *chat) whyNotChange(m *talk.Message, key string) string {
	switch why := c.whyNotAnswer(m); {
	case m != nil && m.Kind == rooms.KindTopic:
		return c.say("talk.is_topic")
	case why != "":
		return why
	case m.Sender != c.me.ID:
		return c.say(key, "name", m.AuthorName())
	}
	return c.cannotSend()
}

// isAnswer: it answers something.
func isAnswer(_ *chat, m *talk.Message) bool { return !m.ReplyTo.IsZero() && !m.Withdrawn() }

// reply begins to answer the selected message. What is written already stays.
func (c *chat) reply() tea.Cmd { return c.replyTo(c.selected()) }

func (c *chat) replyTo(m *talk.Message) tea.Cmd {
	if why := c.whyNotAnswer(m); why != "" {
		return c.warn(why)
	}
	c.endSelection()
	c.endEdit()
	if m.InThread() && (c.aside.thread == nil || c.aside.thread.Root() != m.Thread) {
		cmd := c.openThread(m.Thread)
		c.aside.answers = m
		return cmd
	}
	c.aside.answers = m
	return nil
}

// resumeAnswer makes the composer be for what an unsent message was for.
func (c *chat) resumeAnswer(m *talk.Message) {
	if m.InThread() && c.aside.thread == nil {
		_ = c.openThread(m.Thread) // all of it is here: it was just written
	}
	if r := c.book.current; r != nil && !m.ReplyTo.IsZero() {
		c.aside.answers = r.talk.Message(m.ReplyTo)
	}
}

// edit puts the words of the selected message, which must be ours, into the composer.
func (c *chat) edit() tea.Cmd {
	m := c.selected()
	if why := c.whyNotChange(m, "talk.not_yours_edit"); why != "" {
		return c.warn(why)
	}
	c.endSelection()
	c.beginEdit(m, m.Raw())
	return nil
}

func (c *chat) beginEdit(m *talk.Message, words string) {
	c.endEdit()
	c.aside.answers = nil
	c.aside.edits, c.aside.was = m, c.composer.value()
	c.composer.set(editable(words))
	c.popup.close()
}

// endEdit leaves an edit; what was written before comes back.
func (c *chat) endEdit() {
	if c.aside.edits != nil {
		was := c.aside.was
		c.aside.edits, c.aside.was = nil, ""
		c.composer.set(was)
	}
}

// sendEdit sends the edited words.
func (c *chat) sendEdit(r *room, words string) tea.Cmd {
	m := c.aside.edits
	c.endEdit()
	if words == m.Raw() {
		return nil
	}
	return c.post(rooms.Draft{Room: r.name, Kind: rooms.KindEdit, Target: m.ID, Text: words})
}

// takeBackEdit puts the words of an edit that was refused into the composer. Other changes can only be sent again, or
// dropped.
func (c *chat) takeBackEdit(m *talk.Message) tea.Cmd {
	for _, change := range m.Refused() {
		if change.Kind == rooms.KindEdit {
			c.endSelection()
			c.beginEdit(m, change.Text)
			return c.throwAway(change)
		}
	}
	return nil
}

// askDelete asks before it deletes the selected message, which must be ours.
func (c *chat) askDelete() tea.Cmd { return c.askDeleteOf(c.selected()) }

func (c *chat) askDeleteOf(m *talk.Message) tea.Cmd {
	if why := c.whyNotChange(m, "talk.not_yours_delete"); why != "" {
		return c.warn(why)
	}
	r := c.book.current
	c.dialogs.push(&question{
		title: c.say("delete.title"),
		words: c.say("delete.words") + "\n\n" + c.shorten(m, 80),
		choices: []choice{
			{"y", c.say("delete.yes"), func(c *chat) tea.Cmd {
				c.endSelection()
				if c.aside.edits == m {
					c.endEdit()
				}
				return c.post(rooms.Draft{Room: r.name, Kind: rooms.KindDelete, Target: m.ID})
			}},
			{"n", c.say("delete.no"), nil},
		},
		at: 1, // Enter by mistake deletes nothing
	})
	return nil
}

// last is the newest message of the open thread or the room that fits, or nil.
func (c *chat) last(fits func(m *talk.Message) bool) *talk.Message {
	list := c.front()
	if list == nil {
		return nil
	}
	for i := list.Len() - 1; i >= 0; i-- {
		if m := talk.MessageOf(list.At(i)); m != nil && m.Kind == rooms.KindText && !m.Withdrawn() && m.Settled() && fits(m) {
			return m
		}
	}
	return nil
}

func (c *chat) lastOwn() *talk.Message {
	return c.last(func(m *talk.Message) bool { return m.Sender == c.me.ID })
}

// lastOther is the newest message of somebody else, or, where nobody else has said anything, of ours.
func (c *chat) lastOther() *talk.Message {
	if m := c.last(func(m *talk.Message) bool { return m.Sender != c.me.ID }); m != nil {
		return m
	}
	return c.lastOwn()
}

// meantOr is the message that a command is about: the one that was selected, or another one.
func (c *chat) meantOr(other *talk.Message) *talk.Message { return cmp.Or(c.aside.meant, other) }

// commandReply answers a message: with words at once.
func (c *chat) commandReply(words string) tea.Cmd {
	if words == "" && c.aside.meant == nil {
		return c.choose("keys.reply", c.lastOther(), (*chat).replyTo)
	}
	m := c.meantOr(c.lastOther())
	if why := c.whyNotAnswer(m); why != "" {
		return c.warn(why)
	}
	cmd := c.replyTo(m)
	if words == "" {
		return cmd
	}
	c.composer.set(editable(words))
	return tea.Batch(cmd, c.submit())
}

// commandEdit edits our message, else our newest: with words at once.
func (c *chat) commandEdit(words string) tea.Cmd {
	m := c.meantOr(c.lastOwn())
	if m == nil {
		return c.warn(c.say("talk.nothing_yours"))
	}
	if why := c.whyNotChange(m, "talk.not_yours_edit"); why != "" {
		return c.warn(why)
	}
	if words == "" {
		c.beginEdit(m, m.Raw())
		return nil
	}
	c.beginEdit(m, words)
	return c.submit()
}

func (c *chat) commandDelete(string) tea.Cmd {
	m := c.meantOr(c.lastOwn())
	if m == nil {
		return c.warn(c.say("talk.nothing_yours"))
	}
	return c.askDeleteOf(m)
}

// toAnswered goes to what the selected message answers.
func (c *chat) toAnswered() tea.Cmd {
	m := c.selected()
	if m == nil || m.ReplyTo.IsZero() {
		return c.warn(c.say("talk.answers_nothing"))
	}
	return c.goToAnswered(m)
}

func (c *chat) goToAnswered(m *talk.Message) tea.Cmd {
	r := c.book.current
	o := r.talk.Message(m.ReplyTo)
	if o == nil {
		return c.warn(c.say("talk.gone"))
	}
	if c.aside.thread != nil {
		if item := c.aside.thread.ItemOf(o); item != nil {
			c.front().Select(item)
			return nil
		}
		_ = c.closeThread()
	}
	return c.reveal(r, o)
}

// reveal selects a message of a room. What lies above what is loaded comes from the history first.
func (c *chat) reveal(r *room, m *talk.Message) tea.Cmd {
	if r.talk.Index(m) >= 0 {
		r.talk.Select(m)
		return c.pictures()
	}
	return c.goTo(r.name, m.Pos, m.ID)
}

// lookUp asks the history for what is answered in the room and not known.
func (c *chat) lookUp() tea.Cmd {
	r := c.book.current
	if r == nil {
		return nil
	}
	wanted := r.talk.Wanted()
	if len(wanted) == 0 {
		return nil
	}
	archive, community := c.session.Archive, c.community(r)
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		var found []history.Entry
		for _, id := range wanted {
			if archive == nil {
				break
			}
			if e, here, err := archive.Message(ctx, community, r.name, id); err == nil && here {
				found = append(found, e)
			}
		}
		return func(*chat) tea.Cmd {
			r.talk.Learn(found...)
			for _, id := range wanted {
				r.talk.Lost(id)
			}
			return nil
		}
	})
}

// clockOf is when a message was said, whole.
func (c *chat) clockOf(at time.Time) string { return at.In(c.cfg.Zone).Format("2006-01-02 15:04:05") }
