// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"kchat/history"
	"kchat/tui/text"
)

const (
	searchWide = 104 // columns of the panel, at most
	hitRows    = 2   // of each hit
	hitsAt     = 4   // rows above the hits
)

// wide implements wider.
func (s *search) wide() int { return searchWide }

func (s *search) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	if height < hitsAt+hitRows+1 {
		return s.drawSmall(c, width, height)
	}
	line, x := s.typed.draw(st, width-2)
	s.shown = max(1, (height-hitsAt-1)/hitRows)
	s.first = max(0, min(s.first, s.at, len(s.refs)-s.shown), s.at-s.shown+1)
	rows := []string{
		s.scopes(c, width),
		st.Key.Render(st.Glyphs.Prompt) + " " + line,
		text.Truncate(s.says(c, width), width),
		"",
	}
	for i := s.first; i < min(len(s.refs), s.first+s.shown); i++ {
		rows = append(rows, s.rows(c, i, width)...)
	}
	for len(rows) < height-1 {
		rows = append(rows, "")
	}
	rows = append(rows[:max(0, height-1)], st.Faint.Render(text.Truncate(c.say("search.keys"), width)))
	for i := range rows {
		rows[i] = text.Pad(rows[i], width)
	}
	return c.say("search.title"), rows, tea.NewCursor(x+2, 1)
}

// drawSmall is draw where there is hardly a row: what is typed, and the chosen hit.
func (s *search) drawSmall(c *chat, width, height int) (string, []string, *tea.Cursor) {
	s.shown, s.first = 1, s.at
	line, x := s.typed.draw(c.st, max(1, width-2))
	rows := []string{c.st.Key.Render(c.st.Glyphs.Prompt) + " " + line, text.Truncate(s.says(c, width), width)}
	if s.at < len(s.refs) {
		rows = append(rows[:1], s.rows(c, s.at, width)...)
	}
	return c.say("search.title"), rows[:min(len(rows), height)], tea.NewCursor(x+2, 0)
}

// scopes are what can be searched, the chosen one marked.
func (s *search) scopes(c *chat, width int) string {
	var out []string
	if r := s.inRoom(c); r != nil {
		out = append(out, c.choiceOf("Ctrl+F", c.book.title(r), s.room != nil))
	}
	return text.Truncate(strings.Join(append(out, c.choiceOf("Ctrl+G", c.say("search.everywhere"), s.room == nil)), "   "), width)
}

// inRoom is the room that can be searched alone.
func (s *search) inRoom(c *chat) *room {
	if s.room != nil {
		return s.room
	}
	return c.book.current
}

func (c *chat) choiceOf(key, words string, chosen bool) string {
	style := c.st.Muted
	if chosen {
		style = c.st.Selected
	}
	return c.st.Key.Render(key) + " " + style.Render(words)
}

// says how the search stands, or what can be typed next.
func (s *search) says(c *chat, width int) string {
	st := c.st
	switch {
	case len(s.offers.all) > 0:
		return s.offers.draw(c, width)
	case s.err != nil:
		return st.Warn.Render(c.searchReason(s.err))
	case strings.TrimSpace(s.typed.value()) == "":
		return st.Muted.Render(c.say("search.help"))
	case len(s.refs) == 0 && s.done && s.others > 0:
		return st.Muted.Render(c.say("search.only_elsewhere", "n", s.elsewhere()))
	case len(s.refs) == 0 && s.done:
		return st.Muted.Render(c.say("search.nothing"))
	case len(s.refs) == 0:
		return st.Muted.Render(c.say("search.looking"))
	case !s.done:
		return st.Muted.Render(c.say("search.so_far", "n", grouped(s.at+1), "of", grouped(len(s.refs))))
	}
	says := c.say("search.at", "n", grouped(s.at+1), "of", grouped(len(s.refs)))
	if s.others > 0 {
		says += " " + st.Glyphs.Bullet + " " + c.say("search.elsewhere", "n", s.elsewhere())
	}
	return st.Muted.Render(says)
}

// elsewhere is how many hits there are in other rooms, as one reads it.
func (s *search) elsewhere() string {
	if s.others > othersMost {
		return grouped(othersMost) + "+"
	}
	return grouped(s.others)
}

// count is how many hits there are, as one reads it.
func (s *search) count() string {
	if !s.done {
		return grouped(len(s.refs)) + "+"
	}
	return grouped(len(s.refs))
}

// grouped is a number with its thousands apart.
func grouped(n int) string {
	digits := itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// searchReason says what is wrong with a query.
func (c *chat) searchReason(err error) string {
	var wrong *history.FilterError
	if !errors.As(err, &wrong) {
		return c.say("chat.no_history", "why", c.reason(err))
	}
	key := map[string]string{
		"from": "search.nobody", "in": "search.no_room", "before": "search.no_date", "after": "search.no_date", "has": "search.no_kind",
	}[wrong.Filter]
	if wrong.Value == "" {
		key = "search.needs"
	}
	return c.say(key, "filter", wrong.Filter, "value", text.Name(wrong.Value))
}

// rows are the i-th hit: who said it, when and where, and the words around what was found.
func (s *search) rows(c *chat, i, width int) []string {
	st, mark := c.st, "  "
	if i == s.at {
		mark = st.SelectedMark.Render(st.Glyphs.Mark) + " "
	}
	h, read := s.hit(i)
	if !read {
		return []string{mark + st.Faint.Render(st.Glyphs.Ellipsis), ""}
	}
	m := h.Message
	head := st.Name(uint64(m.Sender)).Render(text.Name(m.Name))
	if s.room == nil {
		head += "  " + st.Muted.Render(c.placeName(m.Room))
	}
	at := st.Faint.Render(m.Time.In(c.cfg.Zone).Format("2006-01-02 15:04"))
	head = text.Pad(text.Truncate(head, max(1, width-2-text.Width(at)-1)), max(1, width-2-text.Width(at))) + at
	line := text.Line(m.Text)
	if m.Attached != nil {
		line = strings.TrimSpace(line + " [" + text.Name(m.Attached.Name) + "]")
	}
	find := func(line string) [][2]int { return history.Marks(line, s.query.Terms) }
	return []string{mark + text.Truncate(head, width-2), mark + withHit(line, find, width-2, st.Glyphs.Ellipsis, st.Match)}
}

// withHit is the part of a line that has the first of what is found in it, with all that is found marked.
func withHit(line string, find func(line string) [][2]int, width int, ellipsis string, style lipgloss.Style) string {
	if found := find(line); len(found) > 0 {
		if end := found[0][1]; text.Width(line[:end]) > width {
			line = ellipsis + lastColumns(line[:end], width/2) + line[end:]
		}
	}
	line = text.Truncate(line, width)
	return text.Mark(line, find(line), style)
}

// scroll implements scroller.
func (s *search) scroll(rows int) { s.move(sign(rows)) }

// click implements clicker: a scope, what is offered, that there are hits in other rooms, or a hit.
func (s *search) click(c *chat, x, y int) (bool, tea.Cmd) {
	if y == 0 {
		if r := s.inRoom(c); r != nil && x < text.Width(c.choiceOf("Ctrl+F", c.book.title(r), false)) {
			return false, s.within(c, r)
		}
		return false, s.within(c, nil)
	}
	if y == 2 && len(s.offers.all) > 0 {
		if i := s.offers.index(x); i >= 0 {
			s.offers.at = i - 1
			return false, s.complete(c, true)
		}
		return false, nil
	}
	if y == 2 && s.others > 0 {
		return false, s.within(c, nil)
	}
	at := s.first + (y-hitsAt)/hitRows
	if y < hitsAt || y >= hitsAt+s.shown*hitRows || at >= len(s.refs) {
		return false, nil
	}
	s.at = at
	return true, s.goTo(c)
}
