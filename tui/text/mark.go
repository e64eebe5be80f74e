// SPDX-License-Identifier: GPL-2.0-only

package text

import (
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// Mark shows parts of a row in a style of their own. They are byte offsets in the row as it reads without its escape
// sequences, which are kept elsewhere.
func Mark(row string, parts [][2]int, style lipgloss.Style) string {
	if len(parts) == 0 {
		return row
	}
	plain := ansi.Strip(row)
	ranges := make([]lipgloss.Range, 0, len(parts))
	for _, p := range parts {
		from := Width(plain[:p[0]])
		ranges = append(ranges, lipgloss.NewRange(from, from+Width(plain[p[0]:p[1]]), style))
	}
	return lipgloss.StyleRanges(row, ranges...)
}
