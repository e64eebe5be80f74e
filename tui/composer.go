// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"

	"kchat/tui/styles"
	"kchat/tui/text"
)

const (
	// settleFor is how long Enter waits for an input method to hand over the syllable it still composes: some send
	// Enter first, and the last syllable of the message would be lost.
	settleFor = 30 * time.Millisecond
	// composerRows is how far the composer grows.
	composerRows = 6
)

// composer is where one writes. Its contents are sent as typed; only what is shown is made steady.
type composer struct {
	area    textarea.Model
	width   int
	settles int // counts Enters that wait; an older one is void
	waiting bool
}

// settledMsg says that the wait after Enter is over.
type settledMsg struct{ turn int }

func newComposer(newline ...string) composer {
	a := textarea.New()
	a.ShowLineNumbers = false
	a.Prompt = ""
	a.CharLimit = 0
	a.MaxHeight = 0
	a.DynamicHeight = true
	a.MinHeight, a.MaxHeight = 1, composerRows
	a.MaxContentHeight = 1 << 20
	a.SetVirtualCursor(false)
	a.KeyMap.InsertNewline = key.NewBinding(key.WithKeys(newline...))
	a.KeyMap.Paste = key.NewBinding(key.WithDisabled())
	a.Focus()
	return composer{area: a}
}

func (c *composer) dress(st *styles.Styles) {
	state := textarea.StyleState{
		Base: lipgloss.NewStyle(), Text: st.Text, CursorLine: st.Text, EndOfBuffer: st.Faint,
		Placeholder: st.Faint, Prompt: st.Accent, Selection: lipgloss.NewStyle().Reverse(true),
	}
	s := c.area.Styles()
	s.Focused, s.Blurred = state, state
	c.area.SetStyles(s)
}

func (c *composer) value() string { return c.area.Value() }
func (c *composer) empty() bool   { return strings.TrimSpace(c.value()) == "" }

// set replaces what is written; the cursor goes to the end.
func (c *composer) set(s string) {
	c.area.SetValue(s)
	c.area, _ = c.area.Update(nil) // has it scroll to the cursor
	c.waiting = false
}

// insert puts text where the cursor is. It is composed, so that names of files from macOS have the same syllables.
func (c *composer) insert(s string) {
	c.area.InsertString(norm.NFC.String(s))
	c.area, _ = c.area.Update(nil)
}

// key edits. It reports whether the contents changed.
func (c *composer) key(msg tea.Msg) bool {
	before := c.value()
	for range c.atOnce(msg) {
		c.area, _ = c.area.Update(msg)
	}
	return c.value() != before
}

// atOnce is how often a key is to be done: what looks like one character is taken away, and passed, as one.
func (c *composer) atOnce(msg tea.Msg) int {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || press.Mod != 0 {
		return 1
	}
	lines := strings.Split(c.value(), "\n")
	line := []rune(lines[min(c.area.Line(), len(lines)-1)])
	at := min(c.area.Column(), len(line))
	cluster := ""
	switch press.Code {
	case tea.KeyBackspace, tea.KeyLeft:
		for before := string(line[:at]); before != ""; before = before[len(cluster):] {
			cluster, _ = ansi.FirstGraphemeCluster(before, ansi.GraphemeWidth)
		}
	case tea.KeyDelete, tea.KeyRight:
		cluster, _ = ansi.FirstGraphemeCluster(string(line[at:]), ansi.GraphemeWidth)
	}
	return max(1, utf8.RuneCountInString(cluster))
}

// tickFunc is tea.Tick by some clock.
type tickFunc func(d time.Duration, do func(time.Time) tea.Msg) tea.Cmd

// enter begins to send. Syllables that come before settledMsg still belong to the message; nil: none can come.
func (c *composer) enter(tick tickFunc) tea.Cmd {
	if !hangulLast(c.value()) {
		return nil
	}
	c.settles++
	c.waiting = true
	turn := c.settles
	return tick(settleFor, func(time.Time) tea.Msg { return settledMsg{turn} })
}

// settled reports whether msg belongs to the last Enter, and that waits.
func (c *composer) settled(msg settledMsg) bool { return c.waiting && msg.turn == c.settles }

// take returns what is to be sent.
func (c *composer) take() (string, bool) {
	c.waiting = false
	s := norm.NFC.String(strings.TrimRight(c.value(), " \n"))
	return s, strings.TrimSpace(s) != ""
}

func hangulLast(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.Is(unicode.Hangul, r)
}

// word returns the word before the cursor, what stands before it in its line, and whether the cursor is in the first line.
func (c *composer) word() (before, word string, first bool) {
	lines := strings.Split(c.value(), "\n")
	at := min(c.area.Line(), len(lines)-1)
	line := []rune(lines[at])
	head := string(line[:min(c.area.Column(), len(line))])
	i := strings.LastIndexAny(head, " \t")
	for i > 0 && head[i-1] == '\\' { // a space within a path
		i = strings.LastIndexAny(head[:i], " \t")
	}
	return head[:i+1], head[i+1:], at == 0
}

// atTop reports whether the cursor is in the first row.
func (c *composer) atTop() bool { return c.area.Line() == 0 && c.area.LineInfo().RowOffset == 0 }

// complete replaces the word before the cursor.
func (c *composer) complete(with string) {
	_, word, _ := c.word()
	for range utf8.RuneCountInString(word) {
		c.area, _ = c.area.Update(tea.KeyPressMsg{Code: tea.KeyBackspace})
	}
	c.area.InsertString(with)
}

// setWidth says how wide the whole composer is, and returns how many rows it takes.
func (c *composer) setWidth(width int, bare bool) int {
	inner := width - 6
	if bare {
		inner = width - 4
	}
	if inner = max(inner, 2); inner != c.width {
		c.width = inner
		c.area.SetWidth(inner)
	}
	if bare {
		return 1
	}
	return c.area.Height() + 2
}

// draw returns the rows of the composer and where the cursor is in them. A closed composer keeps what was written.
func (c *composer) draw(st *styles.Styles, width int, bare, closed bool, placeholder string) ([]string, *tea.Cursor) {
	c.area.Placeholder = ""
	rows := strings.Split(c.area.View(), "\n")
	if c.value() == "" {
		rows = []string{st.Faint.Render(text.Truncate(placeholder, c.width))}
	}
	for i := range rows {
		rows[i] = text.Steady(rows[i])
	}
	cursor := c.area.Cursor()
	prompt, border := st.Accent, st.ComposerBorder
	if closed {
		prompt, border = st.Faint, st.ComposerOffBorder
	}
	g := st.Glyphs
	if bare {
		row := 0
		if cursor != nil {
			row = min(cursor.Y, len(rows)-1)
			cursor.X, cursor.Y = cursor.X+3, 0
		}
		return []string{" " + prompt.Render(g.Prompt) + " " + rows[max(row, 0)]}, cursor
	}
	line := strings.Repeat(g.Horizontal, max(0, width-2))
	out := []string{border.Render(g.TopLeft + line + g.TopRight)}
	for i, row := range rows {
		mark := " "
		if i == 0 {
			mark = prompt.Render(g.Prompt)
		}
		out = append(out, border.Render(g.Vertical)+" "+mark+" "+text.Pad(row, width-6)+" "+border.Render(g.Vertical))
	}
	if cursor != nil {
		cursor.X, cursor.Y = cursor.X+4, cursor.Y+1
	}
	return append(out, border.Render(g.BottomLeft+line+g.BottomRight)), cursor
}
