// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"kchat/rooms"
	"kchat/tui/styles"
	"kchat/tui/text"
)

// switcher goes to a room or a person by a few letters of the name, and joins a room that is not open. While nothing is
// typed the rooms that were in front last stand first, so that it leads back where one came from.
type switcher struct {
	typed  field
	places []place // that fit, best first
	at     int
	first  int // row of places that is shown first
	shown  int // how many were at the last draw
	online map[rooms.AccountID]rooms.Person
}

// place is somewhere the switcher can go: an open room, a person, or a room of the server. The first that is set counts.
type place struct {
	room   *room
	person rooms.Person
	join   string // name of the room
	people int    // in a room that is not open
	title  string
	match  fuzzyMatch
}

func (c *chat) openSwitcher() tea.Cmd {
	s := &switcher{typed: newField("", false), online: make(map[rooms.AccountID]rooms.Person)}
	s.typed.focus()
	s.search(c)
	c.dialogs.push(s)
	if !c.link.online {
		return nil
	}
	client := c.session.Client
	return c.ask(func(ctx context.Context) func(*chat) tea.Cmd {
		people, err := client.People(ctx)
		infos, failed := client.Rooms(ctx)
		return func(c *chat) tea.Cmd {
			if err == nil {
				for _, p := range people {
					c.book.meet(p)
					s.online[p.ID] = p
				}
			}
			if failed == nil {
				c.rooms.infos = infos
			}
			s.search(c)
			return nil
		}
	})
}

// search finds the places that fit what is typed. The one that was chosen stays chosen.
func (s *switcher) search(c *chat) {
	var chosen string
	if s.at < len(s.places) {
		chosen = s.places[s.at].title
	}
	typed := strings.TrimSpace(s.typed.value())
	kind := ""
	if strings.HasPrefix(typed, "#") || strings.HasPrefix(typed, "@") {
		kind, typed = typed[:1], strings.TrimSpace(typed[1:])
	}
	s.places = s.places[:0]
	exact := false
	for _, p := range s.all(c, typed) {
		if kind != "" && !strings.HasPrefix(p.title, kind) {
			continue
		}
		m, fits := fuzzy(typed, p.title[1:])
		if !fits {
			continue
		}
		p.match = m
		exact = exact || strings.EqualFold(p.title, "#"+typed)
		s.places = append(s.places, p)
	}
	slices.SortStableFunc(s.places, func(x, y place) int { return s.compare(c, x, y) })
	if name := roomName(typed); name != "" && !exact && kind != "@" && c.link.online {
		s.places = append(s.places, place{join: name, title: "#" + text.Name(name), people: -1})
	}
	s.at = max(0, slices.IndexFunc(s.places, func(p place) bool { return p.title == chosen }))
}

// all are the open rooms, the people who have been seen, and, as soon as something is typed, the server's rooms. Titles
// begin with what they are: # a room, @ a person.
func (s *switcher) all(c *chat, typed string) []place {
	var out []place
	seen := make(map[rooms.AccountID]bool)
	for _, r := range c.book.rooms {
		title := c.book.title(r)
		if peer, direct := r.peer(c.me.ID); direct {
			seen[peer] = true
			title = "@" + title
		}
		out = append(out, place{room: r, title: title})
	}
	if c.link.reading {
		return out
	}
	for id, name := range c.book.names {
		if id != c.me.ID && !seen[id] {
			out = append(out, place{person: rooms.Person{ID: id, Name: name}, title: "@" + text.Name(name)})
		}
	}
	for _, info := range c.rooms.infos {
		if typed != "" && c.book.find(info.Name) == nil {
			out = append(out, place{join: info.Name, title: "#" + text.Name(info.Name), people: info.People})
		}
	}
	return out
}

// compare orders places: by how well they fit; of those that fit as well the rooms where somebody means us, the rooms
// that were in front last, favourites, who is here, and at last by name. The room in front is where one is already.
func (s *switcher) compare(c *chat, x, y place) int {
	rank := func(p place) (mentions, shown, favourite, here int) {
		switch {
		case p.room != nil && p.room == c.book.current:
			return 0, -1, 0, 0
		case p.room != nil:
			if p.room.wants.favourite {
				favourite = 1
			}
			return p.room.mentions, p.room.shown, favourite, 1
		case s.online[p.person.ID].State.Here():
			return 0, 0, 0, 1
		}
		return 0, 0, 0, 0
	}
	xm, xs, xf, xh := rank(x)
	ym, ys, yf, yh := rank(y)
	return cmp.Or(
		cmp.Compare(y.match.score, x.match.score), cmp.Compare(ym, xm), cmp.Compare(ys, xs), cmp.Compare(yf, xf),
		cmp.Compare(yh, xh), cmp.Compare(strings.ToLower(x.title), strings.ToLower(y.title)),
	)
}

func (s *switcher) paste(c *chat, msg tea.PasteMsg) tea.Cmd {
	s.typed.update(msg)
	s.search(c)
	s.at, s.first = 0, 0
	return nil
}

func (s *switcher) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	switch msg.String() {
	case "esc", "ctrl+c", "ctrl+k":
		return true, nil
	case "up", "shift+tab", "ctrl+p":
		s.move(-1)
	case "down", "tab", "ctrl+n":
		s.move(1)
	case "pgup":
		s.move(-s.shown)
	case "pgdown":
		s.move(s.shown)
	case "ctrl+f":
		if s.at < len(s.places) && s.places[s.at].room != nil {
			return false, c.setFavourite(s.places[s.at].room, !s.places[s.at].room.wants.favourite)
		}
	case "enter":
		return true, s.follow(c)
	default:
		before := s.typed.value()
		if s.typed.update(msg); s.typed.value() != before {
			s.search(c)
			s.at, s.first = 0, 0
		}
	}
	return false, nil
}

func (s *switcher) move(by int) { s.at = max(0, min(s.at+by, len(s.places)-1)) }

// wheel implements wheeler.
func (s *switcher) wheel(_ *chat, rows int) tea.Cmd {
	s.move(cmp.Compare(rows, 0))
	return nil
}

// placesAt is the row of the box in which the first place stands.
const placesAt = 3

// click implements clicker: it goes to the place that is clicked.
func (s *switcher) click(c *chat, _, y int) (bool, tea.Cmd) {
	at := s.first + y - placesAt
	if y < placesAt || y >= placesAt+s.shown || at >= len(s.places) {
		return false, nil
	}
	s.at = at
	return true, s.follow(c)
}

// follow goes to the chosen place.
func (s *switcher) follow(c *chat) tea.Cmd {
	if s.at >= len(s.places) {
		return nil
	}
	switch p := s.places[s.at]; {
	case p.room != nil && c.book.find(p.room.name) == p.room:
		return c.show(p.room)
	case p.room != nil: // it was closed meanwhile
		return c.join(p.room.name, rooms.JoinOptions{})
	case p.person.ID != 0:
		return c.openDirect(p.person)
	default:
		return c.join(p.join, rooms.JoinOptions{})
	}
}

func (s *switcher) draw(c *chat, width, height int) (string, []string, *tea.Cursor) {
	st := c.st
	width = min(width, 52)
	row, x := s.typed.draw(st, width-2)
	rows := []string{"", st.Accent.Render(st.Glyphs.Prompt) + " " + row, ""}
	s.first, s.shown = window(s.first, s.at, len(s.places), height-placesAt-2)
	for i, p := range s.places[s.first : s.first+s.shown] {
		rows = append(rows, s.row(c, p, s.first+i == s.at, width))
	}
	rows = append(rows, "", st.Faint.Render(text.Truncate(c.say("switcher.keys"), width)))
	return c.say("switcher.title"), rows, tea.NewCursor(x+2, 1)
}

// window is which of n things stand in a list that has so much room, so that the chosen one is in sight and as little moves
// as can be.
func window(first, at, n, room int) (from, shown int) {
	shown = min(n, max(1, room))
	return max(0, min(max(first, at-shown+1), at, n-shown)), shown
}

func (s *switcher) row(c *chat, p place, chosen bool, width int) string {
	st := c.st
	mark, style := "  ", st.Muted
	if chosen {
		mark, style = st.SelectedMark.Render(st.Glyphs.Mark)+" ", st.Selected
	}
	if p.people < 0 {
		return mark + style.Render(text.Truncate(c.say("switcher.join", "room", p.title[1:]), width-2))
	}
	tail := ""
	switch {
	case p.room != nil:
		tail = roomBadge(st, p.room)
		if p.room.wants.favourite {
			tail = strings.TrimSpace(st.Faint.Render(st.Glyphs.Favourite) + " " + tail)
		}
	case p.person.ID != 0 && s.online[p.person.ID].State.Here():
		tail = st.Good.Render(st.Glyphs.Here)
	case p.join != "":
		tail = st.Faint.Render(c.words.Count("rooms.people", p.people))
	}
	title := found(style, st.Key, p.title, p.match.at)
	title = text.Truncate(title, width-3-text.Width(tail))
	return text.Pad(mark+title, width-text.Width(tail)) + tail
}

// found draws a title with the characters behind its sign that were found.
func found(style, as lipgloss.Style, title string, at []int) string {
	runes := []rune(title[1:])
	if len(runesOf(title[1:])) != len(runes) {
		at = nil // it has other characters in the form in which it was looked through
	}
	if strings.ContainsFunc(title, unicode.IsMark) {
		at = nil // a mark stays with its letter
	}
	var b strings.Builder
	b.WriteString(style.Render(title[:1]))
	for i, r := range runes {
		if slices.Contains(at, i) {
			b.WriteString(as.Render(string(r)))
		} else {
			b.WriteString(style.Render(string(r)))
		}
	}
	return b.String()
}

// badgeMost is the largest count that a badge shows.
const badgeMost = 99

// roomBadge is how much of a room is unread: how often we are meant, then how many others there are.
func roomBadge(st *styles.Styles, r *room) string {
	if r.unread == 0 {
		return ""
	}
	count := func(n int) string {
		if n > badgeMost {
			return strconv.Itoa(badgeMost) + "+"
		}
		return strconv.Itoa(n)
	}
	style := st.Badge
	if r.muted() {
		style = st.Faint
	}
	if r.mentions == 0 {
		return style.Render(count(r.unread))
	}
	badge := st.Mention.Render("@" + count(r.mentions))
	if rest := r.unread - r.mentions; rest > 0 {
		badge = style.Render(count(rest)) + " " + badge
	}
	return badge
}
