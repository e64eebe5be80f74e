// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"kchat/tui/text"
)

// Where the panes fold.
const (
	widthForRooms  = 76
	widthForPeople = 96
	heightForBox   = 14 // below it the composer is one row without a box
	heightForAir   = 24 // below it no empty rows stand between groups
	heightForHint  = 9
)

// layout is where the regions are.
type layout struct {
	width, height                                    int
	rooms, people, header, talk, wait, hint, compose uv.Rectangle
	aside                                            uv.Rectangle // the row that says what the composer is for
	thread                                           uv.Rectangle // the open thread
	status                                           uv.Rectangle
	bare                                             bool // the composer has no box
	overRooms, overPeople                            bool // the pane lies over the talk
}

// arrange divides the screen.
func (c *chat) arrange(width, height int) {
	l := layout{width: width, height: height, bare: height < heightForBox}
	all := uv.Rect(0, 0, width, height)
	rest := all
	if height > 3 {
		rest, l.status = splitBottom(all, 1)
	}
	usual := 20
	if width >= 130 {
		usual = 26
	}
	if c.roomsPane.decide(width >= widthForRooms) {
		if width >= widthForRooms {
			l.rooms, rest = splitLeft(rest, side(c.sides.rooms, usual, width))
		} else {
			l.overRooms = true
		}
	}
	if c.peoplePane.decide(width >= widthForPeople && !c.link.reading) {
		if width >= widthForPeople {
			rest, l.people = splitRight(rest, side(c.sides.people, usual, width))
		} else {
			l.overPeople = true
		}
	}
	if height >= 6 {
		l.header, rest = splitTop(rest, 2)
	}
	over := l.header.Union(rest)
	closed := c.closed() && !c.link.reading
	left, right := l.margins()
	rows := c.composer.setWidth(rest.Dx()-left-right, l.bare)
	rest, l.compose = splitBottom(rest, rows)
	l.compose.Min.X, l.compose.Max.X = l.compose.Min.X+left, l.compose.Max.X-right
	if height >= 6 && c.book.current != nil && (c.meant() != nil || c.aside.edits != nil || c.aside.answers != nil || c.aside.thread != nil) {
		rest, l.aside = splitBottom(rest, 1)
	}
	if height >= heightForHint {
		rest, l.hint = splitBottom(rest, 1)
	}
	if closed && c.book.current != nil {
		rest, l.wait = splitBottom(rest, c.waiting.height(c, rest.Dx(), rest.Dy()))
	}
	l.talk = rest
	over.Max.Y = l.compose.Min.Y
	if l.overRooms {
		l.rooms, _ = splitLeft(over, min(24, width))
	}
	if l.overPeople {
		_, l.people = splitRight(over, min(24, width))
	}
	c.look.Compact = height < heightForAir
	c.lay = l
}

// margins are what lies between the composer and the panes at its sides: the line of a pane and that of a box do not
// stand cell by cell.
func (l *layout) margins() (left, right int) {
	if !l.bare && !l.rooms.Empty() {
		left = 1
	}
	if !l.bare && !l.people.Empty() {
		right = 1
	}
	return left, right
}

// fit divides the screen and has the talk fit into its part.
func (c *chat) fit(width, height int) {
	c.arrange(width, height)
	if c.viewer != nil {
		c.viewer.fit(width, height)
	}
	c.fitThread()
	if r := c.book.current; r != nil {
		r.talk.SetSize(c.lay.talk.Dx(), c.lay.talk.Dy())
	}
}

// draw draws the whole chat and returns where the cursor is.
func (c *chat) draw(cv canvas) *tea.Cursor {
	b := cv.Bounds()
	c.fit(b.Dx(), b.Dy())
	if c.viewer != nil {
		c.viewer.draw(c, cv)
		return nil
	}
	l := &c.lay
	if r := c.book.current; r != nil {
		if !c.covered() {
			cv.put(l.talk, r.talk.Draw())
		}
		c.drawThread(cv)
		cv.put(l.header, c.header(l.header.Dx()))
	}
	cv.put(l.hint, []string{c.hint(l.hint.Dx())})
	cv.put(l.aside, []string{c.asideRow(l.aside.Dx())})
	cv.put(l.wait, c.waiting.draw(c, l.wait.Dx(), l.wait.Dy()))
	rows, cursor := c.composer.draw(c.st, l.compose.Dx(), l.bare, c.closed(), c.placeholder())
	cv.put(l.compose, rows)
	if cursor != nil {
		cursor.X, cursor.Y = cursor.X+l.compose.Min.X, cursor.Y+l.compose.Min.Y
	}
	c.drawPanes(cv)
	cv.put(l.status, []string{c.statusLine(l.status.Dx())})
	c.kernel.draw(c, cv, l.talk.Union(l.wait))
	c.popup.draw(c, cv, l.compose, cursor)
	if at, open := c.dialogs.draw(c, cv); open {
		cursor = at
	} else if c.book.current == nil || c.selected() != nil || c.link.reading {
		cursor = nil
	}
	return inside(cursor, b)
}

// inside drops a cursor that lies outside of the screen, as it may on a tiny one.
func inside(cursor *tea.Cursor, b uv.Rectangle) *tea.Cursor {
	if cursor == nil || !uv.Pos(cursor.X, cursor.Y).In(b) {
		return nil
	}
	return cursor
}

// drawPanes draws the panes at the sides with their lines.
func (c *chat) drawPanes(cv canvas) {
	l := &c.lay
	line := c.st.Border.Render(c.st.Glyphs.Vertical)
	if !l.rooms.Empty() {
		rows := c.roomsPane.draw(c.env, c.book, l.rooms.Dx()-1, l.rooms.Dy())
		cv.put(l.rooms, fence(rows, l.rooms.Dx()-1, l.rooms.Dy(), "", line))
	}
	if !l.people.Empty() {
		rows := c.peoplePane.draw(c.env, c.book, c.link.online, l.people.Dx()-1, l.people.Dy())
		cv.put(l.people, fence(rows, l.people.Dx()-1, l.people.Dy(), line, ""))
	}
}

// fence pads rows to a full area with a line at one side.
func fence(rows []string, width, height int, left, right string) []string {
	out := make([]string, height)
	for y := range out {
		row := ""
		if y < len(rows) {
			row = rows[y]
		}
		out[y] = left + text.Pad(row, width) + right
	}
	return out
}

// header names the room: its title, its topic, how many are there.
func (c *chat) header(width int) []string {
	r, st := c.book.current, c.st
	title := st.Strong.Render(c.book.title(r))
	if c.lay.rooms.Empty() {
		if n := c.book.unread() - r.unread; n > 0 {
			title += " " + st.Badge.Render("+"+strconv.Itoa(n))
		}
	}
	right := ""
	switch {
	case c.link.reading:
		right = st.Warn.Render(c.say("header.saved"))
	case !c.link.online || !r.joined:
	default:
		others := len(r.company(c.me.ID))
		right = st.Muted.Render(c.words.Count("header.here", others+1))
		if others == 0 {
			right = st.Warn.Render(c.say("header.alone"))
		}
	}
	if r.info.Practice {
		title += " " + st.Faint.Render(c.say("header.practice"))
	}
	if r.info.Registered {
		title += " " + st.Faint.Render(c.say("rooms.registered"))
	}
	space := width - 4 - text.Width(title) - text.Width(right)
	topic := ""
	if space > 8 && r.topic != "" {
		topic = "  " + st.Muted.Render(text.Truncate(text.Line(r.topic), space-4))
	}
	row := "  " + title + topic
	row = text.Pad(row, max(0, width-2-text.Width(right))) + right
	return []string{text.Pad(row, width), " " + st.Border.Render(strings.Repeat(st.Glyphs.Horizontal, max(0, width-2)))}
}

// hint is the row above the composer: who types, what lies below, what can be done with what is selected.
func (c *chat) hint(width int) string {
	r, st := c.book.current, c.st
	if r == nil {
		return ""
	}
	if c.selected() != nil {
		return "  " + c.selectionHint(width-4)
	}
	left := ""
	if names := r.typers(c.me.ID, c.cfg.Clock()); len(names) > 0 {
		left = st.Muted.Render(c.typingWords(names))
	} else if n := r.talk.UnsentCount(); n > 0 {
		left = st.Warn.Render(c.words.Count("hint.unsent", n))
	}
	right := c.hintRight(r)
	left = text.Truncate(left, max(0, width-5-text.Width(right)))
	return "  " + text.Pad(left, max(0, width-4-text.Width(right))) + right
}

func (c *chat) placeholder() string {
	switch {
	case c.link.reading:
		return c.say("composer.reading")
	case c.book.current == nil:
		return c.say("composer.no_room")
	case c.closed():
		return c.say("composer.alone")
	case !c.link.online:
		return c.say("composer.offline")
	case c.aside.thread != nil:
		return c.say("thread.write")
	default:
		return c.say("composer.write", "room", c.book.title(c.book.current))
	}
}

// statusLine says how we are connected, the address to give away, and what helps.
func (c *chat) statusLine(width int) string {
	st := c.st
	left := " " + c.linkWords(false)
	help, rooms := c.keyFor("keys.help"), c.keyFor("keys.switch")
	right := st.Key.Render(help) + st.Bar.Render(" "+c.say("status.help")) + " "
	if rooms != "" {
		right += " " + st.Key.Render(rooms) + st.Bar.Render(" "+c.say("status.switch")) + " "
	}
	if c.flash.words != "" {
		style := st.BarStrong
		if c.flash.warn {
			style = st.Warn
		}
		return " " + style.Render(text.Truncate(text.Line(c.flash.words), width-2))
	}
	if width < text.Width(left)+text.Width(right)+2 {
		right = st.Key.Render(help) + " "
		left = " " + c.linkWords(width < text.Width(left)+text.Width(right)+2)
	}
	return text.Pad(left, max(0, width-text.Width(right))) + right
}

// linkWords says how we are connected, briefly without how the server runs and what it is called.
func (c *chat) linkWords(briefly bool) string {
	st, g := c.st, c.st.Glyphs
	switch {
	case c.link.reading:
		return st.Warn.Render(g.Offline) + " " + st.Bar.Render(c.say("status.reading"))
	case c.link.online:
		words := st.Good.Render(g.Here) + " " + st.BarStrong.Render(c.public)
		if briefly {
			return words + c.standing()
		}
		if c.mode != "" {
			words += st.Bar.Render(" " + g.Bullet + " " + c.mode)
		}
		if name := text.Line(c.server.Name); name != "" {
			words += st.Bar.Render(" " + g.Bullet + " " + name)
		}
		return words + c.standing()
	case c.link.ever && c.link.retry.After(c.cfg.Clock()):
		wait := int((c.link.retry.Sub(c.cfg.Clock()) + time.Second - 1) / time.Second)
		return st.Warn.Render(g.Reconnecting) + " " + st.Bar.Render(c.say("status.lost", "seconds", wait))
	default:
		return st.Warn.Render(g.Reconnecting) + " " + st.Bar.Render(c.say("status.connecting", "address", c.public))
	}
}
