// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"kchat/history"
	"kchat/rooms"
	"kchat/tui/talk"
)

// search looks for words in what is kept, as one types: of one room or of all. It stays when one goes to a hit, so that
// the next one is a key away.
type search struct {
	typed  field
	room   *room // searched alone; nil: all
	query  history.Query
	err    error                       // of the query, or of reading
	refs   []history.Ref               // all hits that have come
	held   map[history.Ref]history.Hit // those near the chosen one, as they read
	turn   int                         // counts queries whose hits came
	done   bool                        // all of them have come
	others int                         // hits in other rooms, counted to othersMost
	at     int                         // the chosen one
	first  int                         // on the screen
	shown  int
	offers offers

	run     *searchRun  // that is under way
	reading bool        // hits are being read
	going   bool        // to the chosen hit, as soon as it has been read
	again   bool        // something else is to be looked for when the run has ended
	stale   bool        // the hits are those of what was typed before
	entered bool        // go to the first hit of what is typed, as soon as it comes
	origin  whereabouts // where one was before
	gone    bool        // to a hit
	marked  *talk.Message
}

// whereabouts is where one reads.
type whereabouts struct {
	room *room
	at   rooms.Position // of the message at the upper edge of the screen; zero: the end
	id   rooms.MessageID
}

// here is where one reads now.
func (c *chat) here() whereabouts {
	r := c.book.current
	if r == nil || r.talk.Following() {
		return whereabouts{room: r}
	}
	for _, item := range r.talk.Visible() {
		if m, ok := item.(*talk.Message); ok && !m.Place().IsZero() {
			return whereabouts{r, m.Place(), m.ID}
		}
	}
	return whereabouts{room: r}
}

// goBack goes to where one was.
func (c *chat) goBack(p whereabouts) tea.Cmd {
	_ = c.endSelection()
	if p.room == nil || c.book.find(p.room.name) != p.room {
		return nil
	}
	if p.at.IsZero() {
		left := c.closeThread()
		shown := c.show(p.room)
		return tea.Batch(left, shown, c.toNewest())
	}
	return c.goAnd(p.room.name, p.at, p.id, func(c *chat, r *room, m *talk.Message) tea.Cmd {
		r.talk.Select(nil)
		r.talk.ToTop(m)
		return c.pictures()
	})
}

func (c *chat) searchRoom() tea.Cmd { return c.openSearch(c.book.current, "") }
func (c *chat) searchAll() tea.Cmd  { return c.openSearch(nil, "") }

// commandSearch is /search WORDS.
func (c *chat) commandSearch(words string) tea.Cmd { return c.openSearch(nil, words) }

// openSearch opens the panel, with what was looked for last time where nothing else is said.
func (c *chat) openSearch(r *room, words string) tea.Cmd {
	if c.session.Archive == nil {
		return c.warn(c.say("history.none"))
	}
	s := c.search
	if s == nil || !s.gone {
		s = &search{typed: newField("", false), origin: c.here()}
	}
	c.search = s
	s.typed.focus()
	s.offers = offers{}
	c.dialogs.push(s)
	if words != "" {
		s.typed.set(words)
	} else {
		s.typed.offer(s.typed.value())
	}
	if words == "" && s.room == r {
		return nil
	}
	s.room = r
	return s.look(c)
}

// look begins to look for what is typed; what was being looked for is given up.
func (s *search) look(c *chat) tea.Cmd {
	s.offers, s.stale = c.offersFor(s.typed.before()), true
	if s.run != nil {
		s.run.cancel()
		s.again = true
		return nil
	}
	s.again = false
	q, err := history.ParseQuery(s.typed.value(), c.cfg.Clock().In(c.cfg.Zone))
	s.query, s.err = q, err
	if err != nil || strings.TrimSpace(s.typed.value()) == "" {
		s.forget()
		return nil
	}
	switch {
	case s.room != nil:
		q.Rooms = []history.Key{{Community: c.community(s.room), Room: s.room.name}}
	case !c.link.reading:
		q.Community = c.server.Community
	}
	ctx, cancel := context.WithCancel(context.Background())
	run := &searchRun{of: s, query: q, archive: c.session.Archive, cancel: cancel}
	if s.room != nil {
		wide := q
		wide.Rooms, wide.Community = nil, q.Rooms[0].Community
		run.wide = &wide
	}
	s.run, s.done = run, false
	send := c.send
	c.own(func(program context.Context) {
		defer cancel()
		defer context.AfterFunc(program, cancel)()
		run.do(ctx, send)
	})
	return nil
}

// forget lets all hits go.
func (s *search) forget() {
	s.turn++
	s.stale = false
	s.refs, s.held, s.done, s.others, s.going, s.at, s.first = nil, map[history.Ref]history.Hit{}, false, 0, false, 0, 0
}

// found takes hits that have come.
func (s *search) found(c *chat, msg hitsMsg) tea.Cmd {
	if msg.from != s.run {
		return nil
	}
	if msg.first && !s.again {
		s.forget()
	}
	if !s.again {
		s.refs = append(s.refs, msg.refs...)
		s.hold(msg.refs[:msg.read], msg.hits)
	}
	if msg.all && !s.again {
		s.err, s.done, s.others = msg.err, true, msg.others
	}
	var gone tea.Cmd
	if s.entered && !s.stale && (len(s.refs) > 0 || s.done) {
		gone = s.enter(c)
	}
	if !msg.end {
		return gone
	}
	s.run = nil
	if s.again {
		return s.look(c)
	}
	return gone
}

// enter goes to the first hit that came after Enter was pressed, if there is one.
func (s *search) enter(c *chat) tea.Cmd {
	s.entered = false
	if len(s.refs) == 0 {
		return nil
	}
	c.dialogs.remove(s)
	return s.goTo(c)
}

func (s *search) paste(c *chat, msg tea.PasteMsg) tea.Cmd {
	s.entered = false
	s.typed.update(msg)
	return s.look(c)
}

func (s *search) key(c *chat, msg tea.KeyPressMsg) (bool, tea.Cmd) {
	s.entered = false
	switch msg.String() {
	case "esc", "ctrl+c":
		return true, s.close(c)
	case "up", "ctrl+p":
		s.move(-1)
	case "down", "ctrl+n":
		s.move(1)
	case "pgup":
		s.move(-max(1, s.shown-1))
	case "pgdown":
		s.move(max(1, s.shown-1))
	case "ctrl+home":
		s.at = 0
	case "ctrl+end":
		s.move(len(s.refs))
	case "tab", "shift+tab":
		return false, s.complete(c, msg.String() == "tab")
	case "ctrl+f":
		return false, s.within(c, c.book.current)
	case "ctrl+g":
		return false, s.within(c, nil)
	case "enter":
		if s.stale {
			s.entered = true
			return false, nil
		}
		if s.at < len(s.refs) {
			return true, s.goTo(c)
		}
	default:
		was := s.typed.value()
		s.typed.update(msg)
		if s.typed.value() != was {
			return false, s.look(c)
		}
	}
	return false, nil
}

// within searches one room, or with nil all.
func (s *search) within(c *chat, r *room) tea.Cmd {
	if s.room == r {
		return nil
	}
	s.room = r
	return s.look(c)
}

func (s *search) move(by int) { s.at = max(0, min(s.at+by, len(s.refs)-1)) }

// close ends the search. If one went to a hit, that is where one stays.
func (s *search) close(c *chat) tea.Cmd {
	if s.run != nil {
		s.run.cancel()
	}
	if !s.gone && c.search == s {
		c.search = nil
	}
	return nil
}

// goTo goes to the chosen hit, once it has been read.
func (s *search) goTo(c *chat) tea.Cmd {
	s.gone = true
	h, read := s.hit(s.at)
	if s.going = !read && len(s.refs) > 0; !read {
		return nil // hitsDue reads it
	}
	m, terms := h.Message, s.query.Terms
	if s.marked != nil {
		s.marked.SetFound(nil)
	}
	return tea.Batch(c.goAnd(m.Room, m.Pos, m.ID, func(c *chat, _ *room, m *talk.Message) tea.Cmd {
		if c.search == s && s.gone {
			m.SetFound(terms)
			s.marked = m
		}
		return nil
	}), c.tell(c.say("search.at", "n", grouped(s.at+1), "of", s.count())))
}

// atHit reports whether one is at a hit, so that there is a next one and a way back.
func atHit(c *chat, _ *talk.Message) bool { return c.search != nil && c.search.gone }

// nextHit goes to an older hit, or with a negative step to a newer one.
func (c *chat) nextHit(step int) tea.Cmd {
	s := c.search
	if at := s.at + step; at >= 0 && at < len(s.refs) {
		s.at = at
		return s.goTo(c)
	}
	if step > 0 {
		return c.tell(c.say("search.oldest"))
	}
	return c.tell(c.say("search.newest"))
}

// leaveSearch goes back to where one was before it.
func (c *chat) leaveSearch() tea.Cmd {
	s, left := c.search, c.book.current
	c.search = nil
	if s.run != nil {
		s.run.cancel()
	}
	if s.marked != nil {
		s.marked.SetFound(nil)
	}
	cmd := c.goBack(s.origin)
	if left != nil && left.visit && left != c.book.current {
		c.book.drop(left)
	}
	return cmd
}
