// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"kchat/tui/text"
)

// The mouse does what lies under it: the wheel scrolls it, a click chooses it, and the lines between the panes can be
// dragged. Whatever shows a key does on a click what the key does.

const (
	wheelRows = 3  // that one step of the wheel scrolls
	sideLeast = 12 // columns of a pane at the side
)

// border is a line between two panes.
type border uint8

const (
	noBorder border = iota
	roomsBorder
	peopleBorder
)

// sides are how wide the panes at the sides were made; 0: as the screen allows.
type sides struct {
	rooms, people int
	dragged       border
}

// mouse gives what the mouse does to what lies under it.
func (c *chat) mouse(msg tea.MouseMsg) tea.Cmd {
	if c.viewer != nil {
		return c.viewerMouse(msg)
	}
	m := msg.Mouse()
	at := uv.Pos(m.X, m.Y)
	if c.videos.full != nil && !c.dialogs.open() {
		if _, click := msg.(tea.MouseClickMsg); click && m.Button == tea.MouseLeft {
			return c.playPause()
		}
		return nil
	}
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		rows := wheelRows
		if msg.Button == tea.MouseWheelUp {
			rows = -wheelRows
		}
		return c.wheel(at, rows)
	case tea.MouseMotionMsg:
		return c.drag(m.X)
	case tea.MouseReleaseMsg:
		c.sides.dragged = noBorder
	case tea.MouseClickMsg:
		switch {
		case m.Button == tea.MouseRight && !c.dialogs.open():
			return c.menuAt(at)
		case m.Button == tea.MouseLeft:
			return c.click(at)
		}
	}
	return nil
}

// wheel scrolls what lies under the mouse.
func (c *chat) wheel(at uv.Position, rows int) tea.Cmd {
	l := &c.lay
	switch {
	case c.dialogs.open():
		return tea.Batch(c.dialogs.scroll(c, rows), c.thumbs())
	case len(c.popup.all) > 0 && at.In(c.popup.area):
		c.popup.move(sign(rows))
	case at.In(l.rooms):
		c.roomsPane.scroll(rows)
	case at.In(l.people):
		c.peoplePane.scroll(rows)
	case c.aside.thread != nil && at.In(l.talk) && !at.In(l.thread):
		return c.scrollTalk(rows)
	default:
		return c.scroll(rows)
	}
	return nil
}

// click does what lies under the mouse.
func (c *chat) click(at uv.Position) tea.Cmd {
	if c.dialogs.open() {
		return c.dialogs.click(c, at)
	}
	if cmd, was := c.popup.click(c, at); was {
		return cmd
	}
	l := &c.lay
	switch {
	case c.borderAt(at) != noBorder:
		c.sides.dragged = c.borderAt(at)
	case at.In(l.rooms):
		return c.show(c.roomsPane.at(at.Y - l.rooms.Min.Y))
	case at.In(l.people):
		return c.openPerson(c.peoplePane.at(at.Y - l.people.Min.Y))
	case at.In(l.aside):
		cmd, _ := c.escape()
		return cmd
	case (at.In(l.talk) || at.In(l.thread)) && c.book.current != nil:
		if url := c.linkAt(at); url != "" {
			return tea.Batch(tea.SetClipboard(url), c.tell(c.say("talk.link_copied", "link", text.Line(url))))
		}
		return c.clickTalk(at)
	case at.In(l.hint):
		if c.selected() != nil {
			return c.clickKey(c.hint(l.hint.Dx()), at.X-l.hint.Min.X)
		}
		return c.followHint()
	case at.In(l.status):
		return c.clickKey(c.statusLine(l.status.Dx()), at.X)
	case at.In(l.wait):
		rows := c.waiting.draw(c, l.wait.Dx(), l.wait.Dy())
		if y := at.Y - l.wait.Min.Y; y < len(rows) {
			return c.clickKey(rows[y], at.X-l.wait.Min.X)
		}
	}
	return nil
}

// clickKey does what the key does that is shown in a column of a row, with the words behind it.
func (c *chat) clickKey(row string, x int) tea.Cmd {
	part := partAt(ansi.Strip(row), x)
	for _, b := range c.selecting {
		if m := c.selected(); m != nil && shows(part, b) && (b.fits == nil || b.fits(c, m)) {
			return b.do(c)
		}
	}
	for _, b := range c.keys {
		if b.do != nil && shows(part, b) {
			return b.do(c)
		}
	}
	return nil
}

// shows reports whether words begin with the key of a binding.
func shows(part string, b binding) bool {
	rest, ok := strings.CutPrefix(part, b.keys.Help().Key)
	return ok && rest != part && (rest == "" || rest[0] == ' ')
}

// partAt is what stands in a column of a row, between gaps of two spaces or more and lines.
func partAt(row string, x int) string {
	column := 0
	for part := range strings.SplitSeq(row, "  ") {
		from := column
		column += text.Width(part)
		if x >= from && x < column {
			return strings.Trim(part, " │|")
		}
		column += 2
	}
	return ""
}

// borderAt is the line between panes in a cell.
func (c *chat) borderAt(at uv.Position) border {
	l := &c.lay
	switch {
	case !l.overRooms && at.In(l.rooms) && at.X == l.rooms.Max.X-1:
		return roomsBorder
	case !l.overPeople && at.In(l.people) && at.X == l.people.Min.X:
		return peopleBorder
	}
	return noBorder
}

// drag moves the line that is held to a column.
func (c *chat) drag(x int) tea.Cmd {
	switch c.sides.dragged {
	case roomsBorder:
		c.sides.rooms = x + 1
	case peopleBorder:
		c.sides.people = c.lay.width - x
	default:
		return nil
	}
	c.fit(c.lay.width, c.lay.height)
	return c.pictures()
}

// side is how wide a pane is that was made so wide, or else as wide as usual. The talk keeps a third of the screen.
func side(made, usual, width int) int {
	if made == 0 {
		return min(usual, width)
	}
	return min(max(made, sideLeast), max(sideLeast, width/3))
}

// linkAt is where the link leads that is shown in a cell of the talk, or nothing.
func (c *chat) linkAt(at uv.Position) string {
	list, area := &c.book.current.talk.List, c.lay.talk
	top := 0
	if c.aside.thread != nil && at.In(c.lay.thread) {
		list, area, top = &c.aside.thread.List, c.lay.thread, 1
	}
	rows := list.Draw()
	y := at.Y - area.Min.Y - top
	if y < 0 || y >= len(rows) || !strings.Contains(rows[y], "\x1b]8;") {
		return ""
	}
	line := newCanvas(area.Dx(), 1)
	line.put(line.Bounds(), rows[y:y+1])
	if cell := line.CellAt(at.X-area.Min.X, 0); cell != nil {
		return cell.Link.URL
	}
	return ""
}
