// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/tui/talk"
)

// A command can be about a message: the one that was selected when it was begun, else the newest that fits, or the one
// that is chosen when it is given without words.

// choosing is what a message is being chosen for.
type choosing struct {
	words string // in the catalogue, for the hint
	do    func(c *chat, m *talk.Message) tea.Cmd
}

// means notes which message a command is about that is being begun.
func (c *chat) means(msg tea.KeyPressMsg) {
	c.aside.meant = nil
	if msg.Text == "/" && c.composer.empty() {
		c.aside.meant = c.selected()
	}
}

// meant is the message that the command is about that is being written, or nil.
func (c *chat) meant() *talk.Message {
	if strings.HasPrefix(c.composer.value(), "/") {
		return c.aside.meant
	}
	return nil
}

// choose lets a message be chosen for a command: Enter takes the selected one.
func (c *chat) choose(words string, newest *talk.Message, do func(c *chat, m *talk.Message) tea.Cmd) tea.Cmd {
	list := c.front()
	if list == nil || newest == nil {
		return c.warn(c.say("talk.no_answer"))
	}
	item := talk.Item(newest)
	if c.aside.thread != nil {
		item = c.aside.thread.ItemOf(newest)
	}
	list.Select(item)
	c.aside.choosing = &choosing{words: words, do: do}
	return nil
}

// chosen takes the message that was chosen.
func (c *chat) chosen() tea.Cmd {
	m, choosing := c.selected(), c.aside.choosing
	c.aside.choosing = nil
	return choosing.do(c, m)
}

// isChosen is for the key that chooses.
func isChosen(c *chat, _ *talk.Message) bool { return c.aside.choosing != nil }

// choosingHint says what a message is being chosen for.
func (c *chat) choosingHint() string {
	key := func(name, words string) string { return c.st.Key.Render(name) + " " + c.st.Muted.Render(words) }
	return strings.Join([]string{
		key(c.st.Glyphs.Up+c.st.Glyphs.Down, c.say("keys.choose")), key("Enter", c.say(c.aside.choosing.words)), key("Esc", c.say("keys.leave_selection")),
	}, "  ")
}
