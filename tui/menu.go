// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"kchat/rooms"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// messageMenu lists what can be done with a message, with the keys that do it without the menu, and what is known of it.
type messageMenu struct {
	of      *talk.Message
	actions []binding
	at      int
	above   int // rows before the first action, in the last draw
}

// openMenu opens the menu of the selected message.
func (c *chat) openMenu() tea.Cmd {
	m := c.selected()
	if m == nil {
		return nil
	}
	c.dialogs.push(&messageMenu{of: m, actions: c.actionsFor(m)})
	return nil
}

// actionsFor are the keys of the selection that fit a message and do something with it.
func (c *chat) actionsFor(m *talk.Message) []binding {
	keys := c.selecting
	if c.aVideo() != nil {
		keys = append(append([]binding(nil), c.videoKeys...), keys...)
	}
	var out []binding
	for _, b := range keys {
		switch b.words {
		case "keys.older", "keys.newer", "keys.choose", "keys.menu", "keys.leave_selection":
		default:
			if b.fits == nil || b.fits(c, m) {
				out = append(out, b)
			}
		}
	}
	return out
}

func (m *messageMenu) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	pressed := latin(msg)
	switch pressed.String() {
	case "up", "k", "shift+tab":
		m.at = (m.at + len(m.actions) - 1) % max(1, len(m.actions))
		return false, nil
	case "down", "j", "tab":
		m.at = (m.at + 1) % max(1, len(m.actions))
		return false, nil
	case "enter":
		return m.do(c, m.at)
	case "esc", "ctrl+c", "m", ".":
		return true, nil
	}
	if b, ok := match(m.actions, pressed); ok {
		c.dialogs.remove(m) // what it does may open another
		return true, b.do(c)
	}
	return false, nil
}

func (m *messageMenu) do(c *chat, i int) (bool, tea.Cmd) {
	if i < 0 || i >= len(m.actions) {
		return false, nil
	}
	c.dialogs.remove(m)
	return true, m.actions[i].do(c)
}

func (m *messageMenu) scroll(rows int) { m.at = min(max(0, m.at+sign(rows)), len(m.actions)-1) }

func (m *messageMenu) click(c *chat, _, y int) (bool, tea.Cmd) { return m.do(c, y-m.above) }

func (m *messageMenu) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	width = min(width, 56)
	rows := []string{"", st.Quote.Render(text.Truncate(m.of.Excerpt(c.look), width)), ""}
	known := m.known(c, width)
	if height < len(rows)+len(m.actions)+len(known)+1 {
		rows = nil // the actions matter most
	}
	m.above = len(rows)
	first := 0
	if most := height - len(rows); len(m.actions) > most {
		first = max(0, min(m.at-most/2, len(m.actions)-most))
	}
	m.above -= first
	for i, b := range m.actions[first:] {
		mark, words := "  ", st.Muted.Render(c.say(b.words))
		if first+i == m.at {
			mark, words = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected.Render(c.say(b.words))
		}
		rows = append(rows, text.Truncate(mark+text.Pad(st.Key.Render(b.keys.Help().Key), 7)+words, width))
	}
	rows = append(rows, known...)
	for i := range rows {
		rows[i] = text.Pad(rows[i], width)
	}
	return m.of.AuthorName(), rows, nil
}

// known is what is known of the message: who reacted, when it was said, who has it.
func (m *messageMenu) known(c *chat, width int) []string {
	st := c.st
	rows := []string{""}
	for _, chip := range m.of.Reactions(c.me.ID) {
		var who []string
		for _, id := range chip.By {
			who = append(who, c.nameOf(id))
		}
		words := text.Truncate(chip.With, 16) + "  " + strings.Join(who, ", ")
		rows = append(rows, st.Reaction.Render(text.Truncate(words, width)))
	}
	if !m.of.Time.IsZero() {
		words := c.say("menu.said", "time", c.clockOf(m.of.Time))
		if m.of.Edited() {
			words += " " + c.say("talk.edited")
		}
		rows = append(rows, st.Faint.Render(text.Truncate(words, width)))
	}
	if m.of.State == rooms.StateDelivered {
		rows = append(rows, st.Faint.Render(text.Truncate(c.say("menu.stored", "k", m.of.Stored, "n", m.of.Present), width)))
	}
	return rows
}

// nameOf is what somebody is called who has been seen, or their number.
func (c *chat) nameOf(id rooms.AccountID) string {
	if id == c.me.ID {
		return c.say("people.you")
	}
	if name := c.book.names[id]; name != "" {
		return text.Name(name)
	}
	return c.say("menu.somebody", "id", uint64(id))
}

// clickSpot does what a click on a part of a message means.
func (c *chat) clickSpot(m *talk.Message, s talk.Spot) tea.Cmd {
	switch s.Kind {
	case talk.SpotReaction:
		return c.toggle(m, s.With)
	case talk.SpotQuote:
		return c.goToAnswered(m)
	case talk.SpotThread:
		return c.openThreadOf(m)
	}
	return nil
}

// itemAt is what lies at a place of the screen in the open thread or the talk: the list, the item, and which column and
// row of it. In the talk beside an open thread that closes the thread.
func (c *chat) itemAt(at uv.Position) (list *talk.List, item talk.Item, x, y int) {
	area := c.lay.talk
	list = &c.book.current.talk.List
	if c.aside.thread != nil && at.In(c.lay.thread) {
		_, area = splitTop(c.lay.thread, 1)
		list = &c.aside.thread.List
	}
	if !at.In(area) {
		return list, nil, 0, 0
	}
	item, y = list.ItemAt(at.Y - area.Min.Y)
	return list, item, at.X - area.Min.X, y
}

// clickTalk does what a click into the talk means: what lies there does something, or is selected.
func (c *chat) clickTalk(at uv.Position) tea.Cmd {
	list, item, x, y := c.itemAt(at)
	m := talk.MessageOf(item)
	if m == nil {
		list.Select(nil)
		return nil
	}
	parts, _ := item.(talk.Clickable)
	if s, ok := parts.SpotAt(x, y); ok {
		return c.clickSpot(m, s)
	}
	if p := parts.PictureAt(x, y); p != nil && p.IsImage() && c.cfg.Pictures != nil {
		return c.openViewer(p)
	}
	var cmd tea.Cmd
	if list != c.front() {
		cmd = c.closeThread()
	}
	list.Select(item)
	if p := m.Picture(); p != nil && p.IsVideo() && c.aVideo() != nil {
		return tea.Batch(cmd, c.playPause())
	}
	return cmd
}

// menuAt opens the menu of the message at a place of the screen.
func (c *chat) menuAt(at uv.Position) tea.Cmd {
	if c.book.current == nil || !at.In(c.lay.talk) && !at.In(c.lay.thread) {
		return nil
	}
	list, item, _, _ := c.itemAt(at)
	if talk.MessageOf(item) == nil {
		return nil
	}
	var cmd tea.Cmd
	if list != c.front() {
		cmd = c.closeThread()
	}
	list.Select(item)
	return tea.Batch(cmd, c.openMenu())
}
