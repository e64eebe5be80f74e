// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"

	"kchat/tui/styles"
	"kchat/tui/text"
)

// field is one row to type in. It edits with a textarea, whose cursor is right for wide characters where textinput's
// is not, and draws itself: one row that scrolls sideways, masked if it holds a secret.
type field struct {
	area   textarea.Model
	secret bool
	stale  bool // it was not typed now: what is typed or pasted replaces it, and any other key keeps it
}

func newField(value string, secret bool) field {
	a := textarea.New()
	a.ShowLineNumbers = false
	a.Prompt = ""
	a.CharLimit = 0
	a.SetVirtualCursor(false)
	a.KeyMap.InsertNewline = key.NewBinding(key.WithDisabled())
	a.KeyMap.Paste = key.NewBinding(key.WithDisabled()) // the terminal pastes; the clipboard of the machine is not ours
	a.SetWidth(4096)
	a.SetHeight(1)
	a.SetValue(value)
	return field{area: a, secret: secret}
}

func (f *field) focus()        { f.area.Focus() }
func (f *field) blur()         { f.area.Blur() }
func (f *field) value() string { return f.area.Value() }

// before is what stands before the cursor.
func (f *field) before() string {
	runes := []rune(f.value())
	return string(runes[:min(f.area.Column(), len(runes))])
}

func (f *field) set(s string) {
	f.area.SetValue(s)
	f.stale = false
}

// offer fills the field with what was typed another time.
func (f *field) offer(s string) {
	f.set(s)
	f.stale = s != ""
}

// update takes a key or a paste; what is pasted loses its line ends.
func (f *field) update(msg tea.Msg) {
	paste, pasted := msg.(tea.PasteMsg)
	if press, ok := msg.(tea.KeyPressMsg); f.stale && (pasted || ok && press.Text != "") {
		f.set("")
	}
	f.stale = false
	if pasted {
		s := strings.Join(strings.Fields(norm.NFC.String(paste.Content)), " ")
		if f.secret { // a password may hold spaces, but not the line end it was copied with
			s = strings.TrimRight(paste.Content, "\r\n")
		}
		f.area.InsertString(s)
		return
	}
	f.area, _ = f.area.Update(msg)
}

// draw returns the row and the column of the cursor in it.
func (f *field) draw(st *styles.Styles, width int) (string, int) {
	runes := []rune(f.value())
	at := min(f.area.Column(), len(runes))
	before, after := f.shown(st, string(runes[:at])), f.shown(st, string(runes[at:]))
	if over := text.Width(before) - (width - 1); over > 0 {
		before = ansi.TruncateLeft(before, over, "")
		// A wide character cut in half leaves a column: the text keeps its right edge.
		before = strings.Repeat(" ", max(0, width-1-text.Width(before))) + before
	}
	column := text.Width(before)
	row := before + ansi.Truncate(after, max(0, width-column), "")
	if f.stale {
		row = st.Selected.Render(row)
	}
	return text.Pad(row, width), column
}

func (f *field) shown(st *styles.Styles, s string) string {
	if !f.secret {
		return text.Line(s)
	}
	n := 0
	for len(s) > 0 {
		cluster, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s = s[len(cluster):]
		n++
	}
	return strings.Repeat(st.Glyphs.Masked, n)
}
