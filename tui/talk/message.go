// SPDX-License-Identifier: GPL-2.0-only

package talk

import (
	"slices"
	"strings"
	"time"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/markdown"
	"kchat/tui/text"
)

// groupFor is how long one person's messages stand under one name.
const groupFor = 5 * time.Minute

// Message is one message with what later ones did to it.
type Message struct {
	rooms.Message

	version   uint64
	body      string // cleaned, once it was asked for
	clean     bool
	found     []string // what a search found in it
	name      string   // cleaned
	edited    bool
	withdrawn bool
	editText  string            // what it says since then
	editMeans []rooms.AccountID // whom it means since then
	editedBy  rooms.MessageID
	editedAt  rooms.Position
	editTime  time.Time // where only the history knows of it
	reactions reactions
	naming    naming
	wishes    []rooms.Message // what we want to do to it and the server has not taken yet
	answered  *Message        // what it answers, if that is known
	lost      bool            // what it answers cannot be found
	root      *Message        // of the thread that it is said in, if that is known
	thread    *Thread         // that begins with it; nil: none
	listed    bool            // it stands in the list
	dismissed bool            // of a thread: it was let go, and is only counted
	places    [2]place        // what lies where in it, as it was rendered last: in the list, in its thread
	fresh     bool            // the divider for unread messages stands above
	joins     bool            // so does the rule that says that what is above was said before we ever came
	read      string          // who has read up to here
	bot       bool
	picture   *Picture
}

func newMessage(m rooms.Message) *Message {
	item := &Message{}
	item.Set(m)
	return item
}

// Set takes over what is new about the message. Words that were edited stay edited.
func (m *Message) Set(of rooms.Message) {
	m.Message = of
	m.name = text.Name(of.Name)
	if of.Attached != nil && m.picture == nil {
		m.picture = newPicture(*of.Attached)
	}
	m.changed()
}

// changed makes the message be laid out anew.
func (m *Message) changed() {
	m.body, m.clean, m.naming = m.Raw(), false, unlooked
	m.version++
}

// Version implements Item.
func (m *Message) Version() uint64 {
	if m.picture != nil {
		return m.version + m.picture.version
	}
	return m.version
}

// Place implements Item.
func (m *Message) Place() rooms.Position { return m.Pos }

// When implements Item.
func (m *Message) When() time.Time { return m.Time }

// Unsent reports whether the message, or a change to it, waits for its author to decide.
func (m *Message) Unsent() bool {
	return refused(m.State) || slices.ContainsFunc(m.wishes, func(w rooms.Message) bool { return refused(w.State) })
}

// Picture returns what is known of the attachment, or nil.
func (m *Message) Picture() *Picture { return m.picture }

// PictureAt returns the picture that is shown in a column and row of the rendered message, or nil.
func (m *Message) PictureAt(x, y int) *Picture { return m.pictureAt(&m.places[0], x, y) }

func (m *Message) pictureAt(in *place, x, y int) *Picture {
	p := m.picture
	if p == nil || m.Withdrawn() || in.picture < 0 || y < in.picture || y >= in.picture+p.asked.height || x < indent || x >= indent+p.asked.width {
		return nil
	}
	return p
}

// indent is how many columns stand before every row.
const indent = 2

// SetBot marks the author as a bot.
func (m *Message) SetBot(bot bool) {
	if m.bot != bot {
		m.bot = bot
		m.version++
	}
}

func (m *Message) setFresh(fresh bool) {
	m.fresh = fresh
	m.version++
}

// setRead says who has read up to here, or nothing.
func (m *Message) setRead(words string) {
	if m.read != words {
		m.read = words
		m.version++
	}
}

// apply does what an edit, deletion or reaction says. Only authors change their own words. Doing it twice is doing
// it once.
func (m *Message) apply(later rooms.Message) {
	if m.wish(later) {
		m.changed()
		return
	}
	switch later.Kind {
	case rooms.KindEdit:
		older := later.Pos.Compare(m.editedAt) < 0 || m.editedAt.IsZero() && later.Time.Before(m.editTime)
		if later.Sender != m.Sender || m.edited && later.ID != m.editedBy && older {
			break
		}
		m.edited, m.editText, m.editedBy, m.editedAt = true, later.Text, later.ID, later.Pos
		m.editMeans = later.Mentions
	case rooms.KindDelete:
		if later.Sender != m.Sender {
			break
		}
		m.withdrawn = true
		if m.picture != nil {
			m.picture.Drop()
		}
	case rooms.KindReact:
		m.reactions.set(later.Sender, later.Text, !later.Removed, later.Pos)
	}
	m.changed()
}

// restore takes over what the history knows was done to the message.
func (m *Message) restore(e history.Entry) {
	if !e.Deleted && e.Edited.IsZero() && len(e.Reactions) == 0 {
		return
	}
	m.withdrawn = m.withdrawn || e.Deleted
	if !e.Edited.IsZero() && !m.edited {
		m.edited, m.editText, m.editTime = true, e.Message.Text, e.Edited
		m.editMeans = e.Message.Mentions
	}
	for _, r := range e.Reactions {
		for _, by := range r.By {
			m.reactions.set(by, r.Text, true, rooms.Position{})
		}
	}
	m.changed()
}

// Render implements Item.
func (m *Message) Render(look *Look, width int, above Item, selected bool) []string {
	as := asWhole
	if m.InThread() {
		as = asRow
	}
	return m.render(look, width, above, selected, as)
}

// shape is how much of a message is shown.
type shape uint8

const (
	asWhole   shape = iota
	asRow           // one row
	asMember        // whole, in its thread
	asCaption       // so, but of a picture its caption only: another place shows it
)

// render lays the message out.
func (m *Message) render(look *Look, width int, above Item, selected bool, as shape) []string {
	prev, _ := above.(*Message)
	dividers := m.dividers(look, width, prev, above)
	head := len(dividers) > 0 || !m.grouped(look, prev) || as <= asRow && prev.InThread() != m.InThread()
	var rows []string
	if _, rule := above.(*Rule); head && above != nil && !rule && !look.Compact && (as != asRow || prev == nil || !prev.InThread()) {
		rows = append(rows, "")
	}
	rows = append(rows, dividers...)
	lies := &m.places[0]
	if as > asRow {
		lies = &m.places[1]
	}
	lies.spots, lies.picture = lies.spots[:0], -1
	content := m.content(look, width, prev, head, selected, as, lies)
	if lies.picture >= 0 {
		lies.picture += len(rows)
	}
	for i := range lies.spots {
		lies.spots[i].row += len(rows)
	}
	return append(rows, content...)
}

// dividers are the rows above the message that tell of the day, of the join and of what is unread.
func (m *Message) dividers(look *Look, width int, prev *Message, above Item) []string {
	var rows []string
	if prev != nil && m.joins {
		rows = append(rows, rule(look, width, look.Styles.Faint, look.Words.Say("talk.before_join")))
	}
	rows = append(rows, newDay(look, width, above, m.Time)...)
	if m.fresh {
		rows = append(rows, rule(look, width, look.Styles.Accent, look.Words.Say("talk.unread")))
	}
	return rows
}

// newDay is the row that names the day, if what stands above is of another one.
func newDay(look *Look, width int, above Item, at time.Time) []string {
	if above != nil && !above.When().IsZero() && sameDay(look, above.When(), at) {
		return nil
	}
	return []string{rule(look, width, look.Styles.Faint, day(look, at))}
}

func sameDay(look *Look, a, b time.Time) bool {
	ay, am, ad := a.In(look.Zone).Date()
	by, bm, bd := b.In(look.Zone).Date()
	return ay == by && am == bm && ad == bd
}

func day(look *Look, at time.Time) string {
	at = at.In(look.Zone)
	return look.Words.Say("talk.day",
		"weekday", look.Words.Say("weekday."+strings.ToLower(at.Weekday().String())),
		"month", look.Words.Say("month."+strings.ToLower(at.Month().String())),
		"day", at.Day(), "year", at.Year())
}

// grouped reports whether the message stands under the name of the one above.
func (m *Message) grouped(look *Look, prev *Message) bool {
	return prev != nil && prev.Sender == m.Sender && prev.Kind == m.Kind && prev.acts() == m.acts() &&
		m.Time.Sub(prev.Time) < groupFor && sameDay(look, prev.Time, m.Time)
}

func (m *Message) content(look *Look, width int, prev *Message, head, selected bool, as shape, lies *place) []string {
	st := look.Styles
	if m.Kind == rooms.KindTopic {
		return []string{rule(look, width, st.Muted, look.Words.Say("talk.topic", "name", m.name, "topic", text.Line(m.Text)))}
	}
	margin := m.margin(look, selected)
	var rows []string
	if as == asRow {
		for _, row := range m.aside(look, width-4, prev, lies) {
			rows = append(rows, margin+row)
		}
		return rows
	}
	if head && !m.acts() {
		rows = append(rows, margin+m.head(look, width-2))
	}
	body := m.quoteRows(look, width-4, len(rows), lies)
	body = append(body, m.bodyRows(look, width-4, head)...)
	switch {
	case m.picture == nil || m.Withdrawn():
	case as == asCaption:
		body = append(body, st.Faint.Render(text.Truncate(m.picture.Attached.Name, width-4)))
	default:
		lies.picture = len(rows) + len(body)
		body = append(body, m.picture.rows(look, width-4)...)
	}
	body = m.withTick(look, width-4, body)
	body = append(body, m.reactionRows(look, width-4, len(rows)+len(body), lies)...)
	if as == asWhole {
		body = append(body, m.threadRows(look, width-4, len(rows)+len(body), lies)...)
	}
	body = append(body, m.refusedRows(look, width-4)...)
	for _, row := range body {
		rows = append(rows, margin+row)
	}
	return rows
}

// head is the row with the author's name and the time.
func (m *Message) head(look *Look, width int) string {
	st := look.Styles
	name, style := m.name, st.Name(uint64(m.Sender))
	if m.Sender == look.Me && look.Me != 0 {
		style = st.Mine
	}
	clock := m.Time.In(look.Zone).Format("15:04")
	if m.bot {
		clock = look.Words.Say("talk.bot") + " " + st.Glyphs.Bullet + " " + clock
	}
	return style.Render(text.Truncate(name, max(4, width-8))) + "  " + st.Faint.Render(clock)
}

// words are the message's words, made harmless. Most messages of a long room are never looked at, so it waits for that.
func (m *Message) words() string {
	if !m.clean {
		m.body, m.clean = text.Clean(m.body), true
	}
	return m.body
}

func (m *Message) bodyRows(look *Look, width int, head bool) []string {
	st := look.Styles
	if m.Withdrawn() {
		return []string{st.Faint.Render(text.Truncate(look.Words.Say("talk.withdrawn"), width))}
	}
	if m.words() == "" {
		return nil
	}
	var rows []string
	if does, is := m.action(); is {
		rows = m.actionRows(look, does, width, head)
	} else {
		rows = markdown.Render(m.marks(look), m.words(), width)
	}
	m.markMentions(look, rows)
	m.markFound(look, rows)
	if m.Edited() {
		mark := " " + look.Words.Say("talk.edited")
		if last := len(rows) - 1; text.Width(rows[last])+text.Width(mark) <= width {
			rows[last] += st.Faint.Render(mark)
		} else {
			rows = append(rows, st.Faint.Render(strings.TrimSpace(mark)))
		}
	}
	return rows
}

// withTick puts the mark of how far our message has come at the right end of its last row.
func (m *Message) withTick(look *Look, width int, rows []string) []string {
	tick := m.tick(look)
	if m.read != "" && tick != "" {
		tick += look.Styles.Faint.Render(" " + look.Styles.Glyphs.Bullet + " " + m.read)
	}
	if tick == "" || len(rows) == 0 {
		return rows
	}
	last := len(rows) - 1
	space := width - text.Width(rows[last]) - text.Width(tick)
	if space < 1 {
		rows = append(rows, "")
		last++
		space = width - text.Width(tick)
	}
	rows[last] += strings.Repeat(" ", max(0, space)) + tick
	return rows
}

func (m *Message) tick(look *Look) string {
	st, g := look.Styles, look.Styles.Glyphs
	state := m.State
	if wish := m.wishState(); wish != rooms.StateReceived && !refused(state) {
		state = wish
	}
	switch state {
	case rooms.StateWaiting:
		return st.Warn.Render(g.Waiting + " " + look.Words.Say("tick.waiting"))
	case rooms.StateSending:
		return st.Faint.Render(g.Sending + " " + look.Words.Say("tick.sending"))
	case rooms.StateSent:
		return st.Faint.Render(g.Sent)
	case rooms.StateDelivered:
		of := look.Words.Say("tick.of", "k", m.Stored, "n", max(m.Present, m.Stored))
		if m.Stored >= m.Present {
			return st.Good.Render(g.Delivered + g.Delivered + " " + of)
		}
		return st.Muted.Render(g.Delivered + " " + of)
	case rooms.StateAlone, rooms.StateFailed:
		return st.Warn.Render(g.Failed + " " + look.Words.Say("tick.unsent"))
	default:
		return ""
	}
}
