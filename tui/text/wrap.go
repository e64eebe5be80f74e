// SPDX-License-Identifier: GPL-2.0-only

package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Wrap breaks a cleaned s into rows of at most width cells (at least two, so that a wide character fits). Words move to
// the next row whole. Han and Kana may be broken anywhere, and so may Hangul words of more than a third of a row, for
// they would leave a hole; closing punctuation does not begin a row. A word longer than a row is broken where the row
// ends. There is always at least one row.
func Wrap(s string, width int) []string {
	width = max(width, 2)
	var rows []string
	for line := range strings.SplitSeq(s, "\n") {
		rows = wrapLine(rows, line, width)
	}
	return rows
}

// piece is what is not broken when it fits: a word, a wide character with what must stay with it, or spaces.
type piece struct {
	text   string
	width  int
	space  bool
	hangul bool
}

func wrapLine(rows []string, line string, width int) []string {
	var row strings.Builder
	used := 0
	flush := func() {
		rows = append(rows, strings.TrimRight(row.String(), " "))
		row.Reset()
		used = 0
	}
	for len(line) > 0 {
		var p piece
		p, line = cutPiece(line)
		switch {
		case used+p.width <= width:
		case p.space:
			flush()
			continue
		case used > 0 && p.hangul && p.width > width/3:
			head, w := fitHangul(p.text, width-used)
			row.WriteString(head)
			p.text, p.width = p.text[len(head):], p.width-w
			flush()
		case used > 0:
			flush()
		}
		for p.width > width {
			head, w := fitHangul(p.text, width)
			if head == "" {
				head, w = fit(p.text, width)
			}
			row.WriteString(head)
			flush()
			p.text, p.width = p.text[len(head):], p.width-w
		}
		row.WriteString(p.text)
		used += p.width
	}
	flush()
	return rows
}

// cutPiece takes the first piece off line.
func cutPiece(line string) (piece, string) {
	var p piece
	rest := line
	for len(rest) > 0 {
		cluster, w := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		first, _ := utf8.DecodeRuneInString(cluster)
		space := first == ' '
		if p.text == "" {
			p.space = space
		} else if space != p.space || breakable(p.text, first) {
			break
		}
		p.hangul = p.hangul || unicode.Is(unicode.Hangul, first)
		p.text += cluster
		p.width += w
		rest = rest[len(cluster):]
	}
	return p, rest
}

// breakable reports whether a row may end between what is before and next.
func breakable(before string, next rune) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	if closing(next) || opening(last) {
		return false
	}
	return ideographic(last) || ideographic(next)
}

func ideographic(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) ||
		(r >= 0x3000 && r <= 0x303f) || (r >= 0xff01 && r <= 0xff60)
}

func closing(r rune) bool {
	return strings.ContainsRune("、。，．：；！？）」』】〕〉》”’…!?,.:;)]}", r)
}

func opening(r rune) bool { return strings.ContainsRune("（「『【〔〈《“‘([{", r) }

// fit returns the longest beginning of s that takes at most width cells, and how many it takes. It is never empty.
func fit(s string, width int) (string, int) {
	used, n := 0, 0
	for n < len(s) {
		cluster, w := ansi.FirstGraphemeCluster(s[n:], ansi.GraphemeWidth)
		if n > 0 && used+w > width {
			break
		}
		used += w
		n += len(cluster)
	}
	return s[:n], used
}

// fitHangul is the part of a word with Hangul in it that stays in a row with so many cells left: it may be nothing, and
// what is left does not begin with closing punctuation.
func fitHangul(word string, width int) (string, int) {
	head, used := fit(word, width)
	if used > width {
		return "", 0
	}
	next, _ := utf8.DecodeRuneInString(word[len(head):])
	if closing(next) && len(head) < len(word) {
		_, n := utf8.DecodeLastRuneInString(head)
		head = head[:len(head)-n]
		used = Width(head)
	}
	return head, used
}

// Truncate shortens a cleaned s, which may be styled, to width cells; what was cut shows as an ellipsis.
func Truncate(s string, width int) string {
	if width <= 0 {
		return ""
	}
	return ansi.Truncate(s, width, "…")
}

// Pad fills s, which may be styled, with spaces to width cells, or truncates it.
func Pad(s string, width int) string {
	w := ansi.StringWidth(s)
	switch {
	case width <= 0:
		return ""
	case w > width:
		s = Truncate(s, width)
		w = ansi.StringWidth(s)
	}
	return s + strings.Repeat(" ", max(0, width-w))
}

// Steady replaces the clusters of a styled s whose widths disagree without moving what comes after them: the stand-in
// is padded to the width that s was laid out for. It is for the composer, whose contents must be sent as typed.
func Steady(s string) string {
	if ansi.StringWidth(s) == ansi.StringWidthWc(s) && !joined(s) {
		return s
	}
	var b strings.Builder
	var state byte
	p := ansi.GetParser()
	defer ansi.PutParser(p)
	for len(s) > 0 {
		seq, width, n, next := ansi.DecodeSequence(s, state, p)
		if width > 0 {
			one := settled(seq, width)
			b.WriteString(one)
			b.WriteString(strings.Repeat(" ", max(0, width-ansi.StringWidth(one))))
		} else {
			b.WriteString(seq)
		}
		state = next
		s = s[n:]
	}
	return b.String()
}
