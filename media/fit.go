// SPDX-License-Identifier: GPL-2.0-only

package media

import "math"

// Fit gives the terminal cells a picture of w by h pixels takes: as many as fit into maxCols by maxRows with the
// picture's shape kept, but no more columns than it has pixels. A cell is cellW by cellH pixels; where that is not
// known (zero), it is taken for twice as high as wide. The result depends on nothing else, so the height can be
// reserved before any pixel has come. It is 0, 0 when there is nothing to show or no place for it, and at least
// 1, 1 otherwise.
func Fit(w, h, maxCols, maxRows, cellW, cellH int) (cols, rows int) {
	if w <= 0 || h <= 0 || maxCols <= 0 || maxRows <= 0 {
		return 0, 0
	}
	if cellW <= 0 || cellH <= 0 {
		cellW, cellH = 1, 2
	}
	// How many columns one row is worth.
	shape := float64(w) / float64(h) * float64(cellH) / float64(cellW)
	cols = min(maxCols, w)
	if float64(cols)/shape > float64(maxRows) {
		cols = max(int(math.Round(float64(maxRows)*shape)), 1)
	}
	rows = int(math.Round(float64(cols) / shape))
	return min(cols, maxCols), min(max(rows, 1), maxRows)
}
