// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/mention"
	"kchat/tui/styles"
	"kchat/tui/talk"
	"kchat/tui/text"
)

// mentionsMe reports whether somebody else means us: our name stands in the words, or they answer something of ours.
func (c *chat) mentionsMe(m rooms.Message) bool {
	if m.Sender == c.me.ID || m.Kind != rooms.KindText {
		return false
	}
	if r := c.book.find(m.Room); r != nil && !m.ReplyTo.IsZero() {
		if answered := r.talk.Message(m.ReplyTo); answered != nil && answered.Sender == c.me.ID {
			return true
		}
	}
	return c.look.Names(m)
}

// commandMe says what one does: /me waves.
func (c *chat) commandMe(does string) tea.Cmd {
	if does == "" {
		return c.wrong("me", does)
	}
	return c.utter(talk.ActionPrefix + does)
}

// mentionsMost is how many mentions are listed; they are the newest.
const mentionsMost = 500

// mentions lists where we were named, in all rooms, the newest first. Enter goes there.
type mentions struct {
	items []history.Entry
	came  bool
	err   error
	at    int
	first int
	shown int // how many were at the last draw
}

// openMentions looks for our name in everything that is kept.
func (c *chat) openMentions() tea.Cmd {
	if c.session.Archive == nil {
		return c.warn(c.say("history.none"))
	}
	name := cmp.Or(c.me.Name, c.look.Name)
	if name == "" {
		return c.warn(c.say("mentions.nobody"))
	}
	d := &mentions{}
	c.dialogs.push(d)
	archive, community, me := c.session.Archive, c.server.Community, c.me.ID
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		var found []history.Entry
		err := archive.Naming(ctx, community, name, me, func(e history.Entry) bool {
			if e.Message.Sender != me && (slices.Contains(e.Message.Mentions, me) || len(mention.In(e.Message.Text, name)) > 0) {
				found = append(found, e)
			}
			return len(found) < mentionsMost
		})
		return func(*chat) tea.Cmd {
			d.items, d.came, d.err = found, true, err
			return nil
		}
	})
}

func (d *mentions) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch latin(msg).String() {
	case "up", "k":
		d.move(-1)
	case "down", "j":
		d.move(1)
	case "pgup":
		d.move(-d.shown)
	case "pgdown", "space":
		d.move(d.shown)
	case "home":
		d.at = 0
	case "end":
		d.move(len(d.items))
	case "enter":
		return true, d.follow(c)
	case "esc", "q", "ctrl+c", "alt+m":
		return true, nil
	}
	return false, nil
}

func (d *mentions) move(by int) { d.at = max(0, min(d.at+by, len(d.items)-1)) }

// wheel implements wheeler.
func (d *mentions) wheel(_ *chat, rows int) tea.Cmd {
	d.move(cmp.Compare(rows, 0))
	return nil
}

// Each mention takes two rows, and an empty one stands above the first.
const (
	mentionRows = 2
	mentionsAt  = 1
)

// click implements clicker.
func (d *mentions) click(c *chat, _, y int) (bool, tea.Cmd) {
	at := d.first + (y-mentionsAt)/mentionRows
	if y < mentionsAt || y >= mentionsAt+d.shown*mentionRows || at >= len(d.items) {
		return false, nil
	}
	d.at = at
	return true, d.follow(c)
}

// follow goes to the chosen mention, in its room.
func (d *mentions) follow(c *chat) tea.Cmd {
	if d.at >= len(d.items) {
		return nil
	}
	m := d.items[d.at].Message
	return c.goTo(m.Room, m.Pos, m.ID)
}

// placeName is what a room is called that may not be open.
func (c *chat) placeName(name string) string {
	if r := c.book.find(name); r != nil {
		return c.book.title(r)
	}
	return c.book.title(newRoom(name, c.look))
}

func (d *mentions) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	d.first, d.shown = window(d.first, d.at, len(d.items), (height-mentionsAt-2)/mentionRows)
	rows := []string{""}
	switch {
	case d.err != nil:
		rows = append(rows, st.Warn.Render(text.Truncate(c.say("chat.no_history", "why", c.cause(d.err)), width)))
	case !d.came:
		rows = append(rows, st.Muted.Render(c.say("gallery.looking")))
	case len(d.items) == 0:
		for _, row := range text.Wrap(c.say("mentions.none", "name", text.Name(c.me.Name)), width) {
			rows = append(rows, st.Muted.Render(row))
		}
	}
	for i, e := range d.items[d.first : d.first+d.shown] {
		rows = append(rows, d.rows(c, e, d.first+i == d.at, width)...)
	}
	rows = append(rows, "", st.Faint.Render(text.Truncate(c.say("mentions.keys"), width)))
	for i := range rows {
		rows[i] = text.Pad(rows[i], width)
	}
	title := c.say("mentions.title")
	if len(d.items) > 0 {
		title += fmt.Sprintf(" %s %d/%d", st.Glyphs.Bullet, d.at+1, len(d.items))
	}
	return title, rows, nil
}

// rows show who named us where and when, and what they said around the name.
func (d *mentions) rows(c *chat, e history.Entry, chosen bool, width int) []string {
	st, m := c.st, e.Message
	mark := "  "
	if chosen {
		mark = st.SelectedMark.Render(st.Glyphs.Mark) + " "
	}
	head := st.Name(uint64(m.Sender)).Render(text.Name(m.Name)) + "  " +
		st.Muted.Render(c.placeName(m.Room)) + "  " + st.Faint.Render(m.Time.In(c.cfg.Zone).Format("2006-01-02 15:04"))
	return []string{
		mark + text.Truncate(head, width-2),
		mark + excerpt(text.Line(m.Text), c.me.Name, width-2, st),
	}
}

// excerpt is the part of a line that has a name in it, with the name marked.
func excerpt(line, name string, width int, st *styles.Styles) string {
	found := mention.In(line, name)
	if len(found) > 0 {
		if before := text.Width(line[:found[0][1]]); before > width {
			line = st.Glyphs.Ellipsis + lastColumns(line[:found[0][1]], width/2) + line[found[0][1]:]
		}
	}
	line = text.Truncate(line, width)
	var ranges []lipgloss.Range
	for _, at := range mention.In(line, name) {
		from := text.Width(line[:at[0]])
		ranges = append(ranges, lipgloss.NewRange(from, from+text.Width(line[at[0]:at[1]]), st.Mention))
	}
	return lipgloss.StyleRanges(line, ranges...)
}

// lastColumns is the end of a line, at most so wide.
func lastColumns(line string, width int) string {
	runes := []rune(line)
	slices.Reverse(runes)
	for i := range runes {
		if text.Width(string(runes[:i+1])) > width {
			runes = runes[:i]
			break
		}
	}
	slices.Reverse(runes)
	return string(runes)
}
