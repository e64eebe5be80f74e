// SPDX-License-Identifier: GPL-2.0-only

// Package text makes what strangers write safe to lay out in a grid of cells, and lays it out.
//
// Terminals do not agree how wide a cluster of code points is: those that follow Unicode's grapheme clusters draw a
// family emoji two cells wide, the others add up the widths of its parts. A row that holds such a cluster is shifted on
// one of them. So every cluster whose two widths differ is replaced by one whose widths agree, and from then on one way
// of measuring is right everywhere.
package text
