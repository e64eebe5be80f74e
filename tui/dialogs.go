// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"kchat/tui/text"
)

// dialog is a box over the chat that takes all keys. A key may close it and do something to the chat.
type dialog interface {
	key(c *chat, msg tea.KeyPressMsg) (done bool, cmd tea.Cmd)
	// draw returns the title and the rows for a box of at most the given inside, and where the cursor is in it.
	draw(c *chat, width, height int) (title string, rows []string, cursor *tea.Cursor)
}

// scroller is a dialog that the wheel moves.
type scroller interface{ scroll(rows int) }

// wheeler is a dialog that does something when the wheel moves it.
type wheeler interface {
	wheel(c *chat, rows int) tea.Cmd
}

// clicker is a dialog that takes clicks, at a column and row of its inside. One may close it.
type clicker interface {
	click(c *chat, x, y int) (done bool, cmd tea.Cmd)
}

// wider is a dialog that takes more columns than others.
type wider interface{ wide() int }

// paster is a dialog that one can paste into.
type paster interface {
	paste(c *chat, msg tea.PasteMsg) tea.Cmd
}

// dialogs is the stack of open dialogs; the topmost is used.
type dialogs struct {
	stack []dialog
	area  uv.Rectangle // of the topmost one
}

func (d *dialogs) open() bool    { return len(d.stack) > 0 }
func (d *dialogs) push(x dialog) { d.stack = append(d.stack, x) }
func (d *dialogs) top() dialog   { return d.stack[len(d.stack)-1] }

func (d *dialogs) key(c *chat, msg tea.KeyPressMsg) tea.Cmd {
	top := d.top()
	done, cmd := top.key(c, msg)
	if done {
		d.remove(top)
	}
	return cmd
}

func (d *dialogs) remove(top dialog) {
	for i, x := range d.stack {
		if x == top {
			d.stack = append(d.stack[:i], d.stack[i+1:]...)
			return
		}
	}
}

func (d *dialogs) scroll(c *chat, rows int) tea.Cmd {
	switch s := d.top().(type) {
	case scroller:
		s.scroll(rows)
	case wheeler:
		return s.wheel(c, rows)
	}
	return nil
}

func (d *dialogs) paste(c *chat, msg tea.PasteMsg) tea.Cmd {
	if p, ok := d.top().(paster); ok {
		return p.paste(c, msg)
	}
	return nil
}

func (d *dialogs) click(c *chat, at uv.Position) tea.Cmd {
	top := d.top()
	p, ok := top.(clicker)
	if !ok || !at.In(d.area) {
		return nil
	}
	done, cmd := p.click(c, at.X-d.area.Min.X-2, at.Y-d.area.Min.Y-1)
	if done {
		d.remove(top)
	}
	return cmd
}

func (d *dialogs) draw(c *chat, cv canvas) (*tea.Cursor, bool) {
	if !d.open() {
		return nil, false
	}
	b := cv.Bounds()
	most := 72
	if w, ok := d.top().(wider); ok {
		most = w.wide()
	}
	width, height := min(most, b.Dx()-4), b.Dy()-2
	title, rows, cursor := d.top().draw(c, width-4, max(1, height-2))
	wide := text.Width(title) + 4
	for _, row := range rows {
		wide = max(wide, text.Width(row))
	}
	area := centred(b, min(wide+4, max(width, 1)), min(len(rows)+2, max(height, 1)))
	d.area = area
	cv.put(area, frame(c.st, title, rows, area.Dx(), area.Dy()))
	if cursor != nil {
		cursor.X, cursor.Y = cursor.X+area.Min.X+2, cursor.Y+area.Min.Y+1
	}
	return cursor, true
}

// choice is one of several things a question can be answered with.
type choice struct {
	key   string // one letter, or the name of a key
	words string
	do    func(c *chat) tea.Cmd
}

// question is a dialog with a sentence and choices: arrows and Enter, or the letter.
type question struct {
	title, words string
	choices      []choice
	at           int
	above        int // rows above the choices, at the last draw
}

// click implements clicker.
func (q *question) click(c *chat, _, y int) (bool, tea.Cmd) {
	if i := y - q.above; i >= 0 && i < len(q.choices) {
		return true, run(q.choices[i].do, c)
	}
	return false, nil
}

func (q *question) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	pressed := latin(msg)
	for _, ch := range q.choices {
		if pressed.String() == ch.key {
			return true, run(ch.do, c)
		}
	}
	switch msg.String() {
	case "up", "shift+tab", "left":
		q.at = (q.at + len(q.choices) - 1) % len(q.choices)
	case "down", "tab", "right":
		q.at = (q.at + 1) % len(q.choices)
	case "enter":
		return true, run(q.choices[q.at].do, c)
	case "esc", "ctrl+c":
		return true, nil
	}
	return false, nil
}

func run(do func(c *chat) tea.Cmd, c *chat) tea.Cmd {
	if do == nil {
		return nil
	}
	return do(c)
}

func (q *question) draw(c *chat, width, _ int) (string, []string, *tea.Cursor) {
	st := c.st
	rows := append([]string{""}, text.Wrap(q.words, width)...)
	rows = append(rows, "")
	q.above = len(rows)
	for i, ch := range q.choices {
		mark, words := "  ", st.Muted.Render(ch.words)
		if i == q.at {
			mark, words = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected.Render(ch.words)
		}
		rows = append(rows, mark+text.Pad(st.Key.Render(ch.key), 4)+words)
	}
	return q.title, append(rows, ""), nil
}

// pasteDialog asks what several pasted lines are meant to be.
func pasteDialog(c *chat, words string, lines int) dialog {
	preview := strings.Join(text.Wrap(text.Truncate(text.Line(words), 160), 60), "\n")
	return &question{
		title: c.say("paste.title"),
		words: c.words.Count("paste.words", lines) + "\n\n" + preview,
		choices: []choice{
			{"y", c.say("paste.one"), func(c *chat) tea.Cmd {
				c.composer.insert(words)
				return c.tellTyping()
			}},
			{"j", c.say("paste.join"), func(c *chat) tea.Cmd {
				c.composer.insert(strings.Join(strings.Fields(words), " "))
				return c.tellTyping()
			}},
			{"n", c.say("paste.no"), nil},
		},
	}
}
