// SPDX-License-Identifier: GPL-2.0-only

// Package markdown shows the marks that people write in chat: **bold**, *italic*, ~~struck~~, `code`, blocks of code
// between ```, > quotes, lists and links. It follows CommonMark where that fits a chat, and differs where it does not:
// a line ends where its author ended it, words may stand right behind a mark without a space, as Korean particles do,
// and marks within names such as file_name_1 or __init__ are none. Only looks change: what is sent and kept is the text.
//
// The text is a stranger's. Every byte is looked at a fixed number of times, whatever it is; nothing of it but its
// letters and the addresses of links that were checked reaches the terminal.
package markdown

import (
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"kchat/tui/text"
)

// Look is what marked text is drawn with.
type Look struct {
	Text, Faint, Quote, Link              lipgloss.Style
	Inline                                lipgloss.Style // code within words
	Code, Keyword, String, Number, Remark lipgloss.Style // in a block of code
	Added, Removed                        lipgloss.Style // in a diff
	Bar, Bullet                           string         // before quotes and code, before items; one cell each
	Ticks                                 bool           // the ticks around code stay, since nothing else tells it apart
	Anchor                                string         // begins the ids of links; only letters and digits, one per text
}

// mark is how a part of a text looks: any of these together.
type mark uint16

const (
	bold mark = 1 << iota
	italic
	struck
	quoted
	linked
	leads // where a link leads
	inline
	code
	keyword
	literal
	number
	remark
	added
	removed
	faint
)

// span is a part of a text with one look. Spans lie one behind the other and leave nothing out.
type span struct {
	from, to int
	mark     mark
	link     int // 1 is the first of the links; 0: none
}

// renderer makes the rows of one text.
type renderer struct {
	look   *Look
	links  []string
	rows   []string
	styles map[span]edges // by mark, link and row of that
	began  map[int]int    // the row in which a link begins
	said   map[int]string // by link: what is linked, if that is asked for
	work   int            // how many bytes were looked at
}

// edges are what stands before and after a part with one look.
type edges struct{ before, after string }

// Render lays out words, which must be clean (text.Clean), in rows of at most width cells. There is always a row.
func Render(look *Look, words string, width int) []string {
	r := renderer{look: look, styles: make(map[span]edges), began: make(map[int]int)}
	r.blocks(words, max(width, 2))
	return r.rows
}

// paragraph draws a text with its spans behind a margin, which is wider in the first row if first says so.
func (r *renderer) paragraph(words string, spans []span, margin, first string, width int) {
	used := text.Width(first)
	if width < used+8 { // on a sliver of a screen the words matter more
		margin, first, used = "", "", 0
	}
	at := 0
	for i, row := range text.Rows(words, width-used) {
		before := margin
		if i == 0 {
			before = first
		}
		var b strings.Builder
		b.WriteString(before)
		for at < len(spans) && spans[at].to <= row.From {
			at++
		}
		for j := at; j < len(spans) && spans[j].from < row.To; j++ {
			s := spans[j]
			r.put(&b, words[max(s.from, row.From):min(s.to, row.To)], s.mark, s.link)
		}
		r.rows = append(r.rows, b.String())
	}
	r.work += len(words) + len(spans)
}

// put writes a part with one look.
func (r *renderer) put(b *strings.Builder, words string, m mark, link int) {
	if words == "" {
		return
	}
	if r.said != nil && link > 0 {
		r.said[link] += words
	}
	e := r.edges(m, link)
	b.WriteString(e.before)
	b.WriteString(words)
	b.WriteString(e.after)
}

// edges returns what a look begins and ends with. A link is opened anew in each row, under one id, so that terminals
// see one link however it is wrapped. Its further rows are numbered, which terminals ignore: where the parameters are
// the same, the renderer (ultraviolet, updatePen) believes the link to be open still that it closed at the row's end.
func (r *renderer) edges(m mark, link int) edges {
	key := span{mark: m, link: link}
	if link > 0 {
		row, begun := r.began[link]
		if !begun {
			row = len(r.rows)
			r.began[link] = row
		}
		key.from = len(r.rows) - row
	}
	if e, known := r.styles[key]; known {
		return e
	}
	before, after, _ := strings.Cut(r.look.style(m).Render("x"), "x")
	e := edges{before, after}
	if link > 0 {
		id := "id=" + r.look.Anchor + "-" + strconv.Itoa(link)
		if key.from > 0 {
			id += ":row=" + strconv.Itoa(key.from)
		}
		e = edges{ansi.SetHyperlink(r.links[link-1], id) + before, after + ansi.ResetHyperlink()}
	}
	r.styles[key] = e
	return e
}

// style puts together the style of a look.
func (l *Look) style(m mark) lipgloss.Style {
	s := l.Text
	for _, of := range []struct {
		mark  mark
		style lipgloss.Style
	}{
		{quoted, l.Quote},
		{inline, l.Inline},
		{code, l.Code},
		{keyword, l.Keyword},
		{literal, l.String},
		{number, l.Number},
		{remark, l.Remark},
		{added, l.Added},
		{removed, l.Removed},
		{linked, l.Link},
		{leads | faint, l.Faint},
	} {
		if m&of.mark != 0 {
			s = of.style
		}
	}
	if m&bold != 0 {
		s = s.Bold(true)
	}
	if m&italic != 0 {
		s = s.Italic(true)
	}
	if m&struck != 0 {
		s = s.Strikethrough(true)
	}
	return s
}
