// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// front is the list that keys and the wheel are for: the open thread's, or the room's.
func (c *chat) front() *talk.List {
	switch r := c.book.current; {
	case c.aside.thread != nil:
		return &c.aside.thread.List
	case r != nil:
		return &r.talk.List
	}
	return nil
}

// selected returns the selected message, or nil.
func (c *chat) selected() *talk.Message {
	list := c.front()
	if list == nil {
		return nil
	}
	return talk.MessageOf(list.Selected())
}

// selectNewest selects the message that most likely is meant: the first unsent one, else the newest.
func (c *chat) selectNewest() tea.Cmd {
	r, list := c.book.current, c.front()
	if r == nil {
		return nil
	}
	for _, m := range r.talk.Unsent() {
		if c.aside.thread == nil {
			list.Select(m)
			return nil
		}
		if item := c.aside.thread.ItemOf(m); item != nil {
			list.Select(item)
			return nil
		}
	}
	for i := list.Len() - 1; i >= 0; i-- {
		if talk.MessageOf(list.At(i)) != nil {
			list.Select(list.At(i))
			return nil
		}
	}
	return nil
}

// selectBeside selects the next message up or down; below the newest the selection ends.
func (c *chat) selectBeside(step int) tea.Cmd {
	t := c.front()
	for i := t.Index(t.Selected()) + step; i >= 0 && i < t.Len(); i += step {
		if talk.MessageOf(t.At(i)) != nil {
			t.Select(t.At(i))
			return nil
		}
	}
	if step > 0 {
		return c.endSelection()
	}
	return c.scroll(-1)
}

func (c *chat) endSelection() tea.Cmd {
	c.aside.choosing = nil
	if list := c.front(); list != nil {
		list.Select(nil)
	}
	return nil
}

// selectionKey does what a key means for the selected message: one that is not for this message says why.
func (c *chat) selectionKey(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	m := c.selected()
	var other *binding
	for i, b := range c.selecting {
		if !key.Matches(msg, b.keys) {
			continue
		}
		if b.fits == nil || m != nil && b.fits(c, m) {
			return b.do(c), true
		}
		other = &c.selecting[i]
	}
	if other != nil {
		return other.do(c), true
	}
	return nil, false
}

// selectionHint lists what can be done with the selected message, as far as there is room: the menu, which has all of
// it, always.
func (c *chat) selectionHint(width int) string {
	m := c.selected()
	if m == nil {
		return ""
	}
	if c.aside.choosing != nil {
		return c.choosingHint()
	}
	var parts []string
	keys := c.selecting
	if c.aVideo() != nil {
		keys = append(slices.Clone(c.videoKeys), keys...)
	}
	menu := ""
	for _, b := range keys {
		words := c.st.Key.Render(b.keys.Help().Key) + " " + c.st.Muted.Render(c.say(b.words))
		switch {
		case len(b.keys.Keys()) == 0:
		case b.words == "keys.menu":
			menu = c.st.Key.Render(c.menuKey(b)) + " " + c.st.Muted.Render(c.say(b.words))
		case b.fits == nil || b.fits(c, m):
			parts = append(parts, words)
		}
	}
	return hints(parts, menu, width)
}

// menuKey is a key that opens the menu, also where the keys of a video come first.
func (c *chat) menuKey(menu binding) string {
	for _, k := range menu.keys.Keys() {
		taken := func(b binding) bool { return slices.Contains(b.keys.Keys(), k) }
		if c.aVideo() == nil || !slices.ContainsFunc(c.videoKeys, taken) {
			return c.plainly(keyLabel(k))
		}
	}
	return menu.keys.Help().Key
}

// hints are those of parts that a row has room for, whole, and behind them one that is always there.
func hints(parts []string, last string, width int) string {
	left := width - text.Width(last)
	fit := slices.DeleteFunc(parts, func(part string) bool {
		needs := text.Width(part) + 2
		if needs > left {
			return true
		}
		left -= needs
		return false
	})
	return text.Truncate(strings.Join(append(fit, last), "  "), width)
}

// Which messages the keys of a selection are for.

func unsent(_ *chat, m *talk.Message) bool { return m.Unsent() }

func hasWords(_ *chat, m *talk.Message) bool { return m.Raw() != "" && !m.Withdrawn() }

// forFile is a key for attachments alone, of which it fits some.
func forFile(fits func(m *talk.Message, p *talk.Picture) bool) func(*chat, *talk.Message) bool {
	return func(_ *chat, m *talk.Message) bool {
		return m.Picture() != nil && !m.Withdrawn() && fits(m, m.Picture())
	}
}

func isPicture(_ *talk.Message, p *talk.Picture) bool { return p.IsShown() }

func isFile(*talk.Message, *talk.Picture) bool { return true }

// resend sends an unsent message again, or the changes to one that were refused.
func (c *chat) resend() tea.Cmd {
	m := c.selected()
	if m == nil || !m.Unsent() {
		return nil
	}
	if c.closed() {
		return c.warn(c.say("waiting.kept"))
	}
	c.endSelection()
	var cmds []tea.Cmd
	if !m.Settled() {
		cmds = append(cmds, c.postAgain(m.Message))
	}
	for _, change := range m.Refused() {
		cmds = append(cmds, c.postAgain(change))
	}
	return tea.Batch(cmds...)
}

// takeBack puts an unsent message into the composer to be edited; what is written there is not overwritten.
func (c *chat) takeBack() tea.Cmd {
	m := c.selected()
	if m == nil || !m.Unsent() {
		return nil
	}
	if m.Settled() {
		return c.takeBackEdit(m)
	}
	if !c.composer.empty() {
		return c.warn(c.say("composer.busy"))
	}
	c.endSelection()
	c.resumeAnswer(m)
	c.composer.set(m.Text)
	return c.throwAway(m.Message)
}

// discard drops an unsent message, or the changes to one that were refused.
func (c *chat) discard() tea.Cmd {
	m := c.selected()
	if m == nil || !m.Unsent() {
		return nil
	}
	c.endSelection()
	var cmds []tea.Cmd
	for _, change := range m.Refused() {
		cmds = append(cmds, c.throwAway(change))
	}
	if !m.Settled() {
		cmds = append(cmds, c.throwAway(m.Message))
	}
	return tea.Batch(cmds...)
}

func (c *chat) copyMessage() tea.Cmd {
	m := c.selected()
	if m == nil {
		return nil
	}
	c.endSelection()
	return tea.Batch(tea.SetClipboard(text.Clean(m.Raw())), c.tell(c.say("talk.copied")))
}

// kept reports whether a message is one that the client keeps to be sent again, and not only the screen.
func (c *chat) kept(m rooms.Message) bool { return m.Community == c.server.Community }
