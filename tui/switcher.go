// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

// switcher goes to a room by a few of its letters, and joins one that is not open.
type switcher struct {
	typed field
	at    int
}

func (c *chat) openSwitcher() tea.Cmd {
	s := &switcher{typed: newField("", false)}
	s.typed.focus()
	c.dialogs.push(s)
	return nil
}

func (s *switcher) paste(_ *chat, msg tea.PasteMsg) tea.Cmd {
	s.typed.update(msg)
	return nil
}

func (s *switcher) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	hits := c.book.match(s.typed.value())
	switch msg.String() {
	case "esc", "ctrl+c", "ctrl+k":
		return true, nil
	case "up", "shift+tab":
		s.at = max(0, s.at-1)
	case "down", "tab":
		s.at = min(s.at+1, max(0, len(hits)-1))
	case "enter":
		if s.at < len(hits) {
			return true, c.show(hits[s.at])
		}
		if name := strings.TrimSpace(s.typed.value()); name != "" {
			return true, c.join(name, rooms.JoinOptions{})
		}
		return true, nil
	default:
		s.typed.update(msg)
		s.at = 0
	}
	return false, nil
}

func (s *switcher) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	width = min(width, 44)
	row, x := s.typed.draw(st, width-2)
	rows := []string{"", st.Accent.Render(st.Glyphs.Prompt) + " " + row, ""}
	hits := c.book.match(s.typed.value())
	for i, r := range hits[:min(len(hits), max(1, height-5))] {
		mark, title := "  ", st.Muted.Render(c.book.title(r))
		if i == s.at {
			mark, title = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected.Render(c.book.title(r))
		}
		badge := ""
		if r.unread > 0 {
			badge = " " + st.Badge.Render(strconv.Itoa(r.unread))
		}
		rows = append(rows, text.Truncate(mark+title+badge, width))
	}
	if len(hits) == 0 {
		rows = append(rows, "  "+st.Muted.Render(text.Truncate(c.say("switcher.join", "room", s.typed.value()), width-2)))
	}
	return c.say("switcher.title"), append(rows, ""), tea.NewCursor(x+2, 1)
}
