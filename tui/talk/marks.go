// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

// Note is a remark of the program between messages: somebody came, a command answered.
type Note struct {
	Words string // one or more lines
	Style NoteStyle
	at    time.Time
	place rooms.Position
}

// NoteStyle says how loud a note is.
type NoteStyle uint8

// The styles of notes.
const (
	NoteQuiet NoteStyle = iota // comings and goings
	NoteInfo                   // answers to what was asked
	NoteWarn
)

// NewNote returns a note. Words may hold what strangers wrote.
func NewNote(style NoteStyle, words string, at time.Time) *Note {
	return &Note{Words: text.Clean(words), Style: style, at: at}
}

// Version implements Item: a note never changes.
func (n *Note) Version() uint64 { return 0 }

// Place implements Item.
func (n *Note) Place() rooms.Position { return n.place }

// When implements Item.
func (n *Note) When() time.Time { return n.at }

// Render implements Item.
func (n *Note) Render(look *Look, width int, above Item, _ bool) []string {
	st := look.Styles
	style := [...]lipgloss.Style{st.Faint, st.Muted, st.Warn}[n.Style]
	rows := newDay(look, width, above, n.at)
	if _, after := above.(*Message); after && !look.Compact {
		rows = append(rows, "")
	}
	for _, row := range text.Wrap(n.Words, width-4) {
		rows = append(rows, "  "+style.Render(row))
	}
	return rows
}

// Rule is a line across the list with words in it.
type Rule struct {
	kind  RuleKind
	words string
	place rooms.Position
	at    time.Time // of what stands above
	count uint64
}

// RuleKind says what a rule tells of.
type RuleKind uint8

// The kinds of rules.
const (
	RuleBegin RuleKind = iota // what is shown begins here
	RuleGap                   // messages are missing here
)

// NewRule returns a rule that stands at place.
func NewRule(kind RuleKind, words string, place rooms.Position) *Rule {
	return &Rule{kind: kind, words: words, place: place}
}

// SetWords changes what a rule says.
func (r *Rule) SetWords(words string) {
	r.words = words
	r.count++
}

// Version implements Item.
func (r *Rule) Version() uint64 { return r.count }

// Place implements Item.
func (r *Rule) Place() rooms.Position { return r.place }

// When implements Item.
func (r *Rule) When() time.Time { return r.at }

// Render implements Item.
func (r *Rule) Render(look *Look, width int, above Item, _ bool) []string {
	if r.kind == RuleGap {
		line := dashed(look, width, look.Styles.Warn, r.words)
		if above == nil {
			return []string{line}
		}
		return []string{"", line}
	}
	return []string{rule(look, width, look.Styles.Muted, r.words)}
}

// rule draws words in the middle of a line.
func rule(look *Look, width int, style lipgloss.Style, words string) string {
	return across(look, width, look.Styles.Glyphs.Horizontal, style, words)
}

func dashed(look *Look, width int, style lipgloss.Style, words string) string {
	return across(look, width, look.Styles.Glyphs.Dashed, style, words)
}

func across(look *Look, width int, line string, style lipgloss.Style, words string) string {
	words = text.Truncate(" "+words+" ", width-4)
	left := max(0, width-4-text.Width(words)) / 2
	right := max(0, width-4-text.Width(words)-left)
	border := look.Styles.Border
	return "  " + border.Render(strings.Repeat(line, left)) + style.Render(words) + border.Render(strings.Repeat(line, right))
}
