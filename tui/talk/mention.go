// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"slices"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"kchat/rooms"
	"kchat/tui/mention"
	"kchat/tui/text"
)

// naming is whether a message names whoever looks at it. That is looked for when it is shown first.
type naming uint8

const (
	unlooked naming = iota
	unnamed
	named
)

// Names reports whether words of somebody else name whoever looks at them, or their author says beside them that they do:
// people may be called otherwise than when it was written.
func (l *Look) Names(m rooms.Message) bool {
	return m.Sender != l.Me && m.Kind == rooms.KindText && (l.means(m.Mentions) || len(mention.In(m.Text, l.Name)) > 0)
}

func (l *Look) means(mentions []rooms.AccountID) bool {
	return l.Me != 0 && slices.Contains(mentions, l.Me)
}

// names reports whether the message, as its words stand now, names whoever looks at it.
func (m *Message) names(look *Look) bool {
	if m.naming == unlooked {
		m.naming = unnamed
		means := m.Mentions
		if m.edited {
			means = m.editMeans
		}
		if m.Sender != look.Me && !m.Withdrawn() && (look.means(means) || len(mention.In(m.words(), look.Name)) > 0) {
			m.naming = named
		}
	}
	return m.naming == named
}

// markMentions shows the reader's name where finished rows have it.
func (m *Message) markMentions(look *Look, rows []string) {
	if m.Withdrawn() || !m.names(look) {
		return
	}
	for i, row := range rows {
		plain := ansi.Strip(row)
		var ranges []lipgloss.Range
		for _, at := range mention.In(plain, look.Name) {
			from := text.Width(plain[:at[0]])
			ranges = append(ranges, lipgloss.NewRange(from, from+text.Width(plain[at[0]:at[1]]), look.Styles.Mention))
		}
		if len(ranges) > 0 {
			rows[i] = lipgloss.StyleRanges(row, ranges...)
		}
	}
}

// margin is what stands before the rows of a message: a bar where it is selected, or names its reader.
func (m *Message) margin(look *Look, selected bool) string {
	st := look.Styles
	switch {
	case selected:
		return st.SelectedMark.Render(st.Glyphs.Mark) + " "
	case m.names(look) && !m.Withdrawn():
		return st.MentionMark.Render(st.Glyphs.Mark) + " "
	default:
		return "  "
	}
}
