// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"time"

	"kchat/rooms"
	"kchat/tui/text"
)

// visibility is whether a pane at the side is shown: as the width allows, or as the user wants.
type visibility struct {
	asked bool // the user has decided
	on    bool
	shown bool // at the last layout
}

func (v *visibility) toggle() { v.asked, v.on = true, !v.shown }

// decide returns whether the pane is shown, given that there is room for it.
func (v *visibility) decide(room bool) bool {
	v.shown = room
	if v.asked {
		v.shown = v.on
	}
	return v.shown
}

// roomsPane lists the open rooms.
type roomsPane struct {
	visibility
	rows []*room // by row of the last draw; nil where there is no room
	pan  panning
}

// panning is how far the wheel has moved a pane from where it would be.
type panning struct {
	of   *room // as long as this is in front
	rows int
}

// from is the first of n rows to be shown in a pane so high, which would be first otherwise.
func (p *panning) from(current *room, first, n, height int) int {
	if p.of != current {
		*p = panning{of: current}
	}
	at := max(0, min(first+p.rows, n-height))
	p.rows = at - first
	return at
}

func (p *roomsPane) scroll(rows int) { p.pan.rows += rows }

// draw returns the rows of the pane.
func (p *roomsPane) draw(e *env, b *book, width, height int) []string {
	st := e.st
	out := []string{" " + st.Brand.Render("kchat"), ""}
	p.rows = make([]*room, len(out))
	add := func(row string, r *room) {
		out = append(out, row)
		p.rows = append(p.rows, r)
	}
	titles := [...]string{favourites: "rooms.favourites", ordinary: "rooms.title", directs: "rooms.direct"}
	for i, r := range b.rooms {
		if i == 0 || b.rooms[i-1].section() != r.section() {
			if i > 0 {
				add("", nil)
			}
			add(" "+st.Title.Render(e.say(titles[r.section()])), nil)
		}
		add(p.row(e, b, r, width), r)
	}
	if len(b.rooms) == 0 {
		add(" "+st.Title.Render(e.say("rooms.title")), nil)
	}
	if over := len(out) - height; over > 0 {
		// The current room stays in sight.
		at := 0
		for i, r := range p.rows {
			if r == b.current {
				at = i
			}
		}
		cut := p.pan.from(b.current, min(over, max(0, at-height/2)), len(out), height)
		out, p.rows = out[cut:], p.rows[cut:]
	}
	return out
}

func (p *roomsPane) row(e *env, b *book, r *room, width int) string {
	st := e.st
	mark, title, badge := " ", b.title(r), roomBadge(st, r)
	if peer, ok := r.peer(b.me); ok {
		mark2 := st.Faint.Render(st.Glyphs.Offline)
		if p, ok := r.people[peer]; ok && p.State.Here() {
			mark2 = st.Good.Render(st.Glyphs.Here)
			if p.State == rooms.Away {
				mark2 = st.Warn.Render(st.Glyphs.Away)
			}
		}
		title = mark2 + " " + title
	}
	title = text.Truncate(title, width-4-text.Width(badge))
	switch {
	case r == b.current:
		mark, title = st.SelectedMark.Render(st.Glyphs.Mark), st.Selected.Render(title)
	case r.muted():
		title = st.Faint.Render(title)
	case r.unread > 0:
		title = st.Strong.Render(title)
	case !r.joined:
		title = st.Faint.Render(title)
	default:
		title = st.Muted.Render(title)
	}
	return mark + text.Pad(title, width-3-text.Width(badge)) + " " + badge
}

// at returns the room in row y of the last draw.
func (p *roomsPane) at(y int) *room {
	if y < 0 || y >= len(p.rows) {
		return nil
	}
	return p.rows[y]
}

// flash is a word in passing, on the status line.
type flash struct {
	words string
	warn  bool
	until time.Time
}

const flashFor = 5 * time.Second
