// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	tea "charm.land/bubbletea/v2"

	"kchat/tui/text"
)

// menu is a page with choices.
type menu struct {
	title, words string
	loud         bool // the words are a warning
	choices      []menuChoice
	at           int
	above        []int // rows above each choice, at the last draw
	back         func(l *login) tea.Cmd
}

type menuChoice struct {
	words, help string
	do          func(l *login) tea.Cmd
}

func (m *menu) add(words, help string, do func(l *login) tea.Cmd) {
	m.choices = append(m.choices, menuChoice{words, help, do})
}

func (m *menu) key(l *login, msg tea.KeyPressMsg) tea.Cmd {
	switch latin(msg).String() {
	case "up", "k", "shift+tab":
		m.at = (m.at + len(m.choices) - 1) % len(m.choices)
	case "down", "j", "tab":
		m.at = (m.at + 1) % len(m.choices)
	case "enter":
		return m.choices[m.at].do(l)
	case "esc":
		if m.back != nil {
			return m.back(l)
		}
	}
	return nil
}

// click takes the choice in a row of the page.
func (m *menu) click(l *login, y int) tea.Cmd {
	for i := len(m.above) - 1; i >= 0; i-- {
		if y >= m.above[i] {
			m.at = i
			return m.choices[i].do(l)
		}
	}
	return nil
}

func (m *menu) draw(l *login, width int) (string, []string, *tea.Cursor) {
	st := l.st
	var rows []string
	if m.words != "" {
		style := st.Muted
		if m.loud {
			style = st.Warn
		}
		for _, row := range text.Wrap(m.words, width) {
			rows = append(rows, style.Render(row))
		}
		rows = append(rows, "")
	}
	m.above = m.above[:0]
	for i, ch := range m.choices {
		m.above = append(m.above, len(rows))
		mark, words := "  ", st.Text.Render(ch.words)
		if i == m.at {
			mark, words = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected.Render(ch.words)
		}
		rows = append(rows, mark+words)
		if ch.help != "" {
			for _, row := range text.Wrap(ch.help, width-2) {
				rows = append(rows, "  "+st.Faint.Render(row))
			}
			rows = append(rows, "")
		}
	}
	if n := len(rows); n > 0 && rows[n-1] == "" {
		rows = rows[:n-1]
	}
	return m.title, rows, nil
}

// form is a page with fields to fill in.
type form struct {
	title, note, problem string
	labels               []string
	fields               []field
	at                   int
	submit               func(l *login, values []string) tea.Cmd
	back                 func(l *login) tea.Cmd
}

func (f *form) add(label, value string, secret bool) {
	f.labels = append(f.labels, label)
	f.fields = append(f.fields, newField(value, secret))
}

func (f *form) focus(at int) {
	f.fields[f.at].blur()
	f.at = (at + len(f.fields)) % len(f.fields)
	f.fields[f.at].focus()
}

// complain goes to a field and says what is wrong with it.
func (f *form) complain(at int, problem string) {
	f.focus(at)
	f.problem = problem
}

func (f *form) key(l *login, msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "tab", "down":
		f.focus(f.at + 1)
	case "shift+tab", "up":
		f.focus(f.at - 1)
	case "esc":
		return f.back(l)
	case "enter":
		if f.at < len(f.fields)-1 {
			f.focus(f.at + 1)
			return nil
		}
		values := make([]string, len(f.fields))
		for i := range f.fields {
			values[i] = f.fields[i].value()
		}
		return f.submit(l, values)
	default:
		f.fields[f.at].update(msg)
		f.problem = ""
	}
	return nil
}

// click goes to the field in a row of the page.
func (f *form) click(_ *login, y int) tea.Cmd {
	if i := y / formRows; i < len(f.fields) {
		f.fields[f.at].blur()
		f.at = i
		f.fields[i].focus()
	}
	return nil
}

// formRows is how many rows a field takes with its label.
const formRows = 3

func (f *form) draw(l *login, width int) (string, []string, *tea.Cursor) {
	st := l.st
	var rows []string
	var cursor *tea.Cursor
	for i := range f.fields {
		label, prompt := st.Muted.Render(f.labels[i]), st.Faint.Render(st.Glyphs.Prompt)
		row, x := f.fields[i].draw(st, width-2)
		if i == f.at {
			label, prompt = st.Accent.Render(f.labels[i]), st.Accent.Render(st.Glyphs.Prompt)
			cursor = tea.NewCursor(x+2, len(rows)+1)
		}
		rows = append(rows, label, prompt+" "+row, "")
	}
	if f.problem != "" {
		for _, row := range text.Wrap(f.problem, width) {
			rows = append(rows, st.Bad.Render(row))
		}
		return f.title, rows, cursor
	}
	if f.note != "" {
		for _, row := range text.Wrap(f.note, width) {
			rows = append(rows, st.Faint.Render(row))
		}
		return f.title, rows, cursor
	}
	return f.title, rows[:len(rows)-1], cursor
}

// busy is a page that waits.
type busy struct {
	words string
	back  func(l *login) tea.Cmd
}

func (b *busy) key(l *login, msg tea.KeyPressMsg) tea.Cmd {
	if msg.String() == "esc" && b.back != nil {
		return b.back(l)
	}
	return nil
}

func (b *busy) draw(l *login, width int) (string, []string, *tea.Cursor) {
	rows := text.Wrap(b.words, width)
	for i := range rows {
		rows[i] = l.st.Muted.Render(rows[i])
	}
	if b.back != nil {
		rows = append(rows, "", l.st.Key.Render("Esc")+" "+l.st.Muted.Render(l.say("login.give_up")))
	}
	return "", rows, nil
}
