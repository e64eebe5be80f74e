// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/markdown"
	"kchat/tui/text"
)

// Spot is something in a message that can be clicked.
type Spot struct {
	Kind SpotKind
	With string // of a reaction
}

// SpotKind says what a spot does.
type SpotKind uint8

// The kinds of spots.
const (
	SpotReaction SpotKind = iota // ours is put or taken back
	SpotQuote                    // to the message that is answered
	SpotThread                   // to the thread
)

// spot is where in the rendered message a Spot is, in cells from the text's left edge.
type spot struct {
	Spot
	row, from, to int
}

// place is where in the rendered message what lies.
type place struct {
	spots   []spot
	picture int // the row in which the picture begins; negative: there is none
}

// Clickable is an item in which something can be clicked.
type Clickable interface {
	SpotAt(x, y int) (Spot, bool)
	PictureAt(x, y int) *Picture
}

// SpotAt returns what can be clicked in a column and row of the rendered message.
func (m *Message) SpotAt(x, y int) (Spot, bool) { return m.places[0].spotAt(x, y) }

func (p *place) spotAt(x, y int) (Spot, bool) {
	for _, s := range p.spots {
		if y == s.row && x-indent >= s.from && x-indent < s.to {
			return s.Spot, true
		}
	}
	return Spot{}, false
}

// Excerpt is what the message says, in one row.
func (m *Message) Excerpt(look *Look) string {
	switch {
	case m.Withdrawn():
		return look.Words.Say("talk.withdrawn")
	case m.words() == "" && m.picture != nil:
		return "[" + m.picture.Attached.Name + "]"
	}
	return oneLine(m.words())
}

// excerptFrom is how many bytes of a message are looked at for an excerpt.
const excerptFrom = 2048

// oneLine is the beginning of what was written, in one row and without its marks of Markdown.
func oneLine(words string) string {
	if len(words) > excerptFrom {
		words = strings.ToValidUTF8(words[:excerptFrom], "")
	}
	rows := markdown.Render(&markdown.Look{}, words, excerptFrom)
	return strings.Join(strings.Fields(ansi.Strip(strings.Join(rows, " "))), " ")
}

// AuthorName is who wrote the message, cleaned.
func (m *Message) AuthorName() string { return m.name }

// quoteRows are the row above an answer that says what is answered.
func (m *Message) quoteRows(look *Look, width, at int, lies *place) []string {
	if m.ReplyTo.IsZero() || m.Withdrawn() {
		return nil
	}
	st := look.Styles
	lead := st.Glyphs.TopLeft + st.Glyphs.Horizontal + " "
	lies.spots = append(lies.spots, spot{Spot{Kind: SpotQuote}, at, 0, width})
	o := m.answered
	switch {
	case o != nil:
		style := st.Name(uint64(o.Sender))
		if o.Sender == look.Me && look.Me != 0 {
			style = st.Mine
		}
		name := text.Truncate(o.name, max(4, width/3))
		rest := max(0, width-text.Width(lead)-text.Width(name)-2)
		return []string{st.Faint.Render(lead) + style.Render(name) + "  " + st.Quote.Render(text.Truncate(o.Excerpt(look), rest))}
	case m.lost:
		return []string{st.Faint.Render(text.Truncate(lead+look.Words.Say("talk.not_here"), width))}
	}
	return []string{st.Faint.Render(lead + st.Glyphs.Ellipsis)}
}

// answer ties an answer to what it answers, if that is known, and else notes that it is to be looked for.
func (t *Talk) answer(m *Message) {
	if m.ReplyTo.IsZero() {
		return
	}
	t.answers[m.ReplyTo] = append(t.answers[m.ReplyTo], m)
	if m.answered = t.byID[m.ReplyTo]; m.answered == nil {
		t.wanted = append(t.wanted, m.ReplyTo)
	}
}

// came ties everything that refers to a message to it, which has just come.
func (t *Talk) came(m *Message) {
	for _, a := range t.answers[m.ID] {
		a.answered, a.lost = m, false
		a.version++
	}
	m.thread = t.threads[m.ID]
	for _, a := range m.thread.all() {
		a.root = m
		a.version++
	}
}

// touched makes everything be drawn anew that quotes a message.
func (t *Talk) touched(m *Message) {
	for _, a := range t.answers[m.ID] {
		a.version++
	}
	for _, a := range t.threads[m.ID].all() {
		a.version++
	}
}

// Wanted returns the messages that are answered here and not known, each once: they may lie in the history.
func (t *Talk) Wanted() []rooms.MessageID {
	wanted := t.wanted
	t.wanted = nil
	return wanted
}

// Lost says that a message that is answered cannot be found.
func (t *Talk) Lost(id rooms.MessageID) {
	if t.byID[id] != nil {
		return
	}
	for _, a := range t.answers[id] {
		a.lost = true
		a.version++
	}
	if th := t.threads[id]; th != nil {
		for _, a := range th.replies {
			a.version++
		}
	}
}

// Learn takes messages that are referred to, without showing them in the list: they lie above what was loaded.
func (t *Talk) Learn(entries ...history.Entry) {
	for _, e := range entries {
		if t.byID[e.Message.ID] == nil {
			t.adopt(e.Message).restore(e)
		}
	}
}
