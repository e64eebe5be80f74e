// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
)

// typingEvery is how often the others are told that we type on.
const typingEvery = 3 * time.Second

// maxText is the largest text of a message in bytes, by the protocol.
const maxText = 16384

// write gives a key to the composer.
func (c *chat) write(msg tea.KeyPressMsg) tea.Cmd {
	if c.composer.waiting && !hangulLast(msg.Text) {
		return tea.Batch(c.submit(), c.write(msg)) // it is the next message's
	}
	if c.link.reading && !strings.HasPrefix(c.composer.value(), "/") && msg.Text != "/" {
		return c.readingKey(msg)
	}
	if msg.Code == tea.KeyUp && msg.Mod == 0 && c.upSelects() {
		return c.selectNewest()
	}
	if !c.composer.key(msg) {
		return nil
	}
	return tea.Batch(c.popup.update(c), c.tellTyping())
}

// upSelects reports whether the up key selects a message: from an empty line always, and past the first line of a
// draft where something was not sent, as the row above the composer says.
func (c *chat) upSelects() bool {
	r := c.book.current
	return c.composer.value() == "" || (r != nil && r.talk.UnsentCount() > 0 && c.composer.atTop())
}

// readingKey scrolls while there is nothing to write into.
func (c *chat) readingKey(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.Code {
	case tea.KeyUp:
		return c.scroll(-1)
	case tea.KeyDown:
		return c.scroll(1)
	}
	return nil
}

// tellTyping tells the room that we type, not too often; commands are nobody's business.
func (c *chat) tellTyping() tea.Cmd {
	r, now := c.book.current, c.cfg.Clock()
	if r == nil || c.cfg.NoTyping || !c.link.online || c.closed() || strings.HasPrefix(c.composer.value(), "/") {
		return nil
	}
	if c.composer.empty() {
		return c.stopTyping()
	}
	if now.Sub(c.typed) < typingEvery {
		return nil
	}
	c.typed = now
	client, name := c.session.Client, r.name
	return func() tea.Msg { client.Typing(name, true); return nil }
}

func (c *chat) stopTyping() tea.Cmd {
	if c.typed.IsZero() || c.book.current == nil {
		return nil
	}
	c.typed = time.Time{}
	client, name := c.session.Client, c.book.current.name
	return func() tea.Msg { client.Typing(name, false); return nil }
}

// enter sends, or does what was typed after a slash.
func (c *chat) enter() tea.Cmd {
	if c.popup.chosen() {
		return c.popup.accept(c)
	}
	if c.composer.empty() {
		c.composer.set("")
		return nil
	}
	if wait := c.composer.enter(c.cfg.Tick); wait != nil {
		return wait
	}
	return c.submit()
}

// settled goes on after Enter, when the last syllable has come.
func (c *chat) settled(msg settledMsg) tea.Cmd {
	if !c.composer.settled(msg) {
		return nil
	}
	return c.submit()
}

// submit sends what is written, or does it.
func (c *chat) submit() tea.Cmd {
	words, ok := c.composer.take()
	if !ok {
		return nil
	}
	c.popup.close()
	if r := c.book.current; r != nil {
		c.recall.note(r.name, c.withEmoji(words))
	}
	if strings.HasPrefix(words, "/") && !strings.HasPrefix(words, "//") {
		return c.run(words)
	}
	return c.utter(strings.TrimPrefix(words, "/"))
}

// utter says words in the room in front. What cannot be said stays in the composer.
func (c *chat) utter(words string) tea.Cmd {
	words = c.withEmoji(words)
	refused := func(why string) tea.Cmd {
		if c.composer.empty() {
			c.composer.set(words)
		}
		return c.warn(why)
	}
	switch r := c.book.current; {
	case r == nil:
		return refused(c.say("composer.no_room"))
	case c.link.reading:
		return refused(c.say("composer.reading"))
	case c.closed():
		return refused(c.say("waiting.kept"))
	case r.visit:
		return refused(c.say("goto.visit", "room", c.book.title(r)))
	case len(words) > maxText:
		return refused(c.say("composer.too_long", "bytes", len(words), "most", maxText))
	case c.aside.edits != nil:
		return tea.Batch(c.stopTyping(), c.sendEdit(r, words))
	default:
		draft := c.aside.drafted(r.name, words)
		c.aside.sent()
		c.composer.set("")
		if r.draft = ""; c.aside.thread != nil {
			delete(r.asides, c.aside.thread.Root())
			c.aside.thread.Follow()
		} else {
			r.talk.Follow()
			r.talk.Divide(rooms.Position{})
		}
		return tea.Batch(c.stopTyping(), c.post(draft))
	}
}

func (c *chat) tab() tea.Cmd { return c.popup.tab(c) }

// paste puts pasted text into the composer; several lines are asked about, since they may not be meant.
func (c *chat) paste(msg tea.PasteMsg) tea.Cmd {
	if c.dialogs.open() {
		return c.dialogs.paste(c, msg)
	}
	words := strings.ReplaceAll(strings.ReplaceAll(msg.Content, "\r\n", "\n"), "\r", "\n")
	words = strings.TrimRight(words, "\n")
	if lines := strings.Count(words, "\n") + 1; lines > 1 {
		c.dialogs.push(pasteDialog(c, words, lines))
		return nil
	}
	before := c.composer.value()
	c.composer.insert(words)
	return tea.Batch(c.popup.update(c), c.tellTyping(), c.offerToSend(words, before))
}

// page is how far a page key goes.
func (c *chat) page() int {
	if list := c.front(); list != nil {
		return list.Page()
	}
	return 1
}
