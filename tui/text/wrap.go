// SPDX-License-Identifier: GPL-2.0-only

package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Row is a row of a text, from one byte to before another. Spaces at its end and what broke it lie outside.
type Row struct{ From, To int }

// Wrap breaks a cleaned s into rows of at most width cells (at least two, so that a wide character fits). Words move to
// the next row whole. Han and Kana may be broken anywhere, and so may Hangul words of more than a third of a row, for
// they would leave a hole; closing punctuation does not begin a row. A word longer than a row is broken where the row
// ends. There is always at least one row.
func Wrap(s string, width int) []string {
	spans := Rows(s, width)
	rows := make([]string, len(spans))
	for i, r := range spans {
		rows[i] = s[r.From:r.To]
	}
	return rows
}

// Rows is Wrap for whoever has more to say about the text than its letters: it returns where the rows are.
func Rows(s string, width int) []Row {
	width = max(width, 2)
	var rows []Row
	for from := 0; ; {
		n := strings.IndexByte(s[from:], '\n')
		if n < 0 {
			return wrapLine(rows, s, from, len(s), width)
		}
		rows = wrapLine(rows, s, from, from+n, width)
		from += n + 1
	}
}

// piece is what is not broken when it fits: a word, a wide character with what must stay with it, or spaces.
type piece struct {
	from, to int
	width    int
	space    bool
	hangul   bool
}

// wrapLine breaks the line s[at:end].
func wrapLine(rows []Row, s string, at, end, width int) []Row {
	row := Row{at, at}
	used := 0
	flush := func(next int) {
		for row.To > row.From && s[row.To-1] == ' ' {
			row.To--
		}
		rows = append(rows, row)
		row = Row{next, next}
		used = 0
	}
	for at < end {
		p := cutPiece(s, at, end)
		at = p.to
		switch {
		case used+p.width <= width:
		case p.space:
			flush(p.to)
			continue
		case used > 0 && p.hangul && p.width > width/3:
			head, w := fitHangul(s[p.from:p.to], width-used)
			p.from, p.width = p.from+len(head), p.width-w
			row.To = p.from
			flush(p.from)
		case used > 0:
			flush(p.from)
		}
		for p.width > width {
			head, w := fitHangul(s[p.from:p.to], width)
			if head == "" {
				head, w = fit(s[p.from:p.to], width)
			}
			p.from, p.width = p.from+len(head), p.width-w
			row.To = p.from
			flush(p.from)
		}
		row.To = p.to
		used += p.width
	}
	flush(end)
	return rows
}

// cutPiece returns the first piece of the line s[at:end].
func cutPiece(s string, at, end int) piece {
	p := piece{from: at, to: at}
	for p.to < end {
		cluster, w := ansi.FirstGraphemeCluster(s[p.to:end], ansi.GraphemeWidth)
		first, _ := utf8.DecodeRuneInString(cluster)
		space := first == ' '
		if p.to == p.from {
			p.space = space
		} else if space != p.space || breakable(s[p.from:p.to], first) {
			break
		}
		p.hangul = p.hangul || unicode.Is(unicode.Hangul, first)
		p.to += len(cluster)
		p.width += w
	}
	return p
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

// Fit returns the longest beginning of a cleaned s that takes at most width cells, and something of it in any case.
func Fit(s string, width int) string {
	head, _ := fit(s, width)
	return head
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
