// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/talk"
)

// selected returns the selected message, or nil.
func (c *chat) selected() *talk.Message {
	if c.book.current == nil {
		return nil
	}
	m, _ := c.book.current.talk.Selected().(*talk.Message)
	return m
}

// selectNewest selects the message that most likely is meant: the first unsent one, else the newest.
func (c *chat) selectNewest() tea.Cmd {
	r := c.book.current
	if r == nil {
		return nil
	}
	if unsent := r.talk.Unsent(); len(unsent) > 0 {
		r.talk.Select(unsent[0])
		return nil
	}
	for i := r.talk.Len() - 1; i >= 0; i-- {
		if m, ok := r.talk.At(i).(*talk.Message); ok {
			r.talk.Select(m)
			return nil
		}
	}
	return nil
}

// selectBeside selects the next message up or down; below the newest the selection ends.
func (c *chat) selectBeside(step int) tea.Cmd {
	t := c.book.current.talk
	for i := t.Index(t.Selected()) + step; i >= 0 && i < t.Len(); i += step {
		if m, ok := t.At(i).(*talk.Message); ok {
			t.Select(m)
			return nil
		}
	}
	if step > 0 {
		return c.endSelection()
	}
	return c.scroll(-1)
}

func (c *chat) endSelection() tea.Cmd {
	if c.book.current != nil {
		c.book.current.talk.Select(nil)
	}
	return nil
}

// selectionHint lists what can be done with the selected message.
func (c *chat) selectionHint() string {
	m := c.selected()
	if m == nil {
		return ""
	}
	var parts []string
	keys := c.selecting
	if c.aVideo() != nil {
		keys = append(slices.Clone(c.videoKeys), keys...)
	}
	for _, b := range keys {
		if !m.Unsent() && (b.words == "keys.resend" || b.words == "keys.edit" || b.words == "keys.discard") {
			continue
		}
		if fits := forFiles(b.words); fits != nil && (m.Picture() == nil || !fits(m, m.Picture())) {
			continue
		}
		parts = append(parts, c.st.Key.Render(b.keys.Help().Key)+" "+c.st.Muted.Render(c.say(b.words)))
	}
	return strings.Join(parts, "  ")
}

// forFiles says of a key that is for attachments alone of which.
func forFiles(words string) func(*talk.Message, *talk.Picture) bool {
	switch words {
	case "keys.open":
		return func(_ *talk.Message, p *talk.Picture) bool { return p.IsImage() }
	case "keys.take":
		return canTake
	case "keys.stop":
		return canStop
	case "keys.save":
		return isHere
	case "keys.keep":
		return func(*talk.Message, *talk.Picture) bool { return true }
	case "keys.folder":
		return isSaved
	}
	return nil
}

// resend sends an unsent message again.
func (c *chat) resend() tea.Cmd {
	m := c.selected()
	if m == nil || !m.Unsent() {
		return nil
	}
	if c.closed() {
		return c.warn(c.say("waiting.kept"))
	}
	c.endSelection()
	return c.postAgain(m.Message)
}

// takeBack puts an unsent message into the composer to be edited; what is written there is not overwritten.
func (c *chat) takeBack() tea.Cmd {
	m := c.selected()
	if m == nil || !m.Unsent() {
		return nil
	}
	if !c.composer.empty() {
		return c.warn(c.say("composer.busy"))
	}
	c.endSelection()
	c.composer.set(m.Text)
	return c.throwAway(m.Message)
}

func (c *chat) discard() tea.Cmd {
	m := c.selected()
	if m == nil || !m.Unsent() {
		return nil
	}
	c.endSelection()
	return c.throwAway(m.Message)
}

func (c *chat) copyMessage() tea.Cmd {
	m := c.selected()
	if m == nil {
		return nil
	}
	c.endSelection()
	return tea.Batch(tea.SetClipboard(m.Text), c.tell(c.say("talk.copied")))
}

// kept reports whether a message is one that the client keeps to be sent again, and not only the screen.
func (c *chat) kept(m rooms.Message) bool { return m.Community == c.server.Community }
