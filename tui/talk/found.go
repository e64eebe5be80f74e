// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"github.com/charmbracelet/x/ansi"

	"kchat/history"
	"kchat/tui/text"
)

// SetFound has the message show the words that a search found in it; none: no longer.
func (m *Message) SetFound(terms []string) {
	m.found = terms
	m.version++
}

// markFound shows in finished rows what a search found. Words that are broken at the end of a row are not.
func (m *Message) markFound(look *Look, rows []string) {
	if len(m.found) == 0 || m.Withdrawn() {
		return
	}
	for i, row := range rows {
		if at := history.Marks(ansi.Strip(row), m.found); len(at) > 0 {
			rows[i] = text.Mark(row, at, look.Styles.Match)
		}
	}
}
