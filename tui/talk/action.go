// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"strings"

	"charm.land/lipgloss/v2"

	"kchat/rooms"
	"kchat/tui/text"
)

// ActionPrefix begins the words of somebody who tells what they do: /me waves. They are sent as they are typed, so that
// who does not know them still understands (XEP-0245).
const ActionPrefix = "/me "

// actionSign stands before an action.
const actionSign = "*"

// Action returns what the author of a text says that they do, if it is of that kind.
func Action(words string) (does string, is bool) {
	does, is = strings.CutPrefix(words, ActionPrefix)
	return does, is && strings.TrimSpace(does) != ""
}

// action returns what somebody says that they do.
func (m *Message) action() (does string, is bool) {
	if m.Kind != rooms.KindText || m.withdrawn {
		return "", false
	}
	return Action(m.words())
}

// acts reports whether a message is an action.
func (m *Message) acts() bool {
	_, is := m.action()
	return is
}

// actionRows show an action: a sign, who, what they do, and when, as one sentence.
func (m *Message) actionRows(look *Look, does string, width int, clock bool) []string {
	st := look.Styles
	name := text.Truncate(m.name, max(4, width/2))
	rows := text.Wrap(actionSign+" "+name+" "+does, width)
	for i, row := range rows {
		rows[i] = m.marks(look).Text.Render(row)
	}
	from := text.Width(actionSign) + 1
	if to := from + text.Width(name); text.Width(rows[0]) >= to {
		style := st.Name(uint64(m.Sender))
		if m.Sender == look.Me && look.Me != 0 {
			style = st.Mine
		}
		rows[0] = lipgloss.StyleRanges(rows[0], lipgloss.NewRange(0, 1, st.Faint), lipgloss.NewRange(from, to, style))
	}
	if when := "  " + m.Time.In(look.Zone).Format("15:04"); clock && text.Width(rows[len(rows)-1])+text.Width(when) <= width {
		rows[len(rows)-1] += st.Faint.Render(when)
	}
	return rows
}
