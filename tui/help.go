// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"kchat/tui/text"
)

// help shows the commands and the keys, made from their tables.
type help struct {
	first int
	last  int // the largest first
}

func (c *chat) openHelp() tea.Cmd {
	c.dialogs.push(&help{})
	return nil
}

func (h *help) scroll(rows int) { h.first = min(max(0, h.first+rows), h.last) }

func (h *help) key(_ *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch msg.String() {
	case "up", "k":
		h.scroll(-1)
	case "down", "j":
		h.scroll(1)
	case "pgup":
		h.scroll(-10)
	case "pgdown", "space":
		h.scroll(10)
	case "home":
		h.first = 0
	case "end":
		h.first = h.last
	default:
		return true, nil
	}
	return false, nil
}

func (h *help) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	rows := []string{st.Title.Render(c.say("help.commands"))}
	const left = 28
	add := func(keys, words string) {
		if width < 50 {
			rows = append(rows, st.Key.Render(text.Truncate(keys, width)), "  "+st.Muted.Render(text.Truncate(words, width-2)))
			return
		}
		wrapped := text.Wrap(words, max(10, width-left))
		for i, row := range wrapped {
			label := ""
			if i == 0 {
				label = st.Key.Render(text.Truncate(keys, left-2))
			}
			rows = append(rows, text.Pad(label, left)+st.Muted.Render(row))
		}
	}
	for _, cmd := range c.commands {
		add(cmd.usage(c), c.say("command."+cmd.words+".help"))
	}
	rows = append(rows, "", st.Title.Render(c.say("help.keys")))
	for _, b := range c.keys {
		add(c.shownKeys(b), c.say(b.words))
	}
	rows = append(rows, "", st.Title.Render(c.say("help.selection")))
	for _, b := range append(slices.Clone(c.selecting), c.videoKeys...) {
		add(c.shownKeys(b), c.say(b.words))
	}
	rows = append(rows, "", st.Title.Render(c.say("help.viewer")))
	for _, b := range c.viewing {
		if b.words != "" {
			add(c.shownKeys(b), c.say(b.words))
		}
	}
	rows = append(rows, "", st.Title.Render(c.say("help.ticks")))
	for _, row := range text.Wrap(c.say("help.ticks_words"), width) {
		rows = append(rows, st.Muted.Render(row))
	}
	if !c.cfg.NoMouse {
		rows = append(rows, "", st.Title.Render(c.say("help.mouse")))
		for _, row := range text.Wrap(c.say("help.mouse_words"), width) {
			rows = append(rows, st.Muted.Render(row))
		}
	}
	h.last = max(0, len(rows)-height)
	h.scroll(0)
	title := c.say("help.title")
	if h.last > 0 {
		title += " " + st.Glyphs.Bullet + " " + c.say("help.more")
	}
	rows = rows[h.first:min(len(rows), h.first+height)]
	for i := range rows {
		rows[i] = text.Pad(rows[i], width)
	}
	return title, rows, nil
}
